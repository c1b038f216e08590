//! The alarm on late events.

use local_cloud::cause::Cause;
use local_cloud::expectation::wait_for;
use reqwest::Method;
use serde_json::json;

use super::{Alarms, SEEN_WITHIN, WAITS};
use crate::faults::purge_runs::function_name;
use crate::function::Function;
use crate::logs;

/// The message of a function that has published an event.
const PUBLISHED: &str = "The event of a completed purge is published.";
/// The event source mappings of Lambda.
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";

impl Alarms<'_> {
    /// The events of an edit wait in the ledger's stream while the function does not read it. No purge waits for them. (The
    /// local AWS takes a record that a function reports as failed for done.)
    pub(super) async fn late_event(&mut self) -> Result<String, Cause> {
        let mapping = self.mapping().await?;
        self.read_ledger(&mapping, false).await?;
        let purged = self.edit_and_purge().await;
        tokio::time::sleep(WAITS).await;
        self.read_ledger(&mapping, true).await?;
        purged?;
        let ledger = self.cloud.observer()?.ledger().await?;
        let completed_at = ledger.iter().filter_map(|row| row.completed_at).max().ok_or("no purge is completed")?;
        let completed_at = completed_at.as_millis();
        let published_at = wait_for("the published event in the log", SEEN_WITHIN, async || {
            let lines = logs::lines(self.cloud, &Function::PurgeEvents.to_string()).await?;
            let published = lines.iter().filter(|line| line.at_ms >= completed_at && line.message.contains(PUBLISHED));
            Ok(published.map(|line| line.at_ms).max().ok_or_else(|| format!("{} lines without it", lines.len())))
        })
        .await?;
        let late = published_at - completed_at;
        if u128::from(late) < WAITS.as_millis() {
            return Err(
                format!("an event was published {late} ms after its purge, without a reader of the stream").into()
            );
        }
        Ok(format!("an event was published {late} ms after its purge had completed"))
    }

    /// The mapping of the ledger's stream.
    async fn mapping(&self) -> Result<String, Cause> {
        let root = &self.cloud.parts.root;
        let name = function_name(root, self.cloud.stack_prefix(), Function::PurgeEvents).await?;
        let mappings = root.rest("lambda", Method::GET, &format!("{MAPPINGS}/"), None).await?;
        let mut mappings = mappings["EventSourceMappings"].as_array().into_iter().flatten();
        let mapping = mappings.find(|mapping| mapping["FunctionArn"].as_str().is_some_and(|arn| arn.contains(&name)));
        let id = mapping.and_then(|mapping| mapping["UUID"].as_str());
        Ok(id.ok_or_else(|| format!("{name} has no event source mapping"))?.to_owned())
    }

    async fn read_ledger(&self, mapping: &str, is_on: bool) -> Result<(), Cause> {
        let path = format!("{MAPPINGS}/{mapping}");
        self.cloud.parts.root.rest("lambda", Method::PUT, &path, Some(&json!({"Enabled": is_on}))).await.map(drop)
    }
}
