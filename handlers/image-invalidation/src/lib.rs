//! The scheduled run: purges what waits in the invalidation queue.

use std::time::Duration;

use aws_adapters::CallFailed;
use aws_adapters::executor::Report;
use aws_adapters::purger::Purger;
use domain::Timestamp;
use domain::planner::plan;
use serde::Serialize;

/// What one run touches.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Plans and carries out.
    pub purger: Purger,
    /// How long a run may hold the lease: longer than the function's time limit, so that two runs never overlap.
    pub lease: Duration,
}

/// What a run did, as its answer and its log line.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Whether another run holds the lease, so that this one did nothing.
    pub is_leased_elsewhere: bool,
    /// Entries that the queue held.
    pub entries: usize,
    /// Entries whose tenant has no registered distribution.
    pub entries_unregistered: usize,
    /// Entries that left the queue.
    pub entries_removed: u64,
    /// Entries that stay for another pass.
    pub entries_left: u64,
    /// Of these, entries with variants left that there was no time to delete; the next run goes on with them.
    pub sweeps_unfinished: u64,
    /// Invalidations that CloudFront accepted.
    pub invalidations: usize,
    /// Items in them, each billed as one path.
    pub items: usize,
    /// Variants deleted.
    pub variants_deleted: u64,
}

/// Why a run failed. What it concerns stays in the queue; the next run repeats it.
#[derive(Debug, thiserror::Error)]
pub enum RunFailed {
    /// The queue, the registry or the lease could not be reached.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// Some batches, entries or rows failed; everything else was carried out.
    #[error("{} of the run's steps failed and are repeated by the next run; the first: {}", .0.len(), .0[0])]
    Steps(Vec<String>),
}

impl Handler {
    /// Runs once. `owner` identifies this run and `now` is when it begins.
    pub async fn run(&self, owner: &str, now: Timestamp) -> Result<Summary, RunFailed> {
        let queue = &self.purger.executor.queue;
        if !queue.take_lease(owner, now, self.lease).await? {
            tracing::warn!("another run holds the lease; this one leaves the queue to it");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        }
        let result = self.purge(now).await;
        let released = queue.release_lease(owner).await;
        // Of two failures the first one says what is wrong.
        let summary = result?;
        released?;
        Ok(summary)
    }

    async fn purge(&self, now: Timestamp) -> Result<Summary, RunFailed> {
        let Purger { tenants, executor, delays, budgets } = &self.purger;
        let queue = executor.queue.read().await?;
        let mut failures: Vec<String> = queue.unreadable.iter().map(ToString::to_string).collect();
        let mut summary = Summary { entries: queue.entries.len(), ..Summary::default() };
        if !queue.entries.is_empty() {
            let tenants = tenants.tenants().await?;
            let plan = plan(now, queue.entries, &tenants, delays, budgets);
            summary.entries_unregistered = plan.unregistered.len();
            failures.extend(plan.unregistered.iter().map(|entry| {
                format!("{} of {} waits: no distribution is registered for that tenant", entry.target, entry.tenant)
            }));
            let report = executor.execute(plan, "stream").await;
            summary.add(&report);
            failures.extend(report.failures);
        }
        tracing::info!(summary = %serde_json::json!(summary), "run finished");
        if failures.is_empty() { Ok(summary) } else { Err(RunFailed::Steps(failures)) }
    }
}

impl Summary {
    fn add(&mut self, report: &Report) {
        self.entries_removed = report.entries_removed;
        self.entries_left = report.entries_left;
        self.sweeps_unfinished = report.sweeps_unfinished;
        self.invalidations = report.invalidations.len();
        self.items = report.invalidations.iter().map(|(batch, _)| batch.items.len()).sum();
        self.variants_deleted = report.variants_deleted;
    }
}
