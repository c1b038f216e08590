//! The logs and the allowed values of their keys.

use schemars::JsonSchema;
use serde::Deserialize;

use super::rules::NotAllowed;
use super::{Environment, ViewerMode};

/// The logs of functions and of requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// Retention of all logs, in days.
    pub kept_days: u32,
    /// Whether the requests to the distributions are logged to a bucket.
    pub distributions: bool,
    /// Whether the requests to the buckets are logged to a bucket.
    pub buckets: bool,
}

/// The retentions that CloudWatch Logs offers, in days (`PutRetentionPolicy`, API reference).
pub(crate) const KEPT_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The regions to whose buckets CloudFront delivers access logs: those that every account has without opting in
/// ("Configure standard logging (legacy)", CloudFront developer guide).
const REGIONS_OF_DISTRIBUTION_LOGS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The first value that is not allowed.
pub(super) fn not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let (logs, region) = (&environment.logs, environment.region.as_str());
    if !KEPT_DAYS.contains(&logs.kept_days) {
        let allowed = format!("a retention that CloudWatch offers: one of {KEPT_DAYS:?}");
        return Some(NotAllowed::new("logs.kept_days", logs.kept_days.to_string(), allowed));
    }
    if logs.distributions && environment.viewer.mode == ViewerMode::MultiTenant {
        let allowed = "false with viewer.mode = \"multi-tenant\": CloudFront does not deliver logs of a multi-tenant \
                       distribution this way";
        return Some(NotAllowed::new("logs.distributions", "true", allowed));
    }
    if logs.distributions && !REGIONS_OF_DISTRIBUTION_LOGS.contains(&region) {
        let allowed = format!("false in {region}: CloudFront delivers no access logs to buckets of regions to opt in");
        return Some(NotAllowed::new("logs.distributions", "true", allowed));
    }
    None
}
