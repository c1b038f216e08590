//! The alarms.

use crate::environments::{edited, of_the_repository};

#[test]
fn a_situation_that_needs_an_operator_raises_an_alarm() {
    // Alarm, metric, resource, period in seconds, periods in a row, threshold.
    let alarms = [
        ("DeadLettersAlarm", "ApproximateNumberOfMessagesVisible", "pipeline/DeadLetters.QueueName", 300, 1, 1),
        ("FailedEditsAlarm", "Errors", "pipeline/ImageManagement", 300, 1, 1),
        ("FailedImagesAlarm", "Errors", "pipeline/ImageProcessing", 300, 1, 1),
        ("FailedPurgesAlarm", "Errors", "pipeline/ImagePurge", 300, 1, 1),
        ("FailedPurgeRunsAlarm", "Errors", "pipeline/ImageInvalidation", 300, 3, 1),
        ("StreamAgeAlarm", "IteratorAge", "pipeline/ImagePacksStream", 300, 1, 300_000),
    ];
    let stack = of_the_repository().stack("dev/pipeline");
    assert_eq!(stack.all("AWS::CloudWatch::Alarm").count(), alarms.len());
    for (name, metric, of, period_secs, periods, threshold) in alarms {
        let alarm = stack.named("AWS::CloudWatch::Alarm", name).properties;
        assert_eq!(alarm["MetricName"], metric, "{name}");
        assert_eq!(stack.text(&alarm["Dimensions"][0]["Value"]), of, "{name}");
        assert_eq!(alarm["Period"], period_secs, "{name}");
        assert_eq!(alarm["EvaluationPeriods"], periods, "{name}");
        assert_eq!(alarm["Threshold"], threshold, "{name}");
        assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold", "{name}");
    }
}

#[test]
fn the_alarm_of_dead_letters_names_the_command_and_the_time_limit() {
    let environments = [
        (of_the_repository().stack("dev/pipeline"), "Within 18 hours: imagecache replay --environment dev"),
        (edited().stack("other/pipeline"), "Within 23 hours: imagecache replay --environment other"),
    ];
    for (stack, expected) in environments {
        let description = &stack.named("AWS::CloudWatch::Alarm", "DeadLettersAlarm").properties["AlarmDescription"];
        assert!(description.as_str().unwrap().ends_with(expected), "{description}");
    }
}

#[test]
fn the_alarm_of_failed_purge_runs_has_a_period_that_contains_a_purge_run() {
    let alarm = |path| {
        edited().stack(path).named("AWS::CloudWatch::Alarm", "FailedPurgeRunsAlarm").properties["Period"].clone()
    };
    assert_eq!(alarm("hourly/pipeline"), 3600);
    assert_eq!(alarm("other/pipeline"), 300);
}
