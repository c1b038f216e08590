//! The steps in which traffic is shifted to a new version of a function.

use schemars::JsonSchema;
use serde::Deserialize;

/// The steps in which CodeDeploy shifts the traffic of a function to a new version. An alarm of the function rolls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TrafficShift {
    /// A tenth for five minutes, then all.
    #[serde(rename = "canary-10-percent-5-minutes")]
    Canary10Percent5Minutes,
    /// A tenth for half an hour, then all.
    #[serde(rename = "canary-10-percent-30-minutes")]
    Canary10Percent30Minutes,
    /// A further tenth each minute.
    #[serde(rename = "linear-10-percent-every-1-minute")]
    Linear10PercentEvery1Minute,
}
