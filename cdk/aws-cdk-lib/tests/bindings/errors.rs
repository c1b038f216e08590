//! A JavaScript error is a Rust error with the same message.

use aws_cdk_lib::aws_lambda::{Code, Function, FunctionProps, Runtime};
use aws_cdk_lib::aws_s3::{Bucket, BucketProps, LifecycleRule};
use aws_cdk_lib::{Duration, Error, Result, Size, SizeConversionOptions, SizeRoundingBehavior, Stack, Unchecked};

fn check(call: impl FnOnce(&Stack) -> Result<()>, called: &str, message: &str) {
    let (_folder, _app, stack) = super::stack();
    let error = call(&stack).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("{called}: ")), "{text}");
    assert!(text.contains(message), "{text}");
    assert!(matches!(error, Error::Thrown { stack: Some(_), .. }), "{error:?}");
}

#[test]
fn an_error_has_the_line_of_the_call_in_rust() {
    let (_folder, _app, stack) = super::stack();
    let check = |error: Error, line: u32| {
        let expected = format!("\n    at {}:{line}:", file!());
        assert!(error.to_string().contains(&expected), "no {expected:?} in {error}");
    };
    check(Duration::parse("five minutes").unwrap_err(), line!());
    check(stack.node().unwrap().find_child("none").unwrap_err(), line!());
    check(Bucket::new_with_props(&stack, "B", BucketProps::new().bucket_name("NO")).unwrap_err(), line!());
    check(Bucket::builder(&stack, "C").bucket_name("NO").build().unwrap_err(), line!());
    check(stack.set_termination_protection(Unchecked::from(serde_json::json!([]))).unwrap_err(), line!());
}

#[test]
fn an_error_has_the_path_of_the_construct_that_it_concerns() {
    let (_folder, app, stack) = super::stack();
    let bucket = Bucket::new(&stack, "Bucket").unwrap();
    let check = |error: Error, expected: Option<&str>| {
        let line = format!("\n    in {}\n    at ", expected.unwrap_or_default());
        assert_eq!(error.to_string().contains(&line), expected.is_some(), "{error}");
        assert!(matches!(&error, Error::Thrown { construct, .. } if construct.as_deref() == expected), "{error:?}");
    };
    // A constructor's is the one that it would have made.
    check(Bucket::builder(&stack, "C").bucket_name("NO").build().unwrap_err(), Some("stack/C"));
    check(Bucket::builder(&bucket, "C").bucket_name("NO").build().unwrap_err(), Some("stack/Bucket/C"));
    check(Stack::new(&app, "1st").unwrap_err(), Some("1st"));
    // A static method's, too.
    check(Bucket::from_bucket_name(&stack, "D", "NO").unwrap_err(), Some("stack/D"));
    // A method's and a property's is their object's.
    let rule = LifecycleRule::new().object_size_less_than(Unchecked::from(serde_json::json!("many")));
    check(bucket.add_lifecycle_rule(rule).unwrap_err(), Some("stack/Bucket"));
    let unchecked = Unchecked::from(serde_json::json!([]));
    check(stack.set_termination_protection(unchecked).unwrap_err(), Some("stack"));
    // The root has no path, and neither has what is no construct.
    check(app.node().unwrap().find_child("none").unwrap_err(), None);
    check(Duration::parse("five minutes").unwrap_err(), None);
}

#[test]
fn a_construct_that_rejects_its_properties_is_an_error_with_the_reason() {
    check(
        |stack| Bucket::new_with_props(stack, "Bucket", BucketProps::new().bucket_name("NO GOOD")).map(drop),
        "new aws-cdk-lib.aws_s3.Bucket",
        "Invalid S3 bucket name (value: NO GOOD)",
    );
}

#[test]
fn a_second_construct_of_the_same_name_is_rejected() {
    check(
        |stack| {
            Bucket::new(stack, "Bucket")?;
            Bucket::new(stack, "Bucket").map(drop)
        },
        "new aws-cdk-lib.aws_s3.Bucket",
        "There is already a Construct with name 'Bucket'",
    );
}

#[test]
fn a_method_that_throws_is_named() {
    let exact = SizeConversionOptions::new().rounding(SizeRoundingBehavior::Fail);
    check(
        |_| Size::kibibytes(1500)?.to_mebibytes_with_opts(exact).map(drop),
        "aws-cdk-lib.Size.toMebibytes()",
        "cannot be converted into a whole number of mebibytes",
    );
}

#[test]
fn a_static_method_that_throws_is_named() {
    check(|_| Duration::parse("five minutes").map(drop), "aws-cdk-lib.Duration.parse()", "Not a valid ISO duration");
}

#[test]
fn a_value_of_another_type_is_rejected_by_the_kernel() {
    let unchecked = Unchecked::from(serde_json::json!("yes"));
    check(
        |stack| Bucket::new_with_props(stack, "Bucket", BucketProps::new().versioned(unchecked)).map(drop),
        "new aws-cdk-lib.aws_s3.Bucket",
        "Value is not a boolean",
    );
}

#[test]
fn a_missing_asset_is_named() {
    check(
        |stack| {
            let code = Code::from_asset("/nowhere/image-purge")?;
            let properties = FunctionProps::new(&code, "bootstrap", &Runtime::provided_al2023()?);
            Function::new(stack, "Function", properties).map(drop)
        },
        "new aws-cdk-lib.aws_lambda.Function",
        "Cannot find asset at /nowhere/image-purge",
    );
}
