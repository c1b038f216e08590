//! The mechanism of alarms. The alarms are declared beside the resources that they monitor.

use std::time::Duration;

use aws_cdk_lib::aws_cloudwatch::{
    Alarm as CloudWatchAlarm, ComparisonOperator, IMetric, Metric, MetricOptions, TreatMissingData,
};
use aws_cdk_lib::aws_cloudwatch_actions::SnsAction;
use aws_cdk_lib::aws_iam::{PolicyStatement, ServicePrincipal};
use aws_cdk_lib::aws_lambda::Function;
use aws_cdk_lib::aws_sns::{ITopic, Topic};
use aws_cdk_lib::aws_sns_subscriptions::EmailSubscription;
use aws_cdk_lib::{CfnOutput, Result, Stack};
use serde_json::json;

use crate::config::AlarmTopic;
use crate::nag::acknowledge;

/// Period of a metric, in minutes.
pub(crate) const PERIOD_MINUTES: u32 = 5;

/// The datapoints that raise most alarms: three of five. Fewer would raise alarms for failures that retries repair.
pub(crate) const MOST: (u32, u32) = (3, 5);

/// The name of the output with the ARN of the topic.
pub(crate) const TOPIC_ARN: &str = "AlarmTopicArn";

/// The runbook, which has a section for each alarm.
const RUNBOOK: &str = "docs/runbook.md";

/// The threshold of an alarm.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threshold {
    /// So much or more. Missing data is no failure.
    AtLeast(u32),
    /// Less than so much. Missing data is none of it.
    Below(u32),
}

/// An alarm that is raised when a metric breaches a threshold.
pub(crate) struct Alarm<'a> {
    /// Id of the construct.
    pub(crate) id: &'a str,
    /// The situation, its consequence and what an operator does about it.
    pub(crate) description: &'a str,
    /// The metric, with the period and the statistic to evaluate.
    pub(crate) metric: IMetric,
    /// The number of breaching periods that raise it, of so many.
    pub(crate) datapoints: (u32, u32),
    /// The threshold.
    pub(crate) threshold: Threshold,
}

/// The alarms of a stack, and the graphs of their metrics.
pub(crate) struct Alarms<'a> {
    stack: &'a Stack,
    /// ARN of the topic.
    pub(crate) topic_arn: String,
    action: SnsAction,
    graphs: Vec<(&'static str, Vec<IMetric>)>,
    failures: Vec<IMetric>,
}

impl<'a> Alarms<'a> {
    /// Alarms that notify `topic`.
    pub(crate) fn new(stack: &'a Stack, topic: AlarmTopic) -> Result<Self> {
        let topic = match topic {
            AlarmTopic::Existing(arn) => Topic::from_topic_arn(stack, "AlarmTopic", arn)?,
            AlarmTopic::New(emails) => ITopic::from(&new_topic(stack, emails)?),
        };
        let topic_arn = topic.topic_arn()?;
        CfnOutput::builder(stack, TOPIC_ARN, topic_arn.as_str()).build()?;
        Ok(Self { stack, topic_arn, action: SnsAction::new(&topic)?, graphs: Vec::new(), failures: Vec::new() })
    }

    /// Declares an alarm. It notifies its topic when it is raised and when it ends.
    pub(crate) fn raise(&self, alarm: &Alarm) -> Result<CloudWatchAlarm> {
        let (breaching, periods) = alarm.datapoints;
        let (threshold, operator, missing) = match alarm.threshold {
            Threshold::AtLeast(threshold) => {
                (threshold, ComparisonOperator::GreaterThanOrEqualToThreshold, TreatMissingData::NotBreaching)
            }
            Threshold::Below(threshold) => {
                (threshold, ComparisonOperator::LessThanThreshold, TreatMissingData::Breaching)
            }
        };
        let raised = CloudWatchAlarm::builder(self.stack, alarm.id, &alarm.metric, periods, threshold)
            .datapoints_to_alarm(breaching)
            .alarm_description(format!("{}. Runbook: {RUNBOOK}#{}", alarm.description, alarm.id.to_lowercase()))
            .comparison_operator(operator)
            .treat_missing_data(missing)
            .build()?;
        raised.add_alarm_action([&self.action])?;
        raised.add_ok_action([&self.action])?;
        Ok(raised)
    }

    /// Declares an alarm for failed invocations of `function`, and adds the failures to the dashboard.
    pub(crate) fn raise_on_failure(
        &mut self,
        id: &str,
        description: &str,
        function: &Function,
    ) -> Result<CloudWatchAlarm> {
        let metric = function.metric_errors_with_props(period(1))?;
        let alarm = self.raise(&Alarm {
            id,
            description,
            metric: (&metric).into(),
            datapoints: MOST,
            threshold: Threshold::AtLeast(1),
        })?;
        self.show_failures(&metric);
        Ok(alarm)
    }

    /// Adds a graph to the dashboard.
    pub(crate) fn show(&mut self, title: &'static str, metric: &Metric) {
        self.graphs.push((title, vec![IMetric::from(metric)]));
    }

    /// Adds a metric to the dashboard's graph of failures, which is its last.
    pub(crate) fn show_failures(&mut self, metric: &Metric) {
        self.failures.push(IMetric::from(metric));
    }

    /// The graphs of the metrics.
    pub(crate) fn into_graphs(mut self) -> Vec<(&'static str, Vec<IMetric>)> {
        self.graphs.push(("Failures", self.failures));
        self.graphs
    }
}

/// A topic for the alarms, with these subscribers. Its policy replaces the default one, so it permits CloudWatch to publish.
fn new_topic(stack: &Stack, emails: &[String]) -> Result<Topic> {
    let topic = Topic::builder(stack, "AlarmTopic").enforce_ssl(true).build()?;
    let publish = PolicyStatement::builder()
        .actions(["sns:Publish"])
        .principals([ServicePrincipal::new("cloudwatch.amazonaws.com")])
        .resources([topic.topic_arn()])
        .conditions([("StringEquals", json!({"aws:SourceAccount": stack.account()?}))]);
    topic.add_to_resource_policy(publish.build())?;
    let reason = "A queue of emails that were not delivered would have no reader; the alarm's state stays visible";
    acknowledge(&topic, [("Serverless-SNSRedrivePolicy", reason)])?;
    for email in emails {
        topic.add_subscription(EmailSubscription::new(email))?;
    }
    Ok(topic)
}

/// Options of a metric with a period of `minutes`.
pub(crate) fn period(minutes: u32) -> MetricOptions {
    MetricOptions::new().period(Duration::from_mins(minutes.into()))
}
