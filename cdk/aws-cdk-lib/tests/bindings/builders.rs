//! Builders, and arguments that are results, periods of Rust, or interfaces.

use std::time::Duration as Period;

use aws_cdk_lib::assertions::Template;
use aws_cdk_lib::aws_lambda::{Code, Function, Runtime};
use aws_cdk_lib::aws_s3::{Bucket, BucketEncryption, BucketPolicy, LifecycleRule};
use aws_cdk_lib::aws_sqs::Queue;
use aws_cdk_lib::constructs::IConstruct;
use aws_cdk_lib::{Duration, IntoJs, Result, Stack};
use serde_json::json;

/// Asserts that the stack has one resource of the type with these properties.
fn check(build: impl FnOnce(&Stack) -> Result<()>, type_: &str, properties: serde_json::Value) {
    let (_folder, _app, stack) = super::stack();
    build(&stack).unwrap();
    let template = Template::from_stack(&stack).unwrap();
    template.resource_properties_count_is(type_, properties, 1).unwrap();
}

fn check_rejected(build: impl FnOnce(&Stack) -> Result<()>, message: &str) {
    let (_folder, _app, stack) = super::stack();
    let error = build(&stack).unwrap_err().to_string();
    assert!(error.starts_with(message), "{error}");
}

#[test]
fn a_builder_sets_the_properties_of_the_structure() {
    let expiry = || LifecycleRule::new().prefix("old/").expiration(Duration::days(30));
    check(
        |stack| {
            Bucket::builder(stack, "Bucket")
                .versioned(true)
                .encryption(BucketEncryption::S3Managed)
                .lifecycle_rules([expiry()])
                .build()
                .map(drop)
        },
        "AWS::S3::Bucket",
        json!({
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": [{"Prefix": "old/", "ExpirationInDays": 30, "Status": "Enabled"}]},
        }),
    );
}

#[test]
fn required_properties_are_arguments_of_a_builder_after_the_id() {
    let code = || Code::from_inline("exports.handler = () => {}");
    check(
        |stack| {
            Function::builder(stack, "Function", code(), "index.handler", Runtime::nodejs_22_x())
                .memory_size(256)
                .build()
                .map(drop)
        },
        "AWS::Lambda::Function",
        json!({"Handler": "index.handler", "Runtime": "nodejs22.x", "MemorySize": 256}),
    );
}

#[test]
fn an_error_of_an_argument_comes_out_of_build_with_the_fields_that_lead_to_it() {
    check_rejected(
        |stack| {
            let rule = LifecycleRule::new().expiration(Duration::days(-1));
            Bucket::builder(stack, "Bucket").lifecycle_rules([rule]).build().map(drop)
        },
        "lifecycleRules: expiration: aws-cdk-lib.Duration.days(): DurationAmountsCannotNegative: Duration amounts cannot be negative",
    );
    check_rejected(
        |stack| {
            let bucket = Bucket::builder(stack, "Bucket").bucket_name("NO GOOD").build();
            BucketPolicy::builder(stack, "Policy", bucket).build().map(drop)
        },
        "bucket: new aws-cdk-lib.aws_s3.Bucket: ",
    );
}

#[test]
fn a_period_of_rust_is_one_duration_however_often_it_is_passed() {
    let passed = |period: Period| IntoJs::<Duration>::into_js(period).unwrap();
    assert_eq!(passed(Period::from_hours(1)), passed(Period::from_hours(1)));
    assert_ne!(passed(Period::from_hours(1)), passed(Period::from_millis(3_600_500)));
}

#[test]
fn a_period_of_rust_is_a_duration() {
    for (period, seconds) in [(Period::from_hours(1), 3_600), (Period::from_secs(30), 30)] {
        check(
            |stack| Queue::builder(stack, "Queue").visibility_timeout(period).build().map(drop),
            "AWS::SQS::Queue",
            json!({"VisibilityTimeout": seconds}),
        );
    }
    check_rejected(
        |stack| Queue::builder(stack, "Queue").visibility_timeout(Period::from_millis(1_500)).build().map(drop),
        "new aws-cdk-lib.aws_sqs.Queue: '1500 millis' cannot be converted into a whole number of seconds",
    );
}

#[test]
fn an_interface_of_constructs_is_accepted_as_a_scope() {
    check(
        |stack| {
            let scope: IConstruct = IConstruct::from(stack);
            let imported = Bucket::from_bucket_name(&scope, "Imported", "existing")?;
            Queue::new(&imported, "Queue").map(drop)
        },
        "AWS::SQS::Queue",
        json!({}),
    );
}
