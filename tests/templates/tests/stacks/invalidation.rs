//! From the table's stream to the queue, and from the queue to the caches: triggers, rates and retention.

use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};
use crate::stack::{Resource, Stack};

/// The pipelines of `dev` and of an environment with other values.
fn pipelines() -> [&'static Stack; 2] {
    [of_the_repository().stack("dev/pipeline"), edited().stack("other/pipeline")]
}

/// The only resource of a CloudFormation type that invokes `function` or configures its invocations.
fn only_of<'a>(stack: &'a Stack, kind: &str, function: &str) -> Resource<'a> {
    // The function is invoked by its alias.
    let alias = format!("pipeline/{function}Live");
    let names = [format!("the function of {alias}:live"), alias, format!("pipeline/{function}")];
    let is_of = |resource: &Resource| {
        let function = [&resource.properties["FunctionName"], &resource.properties["Target"]["Arn"]];
        function.into_iter().any(|value| names.contains(&stack.text(value)))
    };
    let all: Vec<_> = stack.all(kind).filter(is_of).collect();
    assert_eq!(all.len(), 1, "{}: {} of {kind} for {function}", stack.path, all.len());
    all[0]
}

fn stream_mapping(stack: &Stack) -> Resource<'_> {
    only_of(stack, "AWS::Lambda::EventSourceMapping", "ImagePacksStream")
}

fn schedule(stack: &Stack) -> Resource<'_> {
    only_of(stack, "AWS::Scheduler::Schedule", "ImageInvalidation")
}

fn invocations(stack: &Stack) -> Resource<'_> {
    only_of(stack, "AWS::Lambda::EventInvokeConfig", "ImageInvalidation")
}

fn dead_letters(stack: &Stack) -> Resource<'_> {
    stack.only("AWS::SQS::Queue")
}

/// Checks a property in `dev` and in the other environment.
fn check(resource: fn(&Stack) -> Resource<'_>, property: &str, expected: [Value; 2]) {
    for (stack, expected) in pipelines().into_iter().zip(expected) {
        assert_eq!(resource(stack).properties[property], expected, "{}: {property}", stack.path);
    }
}

#[test]
fn the_stream_mapping_is_as_configured() {
    let check = |property, dev: u32, other: u32| {
        check(stream_mapping, property, [json!(dev), json!(other)]);
    };
    check("BatchSize", 100, 250);
    check("MaximumBatchingWindowInSeconds", 0, 2);
    check("MaximumRecordAgeInSeconds", 21_600, 3_600);
}

#[test]
fn the_stream_mapping_retries_until_the_records_age_limit() {
    // Without a number, Lambda retries until the record's age limit ("AWS::Lambda::EventSourceMapping",
    // CloudFormation).
    check(stream_mapping, "MaximumRetryAttempts", [Value::Null, Value::Null]);
}

#[test]
fn the_stream_mapping_loses_no_record_and_one_bad_record_blocks_no_other() {
    for stack in pipelines() {
        let mapping = stream_mapping(stack).properties;
        assert_eq!(stack.text(&mapping["EventSourceArn"]), "data/ImagePacks.StreamArn");
        assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert_eq!(mapping["BisectBatchOnFunctionError"], true);
        let given_up = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
        assert_eq!(stack.text(given_up), "pipeline/DeadLetters.Arn");
        assert_eq!(mapping["FilterCriteria"], Value::Null, "a filter can't decide what is meaningful");
    }
}

#[test]
fn the_schedule_is_as_configured() {
    check(schedule, "ScheduleExpression", [json!("rate(5 minutes)"), json!("rate(1 minute)")]);
    let hourly = schedule(edited().stack("hourly/pipeline")).properties;
    assert_eq!(hourly["ScheduleExpression"], "rate(1 hour)");
}

#[test]
fn the_schedule_runs_the_purge_on_time_by_its_own_role() {
    for stack in pipelines() {
        let schedule = schedule(stack).properties;
        assert_eq!(schedule["State"], "ENABLED");
        assert_eq!(schedule["FlexibleTimeWindow"], json!({"Mode": "OFF"}));
        let target = &schedule["Target"];
        assert_eq!(stack.text(&target["RoleArn"]), "pipeline/InvalidationScheduleRole.Arn");
        assert_eq!(target["RetryPolicy"]["MaximumRetryAttempts"], 0);
    }
}

#[test]
fn a_purge_run_that_failed_or_is_late_is_not_retried() {
    // Lambda keeps these limits for each alias: those of the function do not hold for an invocation of `live`.
    for stack in pipelines() {
        let qualifier = stack.text(&invocations(stack).properties["Qualifier"]);
        assert_eq!(qualifier, "the qualifier of pipeline/ImageInvalidationLive");
    }
    check(invocations, "MaximumRetryAttempts", [json!(0), json!(0)]);
    check(invocations, "MaximumEventAgeInSeconds", [json!(60), json!(60)]);
}

#[test]
fn dead_letters_are_kept_encrypted_for_two_weeks() {
    check(dead_letters, "MessageRetentionPeriod", [json!(1_209_600), json!(1_209_600)]);
    check(dead_letters, "SqsManagedSseEnabled", [json!(true), json!(true)]);
}
