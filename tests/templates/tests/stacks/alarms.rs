//! The alarms.

use std::collections::{BTreeMap, BTreeSet};
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

/// The stacks in us-east-1: with a topic of their own, and with an existing one.
const CLOUDFRONT_ALARMS: [&str; 2] = ["hourly/cloudfront-alarms", "other/cloudfront-alarms"];

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

/// The alarm of an environment with events.
const EVENT_AGE: &str = "EventAgeAlarm";

/// The alarm of the stack in us-east-1.
const CLOUDFRONT_ERRORS: &str = "CloudFrontErrorsAlarm";

#[test]
fn errors_of_any_distribution_raise_an_alarm_in_us_east_1_if_the_configuration_names_operators_there() {
    assert!(!of_the_repository().listing.contains("cloudfront-alarms"));
    for stack in CLOUDFRONT_ALARMS.map(|path| edited().stack(path)) {
        assert_eq!(stack.region, "us-east-1");
        let alarm = stack.only("AWS::CloudWatch::Alarm");
        assert_eq!(stack.named("AWS::CloudWatch::Alarm", CLOUDFRONT_ERRORS).id, alarm.id);
        let alarm = alarm.properties;
        let query = "SELECT MAX(\"5xxErrorRate\") FROM SCHEMA(\"AWS/CloudFront\", DistributionId, Region)";
        let [metric] = &alarm["Metrics"].as_array().unwrap()[..] else { panic!("{}", alarm["Metrics"]) };
        assert_eq!((&metric["Expression"], &metric["Period"]), (&query.into(), &60.into()));
        assert_ne!(metric["ReturnData"], false);
        assert_eq!((&alarm["DatapointsToAlarm"], &alarm["EvaluationPeriods"]), (&3.into(), &5.into()));
        assert_eq!(
            (&alarm["ComparisonOperator"], &alarm["Threshold"]),
            (&"GreaterThanOrEqualToThreshold".into(), &5.into())
        );
        assert_eq!(alarm["TreatMissingData"], "notBreaching");
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
    // It warms.
    let stack = edited().stack("other/pipeline");
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
    let [of_emails, of_topic] = CLOUDFRONT_ALARMS.map(|path| edited().stack(path));
    for (stack, topic) in [
        (with_topic, "pipeline/AlarmTopic"),
        (existing, arn),
        (of_emails, "cloudfront-alarms/AlarmTopic"),
        (of_topic, "arn:aws:sns:us-east-1:123456789012:operators"),
    ] {
        assert_eq!(stack.outputs()["AlarmTopicArn"], topic);
        for alarm in stack.all("AWS::CloudWatch::Alarm") {
            for actions in ["AlarmActions", "OKActions"] {
                assert_eq!(stack.texts(&alarm.properties[actions]), [topic], "{}", alarm.id);
            }
        }
    }
    for stack in [edited().stack("hourly/pipeline"), of_emails] {
        let subscription = stack.only("AWS::SNS::Subscription").properties;
        let endpoint = (&subscription["Protocol"], &subscription["Endpoint"]);
        assert_eq!(endpoint, (&"email".into(), &"ops@example.com".into()), "{}", stack.path);
    }
}

#[test]
fn the_runbook_has_a_section_for_each_alarm_and_each_alarm_names_it() {
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let part = runbook.split("\n## Alarms\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let sections = part.split("\n### ").skip(1).filter_map(|section| section.split_once('\n'));
    let sections: BTreeMap<_, _> = sections.filter(|(heading, _)| heading.ends_with("Alarm")).collect();
    for (alarm, section) in &sections {
        for paragraph in ["Sees", "Viewers", "Look first", "Causes and fixes", "Clears"] {
            assert_eq!(section.matches(&format!("\n- **{paragraph}:** ")).count(), 1, "{alarm}: {paragraph}");
        }
    }
    let written: BTreeSet<_> = sections.into_keys().collect();
    let declared: BTreeSet<_> = ALARMS.iter().map(|(name, ..)| *name).chain([CLOUDFRONT_ERRORS, EVENT_AGE]).collect();
    assert_eq!(written, declared);
    let of_pipelines = ALARMS.iter().flat_map(|(name, ..)| {
        [of_the_repository().stack("dev/pipeline"), edited().stack("other/pipeline")].map(|stack| (stack, *name))
    });
    let of_cloudfront = CLOUDFRONT_ALARMS.map(|path| (edited().stack(path), CLOUDFRONT_ERRORS));
    let of_events = [(edited().stack("other/pipeline"), EVENT_AGE)];
    for (stack, name) in of_pipelines.chain(of_cloudfront).chain(of_events) {
        let description = &stack.named("AWS::CloudWatch::Alarm", name).properties["AlarmDescription"];
        let section = format!(". Runbook: docs/runbook.md#{}", name.to_lowercase());
        assert!(description.as_str().unwrap().ends_with(&section), "{}: {description}", stack.path);
    }
}

#[test]
fn the_alarm_of_dead_letters_names_the_command_and_the_time_limit() {
    let environments = [
        (
            of_the_repository().stack("dev/pipeline"),
            "Within 18 hours: imagecache dead-letters replay --environment dev",
        ),
        (edited().stack("other/pipeline"), "Within 23 hours: imagecache dead-letters replay --environment other"),
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
