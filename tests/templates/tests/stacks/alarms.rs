//! The alarms.

use std::collections::BTreeSet;
use std::fs;

use contract::Metric;
use contract::metrics::{DIMENSION, NAMESPACE};
use serde_json::json;

use crate::environments::{edited, of_the_repository};
use crate::synthesis::root;

/// An alarm, its metric, the resource, the period in seconds, and how many periods of how many breach the threshold.
type Expected = (&'static str, &'static str, &'static str, u32, (u32, u32), &'static str);

const ALARMS: [Expected; 12] = [
    ("DeadLettersAlarm", "ApproximateNumberOfMessagesVisible", "pipeline/DeadLetters.QueueName", 300, (1, 1), ">= 1"),
    ("FailedEditsAlarm", "Errors", "pipeline/ImageManagement", 60, (3, 5), ">= 1"),
    ("FailedImagesAlarm", "Url5xxCount", "pipeline/ImageProcessing", 60, (3, 5), ">= 5"),
    ("FailedPurgesAlarm", "Errors", "pipeline/ImagePurge", 60, (3, 5), ">= 1"),
    ("FailedPurgeRunsAlarm", "Errors", "pipeline/ImageInvalidation", 300, (3, 3), ">= 1"),
    ("FailedRequestsAlarm", "5xx", "pipeline/AdminApi", 60, (3, 5), ">= 1"),
    ("NoPurgeRunAlarm", "Invocations", "pipeline/ImageInvalidation", 300, (3, 3), "< 1"),
    ("OldestEntryAlarm", "OldestEntryAge", "dev", 300, (3, 5), ">= 900000"),
    ("StreamAgeAlarm", "IteratorAge", "pipeline/ImagePacksStream", 60, (3, 5), ">= 300000"),
    ("ThrottledImagesAlarm", "Throttles", "pipeline/ImageProcessing", 60, (3, 5), ">= 1"),
    ("ThrottledInvalidationsAlarm", "InvalidationsThrottled", "dev", 300, (3, 5), ">= 1"),
    ("ThrottledPurgeRunsAlarm", "Throttles", "pipeline/ImageInvalidation", 60, (3, 5), ">= 1"),
];

#[test]
fn a_situation_that_needs_an_operator_raises_an_alarm() {
    let stack = of_the_repository().stack("dev/pipeline");
    assert_eq!(stack.all("AWS::CloudWatch::Alarm").count(), ALARMS.len());
    for (name, metric, of, period_secs, (breaching, periods), threshold) in ALARMS {
        let alarm = stack.named("AWS::CloudWatch::Alarm", name).properties;
        assert_eq!(alarm["MetricName"], metric, "{name}");
        assert_eq!(stack.text(&alarm["Dimensions"][0]["Value"]), of, "{name}");
        assert_eq!(alarm["Period"], period_secs, "{name}");
        assert_eq!(alarm["EvaluationPeriods"], periods, "{name}");
        let all_of_them = alarm["DatapointsToAlarm"].is_null() && breaching == periods;
        assert!(all_of_them || alarm["DatapointsToAlarm"] == breaching, "{name}");
        // An outage that leaves no data is an outage for the alarm that looks for data.
        let (operator, missing) = match threshold.split_once(' ').unwrap().0 {
            "<" => ("LessThanThreshold", "breaching"),
            _ => ("GreaterThanOrEqualToThreshold", "notBreaching"),
        };
        assert_eq!((&alarm["ComparisonOperator"], &alarm["TreatMissingData"]), (&operator.into(), &missing.into()));
        assert!(threshold.ends_with(&format!(" {}", alarm["Threshold"])), "{name}");
    }
}

#[test]
fn an_alarm_of_an_own_metric_reads_what_the_functions_of_its_environment_write() {
    let own = [Metric::OldestEntryAge, Metric::InvalidationsThrottled].map(Metric::name);
    for (environment, stack) in [("dev", of_the_repository()), ("other", edited())] {
        let stack = stack.stack(&format!("{environment}/pipeline"));
        let alarms = stack.all("AWS::CloudWatch::Alarm").filter(|alarm| alarm.properties["Namespace"] == NAMESPACE);
        let alarms: Vec<_> = alarms.collect();
        let metrics: BTreeSet<_> = alarms.iter().filter_map(|alarm| alarm.properties["MetricName"].as_str()).collect();
        assert_eq!(metrics, BTreeSet::from(own), "{environment}");
        for alarm in alarms {
            let expected = json!([{"Name": DIMENSION, "Value": environment}]);
            assert_eq!(alarm.properties["Dimensions"], expected, "{}", alarm.id);
        }
    }
}

#[test]
fn the_dashboard_shows_every_own_metric_and_asks_the_logs_of_the_functions_that_purge() {
    let stack = of_the_repository().stack("dev/pipeline");
    let body = stack.only("AWS::CloudWatch::Dashboard").properties["DashboardBody"].to_string();
    for metric in Metric::ALL {
        assert!(body.contains(metric.name()), "{metric:?} is not on the dashboard");
    }
    for log in ["ImageInvalidationLog", "ImagePurgeLog"] {
        assert!(body.contains(log), "{log}");
    }
}

#[test]
fn every_alarm_notifies_the_topic_when_it_is_raised_and_when_it_ends() {
    let with_topic = of_the_repository().stack("dev/pipeline");
    let existing = edited().stack("other/pipeline");
    assert_eq!(existing.all("AWS::SNS::Topic").count(), 0);
    let arn = "arn:aws:sns:eu-central-1:123456789012:operators";
    for (stack, topic) in [(with_topic, "pipeline/AlarmTopic"), (existing, arn)] {
        assert_eq!(stack.outputs()["AlarmTopicArn"], topic);
        for alarm in stack.all("AWS::CloudWatch::Alarm") {
            for actions in ["AlarmActions", "OKActions"] {
                assert_eq!(stack.texts(&alarm.properties[actions]), [topic], "{}", alarm.id);
            }
        }
    }
    let hourly = edited().stack("hourly/pipeline");
    let subscription = hourly.only("AWS::SNS::Subscription").properties;
    assert_eq!((&subscription["Protocol"], &subscription["Endpoint"]), (&"email".into(), &"ops@example.com".into()));
}

#[test]
fn the_runbook_has_an_action_for_each_alarm_and_each_alarm_names_it() {
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let section = runbook.split("\n## Alarms\n").nth(1).unwrap().split("\n### ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let written: BTreeSet<_> = rows.collect();
    assert_eq!(written, BTreeSet::from(ALARMS.map(|(name, ..)| name)));
    for stack in [of_the_repository().stack("dev/pipeline"), edited().stack("other/pipeline")] {
        for alarm in stack.all("AWS::CloudWatch::Alarm") {
            let description = alarm.properties["AlarmDescription"].as_str().unwrap();
            assert!(description.ends_with(". Runbook: docs/runbook.md#alarms"), "{description}");
        }
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
        assert!(description.as_str().unwrap().contains(expected), "{description}");
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
