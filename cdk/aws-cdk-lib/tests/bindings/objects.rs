//! Objects: upcasts and downcasts, results, and kernels.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::{iter, thread};

use aws_cdk_lib::aws_ecs::AppProtocol;
use aws_cdk_lib::aws_iam::{IPrincipal, PolicyStatement, PolicyStatementProps};
use aws_cdk_lib::aws_s3::{Bucket, CfnBucket, CfnBucketPolicy, IBucket};
use aws_cdk_lib::constructs::IConstruct;
use aws_cdk_lib::{CfnResource, Duration, Environment, Handle, Object, Stack, StackOrCfnResource, Stage, StageProps};
use flate2::read::GzDecoder;
use jsii_runtime::FromJs;
use serde_json::{Value, json};

#[test]
fn the_same_object_keeps_its_reference() {
    let (_folder, app, stack) = super::stack();
    let found = app.node().unwrap().find_child("stack").unwrap();
    assert_eq!(**found, **IConstruct::from(&stack));
    assert_eq!(found.cast::<Stack>().unwrap().stack_name().unwrap(), "stack");
}

#[test]
fn handles_of_one_object_are_equal_whatever_their_types_are() {
    let (_folder, app, stack) = super::stack();
    let found = app.node().unwrap().find_child("stack").unwrap();
    assert_eq!(found, stack);
    assert_ne!(found, app);
    let other = Stack::new(&app, "other").unwrap();
    assert_ne!(other, stack);
    let stacks = HashSet::from([found.cast().unwrap(), stack.clone(), other.clone(), stack]);
    assert_eq!(stacks.len(), 2);
    assert!(stacks.contains(&other));
}

#[test]
fn a_class_converts_to_its_interfaces_and_back() {
    let (_folder, _app, stack) = super::stack();
    let bucket = Bucket::new(&stack, "Bucket").unwrap();
    let interface = IBucket::from(&bucket);
    assert_eq!(interface.bucket_arn().unwrap(), bucket.bucket_arn().unwrap());
    // From a base class, `Resource`.
    assert_eq!(bucket.stack().unwrap().stack_name().unwrap(), "stack");
    assert!(interface.cast::<Bucket>().is_ok());
}

#[test]
fn a_downcast_to_another_class_is_rejected() {
    let (_folder, _app, stack) = super::stack();
    let bucket = Bucket::new(&stack, "Bucket").unwrap();
    let child = bucket.node().unwrap().default_child().unwrap().unwrap();
    assert!(child.cast::<CfnBucket>().is_ok());
    let error = child.cast::<CfnBucketPolicy>().map(drop).unwrap_err().to_string();
    assert!(error.starts_with("aws-cdk-lib.aws_s3.CfnBucket@"), "{error}");
    assert!(error.ends_with("is not an instance of aws-cdk-lib.aws_s3.CfnBucketPolicy"), "{error}");
}

/// The type `{fqn}` of an installed package's assembly.
fn assembly(package: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules").join(package);
    let file = GzDecoder::new(File::open(folder.join(".jsii.gz")).unwrap());
    serde_json::from_reader(BufReader::new(file)).unwrap()
}

#[test]
fn an_object_of_any_class_of_the_library_is_cast_to_its_base_class() {
    let assembly = assembly("aws-cdk-lib");
    let types = assembly["types"].as_object().unwrap();
    let base = |fqn: &str| types.get(fqn).and_then(|type_| type_["base"].as_str());
    let is_resource = |fqn: &str| iter::successors(Some(fqn), |fqn| base(fqn)).any(|fqn| fqn == CfnResource::FQN);
    let mut resources = 0;
    for class in types.keys().filter(|fqn| types[*fqn]["kind"] == "class") {
        let object = Object::from_js(json!({ "$jsii.byref": format!("{class}@10000") })).unwrap();
        assert_eq!(object.cast::<CfnResource>().is_ok(), is_resource(class), "{class}");
        resources += usize::from(is_resource(class));
    }
    // Each resource type of CloudFormation, and `CfnResource` itself.
    assert!(resources > 1_900, "{resources}");
}

