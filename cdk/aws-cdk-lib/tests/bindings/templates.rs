//! Values that are set in Rust are in the synthesised template.

use std::sync::LazyLock;
use std::{fs, iter};

use aws_cdk_lib::aws_dynamodb::{Attribute, AttributeType, BillingMode, StreamViewType, Table, TableProps};
use aws_cdk_lib::aws_lambda::{
    Architecture, CfnPermission, CfnPermissionProps, Code, Function, FunctionProps, Runtime, StartingPosition,
};
use aws_cdk_lib::aws_lambda_event_sources::{DynamoEventSource, DynamoEventSourceProps, SqsDlq};
use aws_cdk_lib::aws_s3::{Bucket, BucketEncryption, BucketProps, CfnBucket, LifecycleRule};
use aws_cdk_lib::aws_scheduler::{Schedule, ScheduleExpression, ScheduleProps};
use aws_cdk_lib::aws_scheduler_targets::LambdaInvoke;
use aws_cdk_lib::aws_sqs::Queue;
use aws_cdk_lib::constructs::IDependable;
use aws_cdk_lib::{
    CfnOutput, CfnOutputProps, CfnParameter, CfnResource, CfnResourceProps, Date, Duration, Fn, RemovalPolicy, Result,
    Stack, Tags, Token, Unchecked,
};
use serde_json::{Value, json};

