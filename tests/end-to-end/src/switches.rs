//! The switches that an operator could have left off.

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use recovery::Installation;
use reqwest::Method;
use serde_json::json;

/// Enables or disables the schedule of purge runs.
pub(crate) async fn schedule(cloud: &LocalCloud, installation: &Installation, is_on: bool) -> Result<(), Cause> {
    let path = format!("/schedules/{}", installation.schedule_name);
    let mut schedule = cloud.parts.root.rest("scheduler", Method::GET, &path, None).await?;
    schedule["State"] = json!(if is_on { "ENABLED" } else { "DISABLED" });
    cloud.parts.root.rest("scheduler", Method::PUT, &path, Some(&schedule)).await.map(drop)
}

/// Enables or disables the delivery of the table's stream.
pub(crate) async fn stream(cloud: &LocalCloud, installation: &Installation, is_on: bool) -> Result<(), Cause> {
    let path = format!("/2015-03-31/event-source-mappings/{}", installation.stream_mapping_id);
    cloud.parts.root.rest("lambda", Method::PUT, &path, Some(&json!({"Enabled": is_on}))).await.map(drop)
}
