//! Carries out a plan: S3 first, then CloudFront, then the ledger, and only then the queue.
//!
//! The order is the protocol. Were CloudFront told first, a viewer's request could refill an edge from a stale
//! variant; were the row removed first, a crash would lose the purge. A crash anywhere leaves the rows, and the next
//! run repeats what is left at no cost: deletes are idempotent and a repeated caller reference is free.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ledger::{Invalidation, ledger_row};
use domain::planner::{Batch, Plan, PlannedEntry};
use domain::queue_entry::{QueueEntry, SweepProgress};
use domain::variant_key::Sweep;
use domain::{Target, TenantId};
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use tokio::time::Instant;

use crate::CallFailed;
use crate::cloudfront::CloudFront;
use crate::invalidation_queue::InvalidationQueue;
use crate::purge_ledger::PurgeLedger;
use crate::variants_bucket::{SweepFailed, Swept, VariantsBucket};

/// How many requests to S3 and DynamoDB are under way at once. S3 takes 3,500 deletes a second for one prefix.
const CONCURRENT_CALLS: usize = 16;

/// What carrying out a plan touches.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Swept first.
    pub variants: VariantsBucket,
    /// Told second.
    pub cloudfront: CloudFront,
    /// Written third.
    pub ledger: PurgeLedger,
    /// Cleared last.
    pub queue: InvalidationQueue,
    /// The pause between the deletes and the invalidations when entries leave the queue by them.
    pub edge_fetch_max: Duration,
    /// How long one run may spend on deleting variants. What it cannot finish the next run goes on with.
    pub sweep_max: Duration,
    /// How long the ledger keeps a row.
    pub ledger_retention: Duration,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The invalidations that CloudFront accepted, each with its batch.
    pub invalidations: Vec<(Batch, Invalidation)>,
    /// How many variants were deleted.
    pub variants_deleted: u64,
    /// How many entries left the queue.
    pub entries_removed: u64,
    /// How many entries stay for another pass.
    pub entries_left: u64,
    /// How many of these have variants left that there was no time to delete.
    pub sweeps_unfinished: u64,
    /// What failed. The entries concerned stay in the queue.
    pub failures: Vec<String>,
}

/// How far the deletion of one entry's variants has come.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    is_finished: bool,
    deleted_now: u64,
    deleted_in_all: u64,
}

/// How many variants were deleted for each target that could be swept.
type Deleted = BTreeMap<(TenantId, Target), u64>;

impl Executor {
    /// Carries out `plan`, asked for by `requested_by` (`stream`, or `admin:<subject of the token>`). A failure concerns
    /// only its own batch or entry; it is reported and the entry stays.
    ///
    /// What takes long comes last, so that a pack never waits for the millions of variants of a location.
    pub async fn execute(&self, plan: Plan, requested_by: &str) -> Report {
        let mut report = Report::default();
        let sweep_until = Instant::now() + self.sweep_max;
        let (broad, exact): (Vec<_>, Vec<_>) = plan.batches.into_iter().partition(Batch::is_broad);
        for batches in [exact, broad] {
            self.execute_batches(batches, requested_by, sweep_until, &mut report).await;
        }
        report
    }

    async fn execute_batches(
        &self,
        batches: Vec<Batch>,
        requested_by: &str,
        sweep_until: Instant,
        report: &mut Report,
    ) {
        let is_pause_due = batches.iter().any(Batch::has_settled_entries);
        let deleted = self.sweep(&batches, sweep_until, report).await;
        if is_pause_due {
            tokio::time::sleep(self.edge_fetch_max).await;
        }
        for batch in batches {
            let count = batch.entries.len() as u64;
            let not_deleted: BTreeSet<Target> = batch
                .entries
                .iter()
                .map(|planned| planned.entry.target.clone())
                .filter(|target| !deleted.contains_key(&(batch.tenant.clone(), target.clone())))
                .collect();
            let removed = match batch.without(&not_deleted) {
                Some(batch) => self.invalidate(batch, &deleted, requested_by, report).await,
                None => 0,
            };
            report.entries_removed += removed;
            report.entries_left += count - removed;
        }
    }

