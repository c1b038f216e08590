//! The alarm on late events.

use local_cloud::cause::Cause;
use local_cloud::expectation::wait_for;

use super::{Alarms, SEEN_WITHIN, WAITS};
use crate::faults::DENIAL;
use crate::function::{ExecutionRole, Function, Grant};
use crate::logs;

/// The messages of a function that has not published an event, and that has.
const NOT_YET: &str = "The event of a completed purge is not published yet";
const PUBLISHED: &str = "The event of a completed purge is published.";

impl Alarms<'_> {
    /// The events of an edit wait in the ledger's stream while the function may not publish. No purge waits for them.
    pub(super) async fn late_event(&mut self) -> Result<String, Cause> {
        let role = ExecutionRole::find(self.cloud, Function::PurgeEvents).await?;
        role.grant(&Grant::denial(DENIAL, "events:PutEvents")).await?;
        let purged = async {
            self.edit_and_purge().await?;
            let failed_at = self.logged(NOT_YET, 0).await?;
            tokio::time::sleep(WAITS).await;
            Ok::<_, Cause>(failed_at)
        };
        let failed_at = purged.await;
        role.revoke(DENIAL).await?;
        let failed_at = failed_at?;
        let published_at = self.logged(PUBLISHED, failed_at).await?;
        let late = published_at - failed_at;
        if u128::from(late) < WAITS.as_millis() {
            return Err(
                format!("an event was published {late} ms after the first failure, without a permission").into()
            );
        }
        Ok(format!("an event was published {late} ms after it had failed for the first time"))
    }

    /// The time of the first line with `message` at or after `since_ms` in the log of purge-events.
    async fn logged(&self, message: &str, since_ms: u64) -> Result<u64, Cause> {
        wait_for(&format!("{message:?} in the log"), SEEN_WITHIN, async || {
            let lines = logs::lines(self.cloud, &Function::PurgeEvents.to_string()).await?;
            let times = lines.iter().filter(|line| line.at_ms >= since_ms && line.message.contains(message));
            Ok(times.map(|line| line.at_ms).min().ok_or_else(|| format!("{} lines without it", lines.len())))
        })
        .await
    }
}