/// A stack with one property of every kind.
fn build(stack: &Stack) -> Result<()> {
    let bucket = Bucket::new_with_props(
        stack,
        "Bucket",
        BucketProps::new()
            .versioned(true)
            .encryption(BucketEncryption::S3Managed)
            .removal_policy(RemovalPolicy::Destroy)
            .lifecycle_rules([LifecycleRule::new().prefix("old/").expiration(&Duration::days(30)?)]),
    )?;
    let table = Table::new(
        stack,
        "Table",
        TableProps::new()
            .partition_key(Attribute::new("tenant", AttributeType::String))
            .billing_mode(BillingMode::PayPerRequest)
            .stream(StreamViewType::NewAndOldImages),
    )?;
    let function = Function::new(
        stack,
        "Function",
        FunctionProps::new(
            &Code::from_inline("exports.handler = () => {}")?,
            "index.handler",
            &Runtime::nodejs_22_x()?,
        )
        .memory_size(256)
        .architecture(&Architecture::arm_64()?)
        .environment([("TABLE", table.table_name()?), ("BUCKET", bucket.bucket_name()?)]),
    )?;
    bucket.grant_read_with_objects_key_pattern(&function, "public/*")?;

    let failures = Queue::new(stack, "Failures")?;
    let stream = DynamoEventSourceProps::new(StartingPosition::TrimHorizon)
        .batch_size(100)
        .bisect_batch_on_error(true)
        .on_failure(&SqsDlq::new(&failures)?);
    function.add_event_source(&DynamoEventSource::new(&table, stream)?)?;
    let hourly = ScheduleExpression::rate(&Duration::hours(1)?)?;
    Schedule::new(
        stack,
        "Schedule",
        ScheduleProps::new(&hourly, &LambdaInvoke::new(&function)?).start(Date("2030-05-01T12:00:00.000Z".to_owned())),
    )?;
    CfnParameter::new(stack, "Switch")?;
    CfnPermission::new(
        stack,
        "Permission",
        CfnPermissionProps::new("lambda:InvokeFunctionUrl", function.function_name()?, "cloudfront.amazonaws.com")
            .invoked_via_function_url(Unchecked::from(&Token::as_any(Fn::r#ref("Switch")?)?)),
    )?;

    let Some(resource) = bucket.node()?.default_child()? else { panic!("a bucket has a resource") };
    resource.cast::<CfnBucket>()?.add_property_override("Tags", json!([{ "Key": "k", "Value": "v" }]))?;
    function.node()?.add_dependency([IDependable::from(&bucket), IDependable::from(&table)])?;
    CfnOutput::new(stack, "Name", CfnOutputProps::new(bucket.bucket_name()?).description("The bucket"))?;
    Tags::of(&table)?.add("area", "images")
}

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let (folder, app, stack) = super::stack();
    build(&stack).unwrap();
    app.synth().unwrap();
    let text = fs::read_to_string(folder.path().join("stack.template.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

/// The only resource of a type.
fn resource(type_: &str) -> &Value {
    let resources = TEMPLATE["Resources"].as_object().unwrap();
    let found: Vec<&Value> = resources.values().filter(|resource| resource["Type"] == type_).collect();
    assert_eq!(found.len(), 1, "{type_}");
    found[0]
}

#[test]
fn properties_of_every_kind_reach_the_template() {
    let cases = [
        ("a boolean", "AWS::S3::Bucket", "/Properties/VersioningConfiguration/Status", json!("Enabled")),
        ("a number", "AWS::Lambda::Function", "/Properties/MemorySize", json!(256)),
        ("a string", "AWS::Lambda::Function", "/Properties/Handler", json!("index.handler")),
        ("an enumeration's member", "AWS::DynamoDB::Table", "/Properties/BillingMode", json!("PAY_PER_REQUEST")),
        ("an enumeration's member", "AWS::S3::Bucket", "/DeletionPolicy", json!("Delete")),
        ("a static property", "AWS::Lambda::Function", "/Properties/Architectures", json!(["arm64"])),
        ("a structure", "AWS::DynamoDB::Table", "/Properties/KeySchema/0/AttributeName", json!("tenant")),
        ("a list of structures", "AWS::S3::Bucket", "/Properties/LifecycleConfiguration/Rules/0/Prefix", json!("old/")),
        ("a duration", "AWS::S3::Bucket", "/Properties/LifecycleConfiguration/Rules/0/ExpirationInDays", json!(30)),
        ("a date", "AWS::Scheduler::Schedule", "/Properties/StartDate", json!("2030-05-01T12:00:00.000Z")),
        ("an override", "AWS::S3::Bucket", "/Properties/Tags", json!([{ "Key": "k", "Value": "v" }])),
        ("a token", "AWS::Lambda::Permission", "/Properties/InvokedViaFunctionUrl", json!({ "Ref": "Switch" })),
        ("text for a union", "AWS::Lambda::Permission", "/Properties/Principal", json!("cloudfront.amazonaws.com")),
        ("a tag", "AWS::DynamoDB::Table", "/Properties/Tags", json!([{ "Key": "area", "Value": "images" }])),
        ("a mapping", "AWS::Lambda::EventSourceMapping", "/Properties/BisectBatchOnFunctionError", json!(true)),
    ];
    for (what, type_, pointer, expected) in cases {
        assert_eq!(resource(type_).pointer(pointer), Some(&expected), "{what}: {type_} {pointer}");
    }
}

#[test]
fn objects_reference_each_other() {
    let logical_id = |type_: &str| {
        let resources = TEMPLATE["Resources"].as_object().unwrap();
        resources.iter().find(|(_, resource)| resource["Type"] == type_).unwrap().0.clone()
    };
    let (bucket, table, failures) =
        (logical_id("AWS::S3::Bucket"), logical_id("AWS::DynamoDB::Table"), logical_id("AWS::SQS::Queue"));

    let function = resource("AWS::Lambda::Function");
    // Written in this order in Rust; sorted, BUCKET would come first.
    let environment = &function["Properties"]["Environment"]["Variables"];
    assert_eq!(environment.to_string(), json!({ "TABLE": { "Ref": table }, "BUCKET": { "Ref": bucket } }).to_string());
    let depends_on: Vec<&str> = function["DependsOn"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(depends_on.contains(&bucket.as_str()) && depends_on.contains(&table.as_str()), "{depends_on:?}");

    let mapping = &resource("AWS::Lambda::EventSourceMapping")["Properties"];
    assert_eq!(mapping["EventSourceArn"], json!({ "Fn::GetAtt": [table, "StreamArn"] }));
    let destination = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
    assert_eq!(*destination, json!({ "Fn::GetAtt": [failures, "Arn"] }));
    assert_eq!(TEMPLATE["Outputs"]["Name"], json!({ "Description": "The bucket", "Value": { "Ref": bucket } }));

    let statements = TEMPLATE["Resources"].to_string();
    assert!(statements.contains("/public/*"), "the optional argument of grantRead is not in {statements}");
}

#[test]
fn each_resource_of_a_stack_is_cast_to_a_resource_and_nothing_else_is() {
    let (_folder, _app, stack) = super::stack();
    build(&stack).unwrap();
    let constructs = stack.node().unwrap().find_all().unwrap();
    for construct in &constructs {
        let is_resource = CfnResource::is_cfn_resource(construct).unwrap();
        assert_eq!(construct.cast::<CfnResource>().is_ok(), is_resource, "{}", construct.class());
    }
    assert!(constructs.len() > 10, "{}", constructs.len());
}

/// The number of tokens. A token is a double near -1.888e289; its low bits are the token's number.
const TOKENS: usize = 3_000;

#[test]
fn each_of_many_numbers_that_are_tokens_names_its_own_value() {
    let (folder, app, stack) = super::stack();
    let token = |name: &str| Token::as_number(Fn::r#ref(name)?);
    let names: Vec<String> = (0..TOKENS).map(|number| format!("Parameter{number}")).collect();
    let numbers: Result<Vec<f64>> = names.iter().map(|name| token(name)).collect();
    let resource = CfnResource::new(&stack, "Resource", CfnResourceProps::new("Test::Numbers::Resource")).unwrap();
    resource.add_property_override("Numbers", json!(numbers.unwrap())).unwrap();
    app.synth().unwrap();

    let template = fs::read_to_string(folder.path().join("stack.template.json")).unwrap();
    let template: Value = serde_json::from_str(&template).unwrap();
    let found = template["Resources"]["Resource"]["Properties"]["Numbers"].as_array().unwrap();
    let wrong: Vec<&String> = iter::zip(&names, found)
        .filter(|(name, found)| **found != json!({ "Ref": name }))
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "{} of {TOKENS} tokens name another value, the first: {}", wrong.len(), wrong[0]);
    assert_eq!(found.len(), TOKENS);
}
