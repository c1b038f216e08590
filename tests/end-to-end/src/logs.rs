//! The logs of the deployed functions.

use std::path::Path;

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use serde_json::{Value, json};

/// The construct id of the scheduled function, which its log group's name contains.
const PURGE_RUN_FUNCTION: &str = "ImageInvalidation";
/// The message of the scheduled function at the end of a purge run.
const PURGE_RUN_ENDED: &str = "The purge run ended.";

/// One line of a log.
pub(crate) struct LogLine {
    pub(crate) at_ms: u64,
    pub(crate) message: String,
}

/// The lines of every log group whose name contains `function`; with an empty one, of every function.
pub(crate) async fn lines(cloud: &LocalCloud, function: &str) -> Result<Vec<LogLine>, Cause> {
    let mut lines = Vec::new();
    for group in pages(cloud, "DescribeLogGroups", json!({}), "logGroups").await? {
        let name = group["logGroupName"].as_str().unwrap_or_default();
        if !name.contains(function) {
            continue;
        }
        for event in pages(cloud, "FilterLogEvents", json!({"logGroupName": name}), "events").await? {
            let message = event["message"].as_str().unwrap_or_default().to_owned();
            lines.push(LogLine { at_ms: event["timestamp"].as_u64().unwrap_or_default(), message });
        }
    }
    Ok(lines)
}

/// Writes the lines of every function to a file, in order of time.
pub(crate) async fn write(cloud: &LocalCloud, path: &Path) -> Result<(), Cause> {
    let mut lines = lines(cloud, "").await?;
    lines.sort_by_key(|line| line.at_ms);
    let lines: Vec<_> = lines.into_iter().map(|line| format!("{} {}\n", line.at_ms, line.message)).collect();
    Ok(std::fs::write(path, lines.concat())?)
}

/// The end of each purge run, in milliseconds since 1970 and in order of time. A purge run without work leaves
/// no other trace than its log line.
pub(crate) async fn purge_runs(cloud: &LocalCloud) -> Result<Vec<u64>, Cause> {
    let mut lines = lines(cloud, PURGE_RUN_FUNCTION).await?;
    lines.retain(|line| line.message.contains(PURGE_RUN_ENDED));
    let mut ends: Vec<_> = lines.into_iter().map(|line| line.at_ms).collect();
    ends.sort_unstable();
    Ok(ends)
}

async fn pages(cloud: &LocalCloud, operation: &str, mut input: Value, field: &str) -> Result<Vec<Value>, Cause> {
    let mut all = Vec::new();
    loop {
        let page = cloud.parts.root.json("logs", &format!("Logs_20140328.{operation}"), &input).await?;
        all.extend(page[field].as_array().into_iter().flatten().cloned());
        match page.get("nextToken") {
            Some(token) if token.is_string() => input["nextToken"] = token.clone(),
            _ => return Ok(all),
        }
    }
}