#[test]
fn an_object_of_any_class_of_the_library_is_cast_to_two_interfaces_that_it_implements() {
    let assembly = assembly("aws-cdk-lib");
    let types = assembly["types"].as_object().unwrap();
    let direct = |fqn: &str| {
        let parts = types.get(fqn).map(|type_| (type_["base"].as_str(), type_["interfaces"].as_array()));
        let (base, interfaces) = parts.unwrap_or_default();
        base.into_iter().chain(interfaces.into_iter().flatten().filter_map(Value::as_str)).collect::<Vec<_>>()
    };
    let (mut buckets, mut principals) = (BTreeSet::new(), 0);
    for class in types.keys().filter(|fqn| types[*fqn]["kind"] == "class") {
        let (mut ancestors, mut next) = (BTreeSet::new(), vec![class.as_str()]);
        while let Some(fqn) = next.pop() {
            next.extend(direct(fqn));
            ancestors.insert(fqn);
        }
        let object = Object::from_js(json!({ "$jsii.byref": format!("{class}@10000") })).unwrap();
        assert_eq!(object.cast::<IBucket>().is_ok(), ancestors.contains(IBucket::FQN), "{class}");
        assert_eq!(object.cast::<IPrincipal>().is_ok(), ancestors.contains(IPrincipal::FQN), "{class}");
        if ancestors.contains(IBucket::FQN) {
            buckets.insert(class.as_str());
        }
        principals += usize::from(ancestors.contains(IPrincipal::FQN));
    }
    assert_eq!(buckets, BTreeSet::from(["aws-cdk-lib.aws_s3.Bucket", "aws-cdk-lib.aws_s3.BucketBase"]));
    assert!(principals > 10, "{principals}");
}

#[test]
fn a_returned_structure_is_read_field_by_field() {
    let (_folder, app, _stack) = super::stack();
    let environment = Environment::new().account("111111111111").region("eu-west-1");
    let stage = Stage::new_with_props(&app, "stage", StageProps::new().env(environment)).unwrap();
    let stack = Stack::new(&stage, "inner").unwrap();
    let environment = stack.env().unwrap();
    assert_eq!(environment.get_account().unwrap(), "111111111111");
    assert_eq!(environment.get_region().unwrap(), "eu-west-1");
}

#[test]
fn undefined_maps_lists_and_any_are_returned_as_rust_values() {
    let (_folder, _app, stack) = super::stack();
    assert_eq!(stack.nested_stack_parent().unwrap().map(drop), None);
    stack.node().unwrap().set_context("environments", serde_json::json!({ "folder": "cdk/environments" })).unwrap();
    let context = stack.node().unwrap().try_get_context("environments").unwrap();
    assert_eq!(context["folder"], "cdk/environments");
    let statement =
        PolicyStatement::new_with_props(PolicyStatementProps::new().actions(["s3:GetObject"]).resources(["a", "b"]));
    assert_eq!(statement.unwrap().resources().unwrap(), ["a", "b"]);
}

#[test]
fn a_result_of_several_classes_is_the_one_that_the_object_is_of() {
    let (_folder, _app, stack) = super::stack();
    let resource = |id: &str| {
        let child = Bucket::new(&stack, id).unwrap().node().unwrap().default_child().unwrap().unwrap();
        child.cast::<CfnResource>().unwrap()
    };
    let (first, second) = (resource("First"), resource("Second"));
    second.add_resource_dependency(&first).unwrap();
    let found = second.obtain_dependencies().unwrap();
    let [StackOrCfnResource::CfnResource(found)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*found, first);

    let read =
        |class: &str| StackOrCfnResource::from_js(json!({ "$jsii.byref": format!("aws-cdk-lib.{class}@10000") }));
    assert!(matches!(read("NestedStack"), Ok(StackOrCfnResource::Stack(_))));
    let error = read("App").unwrap_err().to_string();
    assert!(error.starts_with("expected StackOrCfnResource from JavaScript, found"), "{error}");
}

#[test]
fn a_property_can_be_written() {
    let (_folder, _app, stack) = super::stack();
    assert!(!stack.termination_protection().unwrap());
    stack.set_termination_protection(true).unwrap();
    assert!(stack.termination_protection().unwrap());
}

#[test]
fn a_property_of_a_class_itself_can_be_written() {
    assert_ne!(AppProtocol::http().unwrap(), AppProtocol::grpc().unwrap());
    AppProtocol::set_http(AppProtocol::grpc()).unwrap();
    assert_eq!(AppProtocol::http().unwrap(), AppProtocol::grpc().unwrap());
}

#[test]
fn each_thread_has_its_own_kernel() {
    let seconds = || Duration::minutes(5).unwrap().to_seconds().unwrap();
    let there = thread::spawn(seconds);
    assert!((seconds() - 300.0).abs() < f64::EPSILON);
    assert!((there.join().unwrap() - 300.0).abs() < f64::EPSILON);
}
