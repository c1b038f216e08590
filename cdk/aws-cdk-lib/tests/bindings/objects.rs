//! Objects: upcasts and downcasts, results, and kernels.

use std::thread;

use aws_cdk_lib::aws_iam::{PolicyStatement, PolicyStatementProps};
use aws_cdk_lib::aws_s3::{Bucket, CfnBucket, CfnBucketPolicy, IBucket};
use aws_cdk_lib::constructs::IConstruct;
use aws_cdk_lib::{Duration, Environment, Stack, Stage, StageProps};

#[test]
fn the_same_object_keeps_its_reference() {
    let (_folder, app, stack) = super::stack();
    let found = app.node().unwrap().find_child("stack").unwrap();
    assert_eq!(**found, **IConstruct::from(&stack));
    assert_eq!(found.cast::<Stack>().unwrap().stack_name().unwrap(), "stack");
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
fn a_property_can_be_written() {
    let (_folder, _app, stack) = super::stack();
    assert!(!stack.termination_protection().unwrap());
    stack.set_termination_protection(true).unwrap();
    assert!(stack.termination_protection().unwrap());
}

#[test]
fn each_thread_has_its_own_kernel() {
    let seconds = || Duration::minutes(5).unwrap().to_seconds().unwrap();
    let there = thread::spawn(seconds);
    assert!((seconds() - 300.0).abs() < f64::EPSILON);
    assert!((there.join().unwrap() - 300.0).abs() < f64::EPSILON);
}
