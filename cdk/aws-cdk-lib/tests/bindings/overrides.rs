//! Classes whose members are overridden in Rust.

use std::path::Path;

use aws_cdk_lib::aws_lambda::{Code, Function, Runtime};
use aws_cdk_lib::aws_s3::Bucket;
use aws_cdk_lib::{
    App, CallbackResult, CfnElement, Duration, FileAssetLocation, Result, Stack, StackOverrides, StackSynthesizer,
    StackSynthesizerOverrides,
};
use serde_json::Value;

/// The document `name` that the synthesis has written.
fn written(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// The logical ids in the template of a stack with one bucket, whose logical ids are allocated by `allocate`.
fn logical_ids(
    allocate: impl Fn(&Stack, CfnElement) -> CallbackResult<String> + 'static,
) -> (App, Result<Vec<String>>) {
    let (folder, app, _stack) = super::stack();
    let stack = StackOverrides::new().allocate_logical_id(allocate).builder(&app, "data").build().unwrap();
    Bucket::new(&stack, "Bucket").unwrap();
    let ids = app.synth().map(|_| {
        let template = written(folder.path(), "data.template.json");
        template["Resources"].as_object().unwrap().keys().cloned().collect()
    });
    (app, ids)
}

#[test]
fn a_protected_method_of_a_class_is_overridden() {
    let (_app, ids) = logical_ids(|stack, element| Ok(format!("{}{}", stack.stack_name()?, element.node()?.id()?)));
    assert_eq!(ids.unwrap(), ["dataResource"]);
}

#[test]
fn an_override_calls_the_member_of_the_base_class() {
    let (_app, ids) = logical_ids(|stack, element| Ok(format!("My{}", stack.allocate_logical_id(&element)?)));
    assert_eq!(ids.unwrap(), ["MyBucket83908E77"]);
}

#[test]
fn an_error_or_a_panic_of_an_override_is_one_of_the_call_that_led_to_it_and_the_kernel_goes_on() {
    fn check(allocate: impl Fn(&Stack, CfnElement) -> CallbackResult<String> + 'static, message: &str) {
        let (app, ids) = logical_ids(allocate);
        let error = ids.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(app.node().unwrap().path().unwrap(), "");
    }
    check(|_, _| Err("the list of ids is not readable".into()), "the list of ids is not readable");
    check(|_, element| panic!("no id for {}", element.node().unwrap().id().unwrap()), "panicked: no id for Resource");
    check(|_, _| Ok(Duration::days(-1)?.to_iso_string()?), "Duration amounts cannot be negative");
}

#[test]
fn a_property_of_a_class_is_overridden() {
    let (folder, app, _stack) = super::stack();
    StackOverrides::new()
        .template_file(|stack| Ok(format!("of-rust.{}", stack.template_file()?)))
        .create(&app, "data")
        .unwrap();
    app.synth().unwrap();
    assert!(folder.path().join("of-rust.data.template.json").is_file());
}

#[test]
fn a_property_that_is_overridden_in_one_direction_is_the_one_of_the_base_class_in_the_other() {
    let (folder, app, _stack) = super::stack();
    let overrides = StackOverrides::new().set_termination_protection(|_, _| Err("nothing writes it".into()));
    let stack = overrides.builder(&app, "data").termination_protection(true).build().unwrap();
    app.synth().unwrap();
    assert_eq!(
        written(folder.path(), "manifest.json")["artifacts"]["data"]["properties"]["terminationProtection"],
        true
    );
    stack.set_termination_protection(false).unwrap();
    assert!(!stack.termination_protection().unwrap());
}

/// A synthesizer whose assets are in the bucket `assets`.
fn synthesizer() -> Result<StackSynthesizer> {
    StackSynthesizerOverrides::new()
        .add_file_asset(|_, asset| {
            let key = format!("of-rust/{}", asset.get_source_hash()?);
            Ok(FileAssetLocation::new("assets", format!("https://assets/{key}"), key, "s3://assets"))
        })
        .synthesize(|synthesizer, session| {
            synthesizer.synthesize_template(&session)?;
            Ok(synthesizer.emit_artifact(&session)?)
        })
        .create()
}

#[test]
fn an_abstract_class_is_implemented_in_rust() {
    let (folder, app, _stack) = super::stack();
    let stack = Stack::builder(&app, "data").synthesizer(synthesizer()).build().unwrap();
    Bucket::new(&stack, "Bucket").unwrap();
    app.synth().unwrap();
    let artifacts = written(folder.path(), "manifest.json")["artifacts"].clone();
    assert_eq!(artifacts["data"]["properties"]["templateFile"], "data.template.json");
    assert!(artifacts.get("stack.assets").is_some() && artifacts.get("data.assets").is_none(), "{artifacts}");
}

#[test]
fn structures_are_arguments_and_results_of_an_override() {
    let (folder, app, _stack) = super::stack();
    let stack = Stack::builder(&app, "data").synthesizer(synthesizer()).build().unwrap();
    let handler = tempfile::tempdir().unwrap();
    std::fs::write(handler.path().join("index.js"), "exports.handler = () => {};").unwrap();
    let code = Code::from_asset(handler.path().to_str().unwrap());
    Function::builder(&stack, "Function", code, "index.handler", Runtime::nodejs_22_x()).build().unwrap();
    app.synth().unwrap();
    let template = written(folder.path(), "data.template.json");
    let function = template["Resources"].as_object().unwrap().values().find(|it| it["Type"] == "AWS::Lambda::Function");
    let code = &function.unwrap()["Properties"]["Code"];
    assert_eq!(code["S3Bucket"], "assets");
    assert!(code["S3Key"].as_str().unwrap().starts_with("of-rust/"), "{code}");
}

#[test]
fn other_objects_of_the_class_keep_its_members() {
    let (_folder, app, stack) = super::stack();
    StackOverrides::new().allocate_logical_id(|_, _| Ok("Mine".to_owned())).create(&app, "data").unwrap();
    let bucket = Bucket::new(&stack, "Bucket").unwrap();
    let resource = bucket.node().unwrap().default_child().unwrap().unwrap().cast::<CfnElement>().unwrap();
    assert_eq!(stack.get_logical_id(&resource).unwrap(), "Bucket83908E77");
}
