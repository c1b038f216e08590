//! Events of completed purges, and images that are requested in advance: off by default, and declared together.

use contract::events::{PURGE_COMPLETED, SOURCE};
use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};
use crate::permissions::{check, granted};
use crate::policy::sentence;
use crate::stack::Stack;

fn data() -> &'static Stack {
    edited().stack("other/data")
}

fn pipeline() -> &'static Stack {
    edited().stack("other/pipeline")
}

#[test]
fn without_them_there_is_no_bus_no_stream_of_the_ledger_and_no_demand() {
    for environment in ["dev", "prod"] {
        for stack in of_the_repository().stacks_of(environment) {
            for kind in ["AWS::Events::EventBus", "AWS::Events::Rule"] {
                assert_eq!(stack.all(kind).count(), 0, "{}", stack.path);
            }
        }
        let data = of_the_repository().stack(&format!("{environment}/data"));
        assert_eq!(data.named("AWS::DynamoDB::Table", "PurgeLedger").properties["StreamSpecification"], Value::Null);
        assert!(!data.template.to_string().contains("Demand"), "{environment}");
    }
}

#[test]
fn each_write_that_completes_a_purge_is_delivered_until_it_is_published() {
    let ledger = data().named("AWS::DynamoDB::Table", "PurgeLedger").properties;
    assert_eq!(ledger["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    let mappings = pipeline().all("AWS::Lambda::EventSourceMapping");
    let mut mappings =
        mappings.filter(|mapping| pipeline().text(&mapping.properties["EventSourceArn"]).contains("Ledger"));
    let mapping = mappings.next().unwrap().properties;
    assert_eq!(pipeline().text(&mapping["FunctionName"]), "the function of pipeline/PurgeEventsLive:live");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
    for limit in ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds"] {
        assert_eq!(mapping[limit], Value::Null, "{limit}");
    }
    let filter = mapping["FilterCriteria"]["Filters"][0]["Pattern"].as_str().unwrap();
    let expected = json!({"dynamodb": {"NewImage": {"completedAt": {"N": [{"exists": true}]}}}});
    assert_eq!(serde_json::from_str::<Value>(filter).unwrap(), expected);
    let variables = &pipeline().named("AWS::Lambda::Function", "PurgeEvents").properties["Environment"]["Variables"];
    assert_eq!(pipeline().text(&variables["EVENT_BUS"]), "pipeline/PurgeEventBus");
    assert_eq!(variables["ENVIRONMENT"], "other");
    assert_eq!(pipeline().outputs()["PurgeEventBusArn"], "pipeline/PurgeEventBus.Arn");
}

#[test]
fn late_events_raise_an_alarm() {
    let alarm = pipeline().named("AWS::CloudWatch::Alarm", "EventAgeAlarm").properties;
    assert_eq!((&alarm["MetricName"], &alarm["Threshold"]), (&json!("IteratorAge"), &json!(300_000)));
    assert_eq!(pipeline().text(&alarm["Dimensions"][0]["Value"]), "pipeline/PurgeEvents");
}

#[test]
fn warming_follows_the_final_purges_of_packs_and_drops_what_waits_longer_than_a_minute() {
    let rule = pipeline().only("AWS::Events::Rule").properties;
    assert_eq!(pipeline().text(&rule["EventBusName"]), "pipeline/PurgeEventBus");
    let pattern = json!({
        "source": [SOURCE],
        "detail-type": [PURGE_COMPLETED],
        "detail": {"isFinal": [true], "target": [{"prefix": "pack#"}]},
    });
    assert_eq!(rule["EventPattern"], pattern);
    let target = &rule["Targets"][0];
    assert_eq!(pipeline().text(&target["Arn"]), "pipeline/ImageWarmingLive");
    let dropped = json!({"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0});
    assert_eq!(target["RetryPolicy"], dropped);
    let of_lambda = pipeline().all("AWS::Lambda::EventInvokeConfig").map(|config| config.properties);
    let mut of_lambda = of_lambda.filter(|config| pipeline().text(&config["FunctionName"]) == "pipeline/ImageWarming");
    let config = of_lambda.next().unwrap();
    assert_eq!([&config["MaximumEventAgeInSeconds"], &config["MaximumRetryAttempts"]], [&json!(60), &json!(0)]);
}

#[test]
fn warming_has_its_budget_and_a_concurrency_of_its_own() {
    let function = pipeline().named("AWS::Lambda::Function", "ImageWarming").properties;
    assert_eq!(function["ReservedConcurrentExecutions"], 10);
    let variables = &function["Environment"]["Variables"];
    for (variable, expected) in [
        ("ENVIRONMENT", "other"),
        ("IMAGE_PACK_TABLE", "data/ImagePacks"),
        ("DEMAND_TABLE", "data/Demand"),
        ("VIEWER_DOMAIN", "images.example.com"),
        ("WARMING_LOCATIONS_MAX", "2"),
        ("WARMING_REQUESTS_PER_MINUTE", "90"),
        ("WARMING_REQUESTS_BURST", "45"),
        ("VIEWER_ENDPOINT", "http://127.0.0.1:9090"),
    ] {
        assert_eq!(pipeline().text(&variables[variable]), expected, "{variable}");
    }
    let demand = data().named("AWS::DynamoDB::Table", "Demand").properties;
    assert_eq!(demand["TimeToLiveSpecification"], json!({"AttributeName": "expiresAt", "Enabled": true}));
}

/// The grants that an environment with events and warming has beyond those of `dev`.
const FURTHER: &[(&str, &[(&str, &str)])] = &[
    (
        "pipeline/PurgeEventsRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/PurgeEventsLog.Arn"),
            ("events:PutEvents", "pipeline/PurgeEventBus.Arn"),
            ("dynamodb:ListStreams xray:PutTelemetryRecords xray:PutTraceSegments", "*"),
            ("dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator", "data/PurgeLedger.StreamArn"),
        ],
    ),
    (
        "pipeline/ImageWarmingRole",
        &[
            ("logs:CreateLogStream logs:PutLogEvents", "pipeline/ImageWarmingLog.Arn"),
            ("dynamodb:BatchGetItem", "data/ImagePacks.Arn"),
            ("dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem", "data/Demand.Arn"),
            ("xray:PutTelemetryRecords xray:PutTraceSegments", "*"),
        ],
    ),
    ("pipeline/ImageProcessingRole", &[("dynamodb:UpdateItem", "data/Demand.Arn")]),
];

#[test]
fn the_functions_may_do_what_is_listed_and_nothing_else() {
    let concerns =
        |grant: &String| FURTHER[..2].iter().any(|(role, _)| grant.contains(role)) || grant.contains("data/Demand");
    let found = granted(edited(), "other").into_iter().filter(concerns);
    let written = FURTHER.iter().flat_map(|(role, grants)| {
        grants.iter().map(|(actions, resource)| sentence(role, "may", actions, resource, ""))
    });
    check(written, found);
}
