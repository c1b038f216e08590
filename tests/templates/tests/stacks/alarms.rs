//! What people are told about.

use crate::environments::{edited, of_the_repository};

#[test]
fn what_needs_an_operator_raises_an_alarm() {
    // Alarm, metric, of what, over how many seconds, how often in a row, from which value on.
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
fn the_alarm_of_dead_letters_names_the_command_and_how_long_it_can_help() {
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
fn purge_runs_that_fail_in_a_row_are_noticed_however_rare_they_are() {
    let alarm = |path| {
        edited().stack(path).named("AWS::CloudWatch::Alarm", "FailedPurgeRunsAlarm").properties["Period"].clone()
    };
    assert_eq!(alarm("hourly/pipeline"), 3600);
    assert_eq!(alarm("other/pipeline"), 300);
}
