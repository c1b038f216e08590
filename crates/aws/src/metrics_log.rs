//! The metrics, as records of CloudWatch's embedded metric format in the function's log: CloudWatch Logs extracts the
//! metrics, without a call and without a permission (docs/adr/0040-metrics-alarms-and-correlation.md).

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use contract::metrics::{DIMENSION, Metric, NAMESPACE};
use domain::{Measurements, Timestamp};
use serde_json::{Map, Value, json};

/// The log of metrics: standard output in a deployed function, memory in tests.
#[derive(Debug, Clone, Default)]
pub struct MetricsLog {
    environment: String,
    memory: Option<Arc<Mutex<Vec<Value>>>>,
}

impl MetricsLog {
    /// The log of a function of `environment`.
    #[must_use]
    pub fn new(environment: String) -> Self {
        Self { environment, memory: None }
    }

    /// A log that keeps its records instead of writing them.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { environment: "test".to_owned(), memory: Some(Arc::default()) }
    }

    /// The values of `metric` in the records that were kept, in their order.
    #[must_use]
    pub fn values(&self, metric: Metric) -> Vec<u64> {
        let records = self.memory.as_ref().map(|memory| memory.lock().unwrap_or_else(PoisonError::into_inner).clone());
        records.into_iter().flatten().filter_map(|record| record[metric.name()].as_u64()).collect()
    }

    /// Writes one record of `measurements` that were taken `at`. Metrics are for operators: a log that cannot be written
    /// fails no request.
    pub fn record(&self, measurements: &Measurements, at: Timestamp) {
        let record = record(&self.environment, measurements, at);
        match &self.memory {
            Some(memory) => memory.lock().unwrap_or_else(PoisonError::into_inner).push(record),
            // One write, so that no other line gets between.
            None => drop(io::stdout().write_all(format!("{record}\n").as_bytes())),
        }
    }
}

/// The record of `measurements` ("Specification: Embedded metric format", CloudWatch user guide): the values as members
/// that `_aws` declares to be metrics, the others as fields for queries of the log.
fn record(environment: &str, measurements: &Measurements, at: Timestamp) -> Value {
    let Measurements { tenant, target, correlation_id, values } = measurements;
    let metrics: Vec<_> =
        values.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit().name()})).collect();
    let declaration = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics});
    let mut record = Map::new();
    record.insert("_aws".to_owned(), json!({"Timestamp": at.as_millis(), "CloudWatchMetrics": [declaration]}));
    record.insert(DIMENSION.to_owned(), json!(environment));
    let fields = [
        ("tenant", tenant.as_ref().map(ToString::to_string)),
        ("target", target.as_ref().map(ToString::to_string)),
        ("correlation_id", correlation_id.clone()),
    ];
    record.extend(fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))));
    record.extend(values.iter().map(|(metric, value)| (metric.name().to_owned(), json!(value))));
    Value::Object(record)
}

#[cfg(test)]
mod tests {
    use domain::{Target, TenantId};

    use super::*;

    #[test]
    fn a_record_has_its_metrics_with_the_environment_as_their_only_dimension_and_the_tenant_as_a_field() {
        let measurements = Measurements {
            tenant: TenantId::parse("acme").ok(),
            target: Target::parse("pack#cat").ok(),
            correlation_id: Some("7@request".to_owned()),
            values: vec![(Metric::WriteToFresh, 1_200), (Metric::EstimatedPrice, 5_000)],
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 99,
                "CloudWatchMetrics": [{
                    "Namespace": "ImageCacheInvalidation",
                    "Dimensions": [["environment"]],
                    "Metrics": [
                        {"Name": "WriteToFresh", "Unit": "Milliseconds"},
                        {"Name": "EstimatedPrice", "Unit": "None"},
                    ],
                }],
            },
            "environment": "dev",
            "tenant": "acme",
            "target": "pack#cat",
            "correlation_id": "7@request",
            "WriteToFresh": 1_200,
            "EstimatedPrice": 5_000,
        });
        assert_eq!(record("dev", &measurements, Timestamp::from_millis(99)), expected);
        assert_eq!(record("dev", &Measurements::default(), Timestamp::from_millis(0)).get("tenant"), None);
    }
}
