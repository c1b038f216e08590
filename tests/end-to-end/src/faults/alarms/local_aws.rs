//! The metrics that the local AWS and the logs have, and the concurrency of its functions.

use contract::Metric;
use contract::metrics::NAMESPACE;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq};
use local_cloud::ministack::CLOUDFRONT_REGION;
use local_cloud::root_call::elements;
use reqwest::Method;
use serde_json::{Value, json};

use super::Alarms;
use crate::faults::purge_runs::{FUNCTIONS, function_name};
use crate::function::Function;
use crate::logs;

/// The deployed alarms, each with its metric.
pub(super) async fn deployed_alarms(cloud: &LocalCloud) -> Result<Vec<(String, String)>, Cause> {
    let root = &cloud.parts.root;
    let mut deployed = Vec::new();
    for (root, stack) in [(root, "pipeline"), (&root.in_region(CLOUDFRONT_REGION), "cloudfront-alarms")] {
        let found = root.query("monitoring", "DescribeAlarms", &[("MaxRecords", "100")]).await?;
        let (names, metrics) = (elements(&found, "AlarmName"), elements(&found, "MetricName"));
        expect_eq("the alarms with a metric", &metrics.len(), &names.len())?;
        let prefix = format!("{}{stack}-", cloud.stack_prefix());
        deployed.extend(names.into_iter().zip(metrics).filter_map(|(name, metric)| {
            let name = name.strip_prefix(&prefix)?;
            // The hash of the construct's path and a random part are behind the id, which ends with `Alarm`.
            Some((format!("{}Alarm", name.split("Alarm").next()?), metric.to_owned()))
        }));
    }
    Ok(deployed)
}

impl Alarms<'_> {
    /// The largest value of `metric` in the records that image-invalidation has written since `since_ms`.
    pub(super) async fn largest(&self, metric: Metric, since_ms: u64) -> Result<u64, Cause> {
        let lines = logs::lines(self.cloud, &Function::ImageInvalidation.to_string()).await?;
        let records = lines.iter().filter_map(|line| serde_json::from_str::<Value>(&line.message).ok());
        let values = records.filter_map(|record| {
            let declared = &record["_aws"]["CloudWatchMetrics"][0];
            let is_declared = declared["Metrics"].as_array()?.iter().any(|one| one["Name"] == metric.name());
            let is_recent = record["_aws"]["Timestamp"].as_u64()? >= since_ms;
            (is_declared && is_recent && declared["Namespace"] == NAMESPACE).then(|| record[metric.name()].as_u64())?
        });
        Ok(values.max().unwrap_or_default())
    }

    /// The sum of a metric of `function` that the local AWS counts.
    pub(super) async fn counted(&self, function: Function, metric: &str) -> Result<u64, Cause> {
        let root = &self.cloud.parts.root;
        let name = function_name(root, self.cloud.stack_prefix(), function).await?;
        let parameters = [
            ("Namespace", "AWS/Lambda"),
            ("MetricName", metric),
            ("Dimensions.member.1.Name", "FunctionName"),
            ("Dimensions.member.1.Value", &name),
            ("StartTime", "2026-01-01T00:00:00Z"),
            ("EndTime", "2099-01-01T00:00:00Z"),
            ("Period", "60"),
            ("Statistics.member.1", "Sum"),
        ];
        let statistics = root.query("monitoring", "GetMetricStatistics", &parameters).await?;
        let sums = elements(&statistics, "Sum").into_iter().filter_map(|sum| sum.parse::<f64>().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of ones")]
        Ok(sums.sum::<f64>() as u64)
    }

    pub(super) async fn expect_counted(&self, function: Function, metric: &str, before: u64) -> Result<String, Cause> {
        let counted = self.counted(function, metric).await? - before;
        if counted == 0 {
            return Err(UnmetError::new(format!("one more in {metric}"), "none".to_owned()).into());
        }
        Ok(format!("AWS/Lambda counts {counted} more"))
    }

    /// Invokes `function` and returns the status.
    pub(super) async fn invoke(&self, function: Function) -> Result<u16, Cause> {
        let root = &self.cloud.parts.root;
        let name = function_name(root, self.cloud.stack_prefix(), function).await?;
        let path = format!("{FUNCTIONS}/{name}/invocations");
        Ok(root.request("lambda", Method::POST, &path).body("{}").send().await?.status().as_u16())
    }

    /// Takes all concurrency from a function, or gives it back.
    pub(super) async fn limit(&self, function: Function, is_limited: bool) -> Result<(), Cause> {
        let name = function_name(&self.cloud.parts.root, self.cloud.stack_prefix(), function).await?;
        let path = format!("/2017-10-31/functions/{name}/concurrency");
        let none = json!({"ReservedConcurrentExecutions": 0});
        let (method, body) = if is_limited { (Method::PUT, Some(&none)) } else { (Method::DELETE, None) };
        self.cloud.parts.root.rest("lambda", method, &path, body).await.map(drop)
    }
}
