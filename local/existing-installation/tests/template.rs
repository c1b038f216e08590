//! The template, as the CDK CLI would read it: that it has everything that the pipeline can be pointed at.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};

/// Synthesises with this context into `folder`.
fn synthesize(context: &Value, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_existing-installation"))
        .env("CDK_CONTEXT_JSON", context.to_string())
        .env("CDK_OUTDIR", folder)
        .output()
        .unwrap()
}

fn template() -> &'static Value {
    static TEMPLATE: LazyLock<Value> = LazyLock::new(read_template);
    &TEMPLATE
}

fn read_template() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let context = json!({"viewer-domain": "pictures.test", "origin": "origin.example.com"});
    let output = synthesize(&context, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(folder.path().join("legacy.template.json")).unwrap()).unwrap()
}

/// The properties of the resources of a kind.
fn all(kind: &str) -> Vec<&'static Value> {
    let resources = template()["Resources"].as_object().unwrap().values();
    resources.filter(|resource| resource["Type"] == kind).map(|resource| &resource["Properties"]).collect()
}

#[test]
fn the_table_has_other_attribute_names_and_a_stream_of_both_images() {
    let table = all("AWS::DynamoDB::Table")[0];
    let names = table["KeySchema"].as_array().unwrap().iter().map(|key| key["AttributeName"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["customer", "record"]);
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
}

#[test]
fn originals_are_versioned_and_variants_are_not() {
    let buckets = all("AWS::S3::Bucket");
    let versioning: Vec<_> = buckets.iter().map(|bucket| &bucket["VersioningConfiguration"]["Status"]).collect();
    assert_eq!(versioning, [&json!("Enabled"), &Value::Null]);
}

#[test]
fn the_distribution_has_the_tenants_host_and_no_cache_tags() {
    let distribution = &all("AWS::CloudFront::Distribution")[0]["DistributionConfig"];
    assert_eq!(distribution["Aliases"], json!(["shop.pictures.test"]));
    assert_eq!(distribution["Origins"][0]["DomainName"], "origin.example.com");
    assert_eq!(distribution["CacheTagConfig"], Value::Null);
}

#[test]
fn everything_that_an_environment_may_name_is_an_output() {
    let outputs: Vec<_> = template()["Outputs"].as_object().unwrap().keys().collect();
    let expected = [
        "ImagePackTableArn",
        "ImagePackStreamArn",
        "OriginalsBucket",
        "VariantsBucket",
        "HttpApiId",
        "HttpApiStage",
        "DistributionId",
        "ViewerHost",
    ];
    assert_eq!(outputs, expected);
    assert_eq!(all("AWS::ApiGatewayV2::Stage")[0]["StageName"], template()["Outputs"]["HttpApiStage"]["Value"]);
}

#[test]
fn a_context_that_is_missing_is_named_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let output = synthesize(&json!({"origin": "origin.example.com"}), folder.path());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("the context has no viewer-domain; example: cdk deploy --context"), "{message}");
}