    /// Deletes the variants of every entry, as far as the time goes.
    async fn sweep(&self, batches: &[Batch], until: Instant, report: &mut Report) -> Deleted {
        let mut waiting = batches.iter().flat_map(|batch| &batch.entries);
        let mut running = FuturesUnordered::new();
        let mut deleted = Deleted::new();
        loop {
            // One by one: the futures of a whole queue would take more memory than the queue.
            while running.len() < CONCURRENT_CALLS
                && let Some(planned) = waiting.next()
            {
                running.push(self.sweep_one(planned, until));
            }
            let Some((entry, result)) = running.next().await else { return deleted };
            match result {
                Ok(Progress { deleted_now, deleted_in_all, is_finished }) => {
                    report.variants_deleted += deleted_now;
                    if is_finished {
                        deleted.insert((entry.tenant.clone(), entry.target.clone()), deleted_in_all);
                    } else {
                        report.sweeps_unfinished += 1;
                    }
                }
                Err(error) => report.fail(&error),
            }
        }
    }

    /// Deletes one entry's variants, from where an earlier run stopped.
    async fn sweep_one<'a>(
        &self,
        planned: &'a PlannedEntry,
        until: Instant,
    ) -> (&'a QueueEntry, Result<Progress, SweepFailed>) {
        let entry = &planned.entry;
        // What covers many packs always goes a step further; a pack that there is no time for is whole next time.
        if Instant::now() >= until && !entry.target.is_broad() {
            return (entry, Ok(Progress::default()));
        }
        (entry, self.sweep_from(planned, until).await)
    }

    async fn sweep_from(&self, planned: &PlannedEntry, until: Instant) -> Result<Progress, SweepFailed> {
        let PlannedEntry { entry, began_at, .. } = planned;
        let earlier = entry.sweep.as_ref();
        let sweep = Sweep::of(&entry.tenant, &entry.target);
        let before = earlier.map(|progress| progress.after_key.as_str());
        let Swept { variants_deleted: deleted_now, after_key, is_whole, failure } =
            self.variants.sweep(&sweep, before, until).await;
        let deleted_in_all = deleted_now + earlier.map_or(0, |progress| progress.variants_deleted);
        let is_finished = is_whole && failure.is_none();
        if let Some(after_key) = after_key.filter(|after_key| !is_finished && Some(after_key.as_str()) != before) {
            tracing::info!(tenant = %entry.tenant, target = %entry.target, after_key, "the next run goes on deleting");
            let progress = SweepProgress { started_at: *began_at, after_key, variants_deleted: deleted_in_all };
            self.queue.note_sweep(entry, &progress).await?;
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Progress { is_finished, deleted_now, deleted_in_all }),
        }
    }

    /// Tells CloudFront, then the ledger, then clears the queue. Returns how many entries left it.
    async fn invalidate(&self, batch: Batch, deleted: &Deleted, requested_by: &str, report: &mut Report) -> u64 {
        let invalidation = match self.cloudfront.create_invalidation(&batch).await {
            Ok(invalidation) => invalidation,
            Err(error) => {
                report.fail(&error);
                return 0;
            }
        };
        let conclusions: Vec<_> = batch
            .entries
            .iter()
            .map(|planned| self.conclude(&batch, planned, deleted, requested_by, &invalidation))
            .collect();
        let results: Vec<_> = stream::iter(conclusions).buffer_unordered(CONCURRENT_CALLS).collect().await;
        report.invalidations.push((batch, invalidation));
        let mut removed = 0;
        for result in results {
            match result {
                Ok(is_removed) => removed += u64::from(is_removed),
                Err(error) => report.fail(&error),
            }
        }
        removed
    }

    /// Writes an entry's ledger row and lets the entry go if it may. Says whether it went.
    async fn conclude(
        &self,
        batch: &Batch,
        planned: &PlannedEntry,
        deleted: &Deleted,
        requested_by: &str,
        invalidation: &Invalidation,
    ) -> Result<bool, CallFailed> {
        let entry = &planned.entry;
        let count = deleted.get(&(entry.tenant.clone(), entry.target.clone())).copied().unwrap_or_default();
        let row = ledger_row(batch, planned, requested_by, count, invalidation, self.ledger_retention);
        self.ledger.write(&row).await?;
        if planned.is_settled {
            return self.queue.remove_if_unchanged(entry).await;
        }
        self.queue.count_attempt(entry).await?;
        Ok(false)
    }
}

impl Report {
    fn fail(&mut self, error: &impl ToString) {
        let failure = error.to_string();
        tracing::error!(failure, "the entries concerned stay in the queue");
        self.failures.push(failure);
    }
}
