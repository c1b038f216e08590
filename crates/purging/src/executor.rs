//! Carries out a plan: S3 first, then CloudFront, then the ledger; the queue's rows leave when CloudFront is done
//! ([`crate::follow_up`]).
//!
//! The order is the protocol. Were CloudFront told first, a viewer's request could refill an edge from a stale
//! variant; were the row removed first, a crash would lose the purge. What is sent is written down before, so that a
//! crash leaves either the rows or the request, and the next run goes on at no cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::purge::ledger::Invalidation;
use domain::purge::planner::{Batch, Plan, PlannedEntry};
use domain::purge::purge_request::PurgeRequest;
use domain::{Target, Timestamp};
use futures_util::{StreamExt, stream};

use crate::dispatch::dispatch;
use crate::ports::{Clock, CreateFailed, Lease, Ports, Queue};
use crate::sweep::{SweepFailed, Swept, sweep};

/// How many batches are under way at once: while one pauses before CloudFront is told, the next one's variants are
/// deleted.
const CONCURRENT_BATCHES: usize = 4;

/// How many entries of a batch are swept at once. S3 takes 3,500 deletes a second for one prefix.
const CONCURRENT_SWEEPS: usize = 8;

/// What carrying out a plan needs.
#[derive(Debug, Clone)]
pub struct Executor<P> {
    /// The world outside.
    pub ports: P,
    /// The pause between the deletes and the invalidation of a batch when entries leave the queue by it.
    pub edge_fetch_max: Duration,
    /// How long the ledger keeps a row.
    pub ledger_retention: Duration,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The requests that CloudFront accepted.
    pub accepted: Vec<(PurgeRequest, Invalidation)>,
    /// The requests that CloudFront refuses as they are; see [`crate::isolation`].
    pub refused: Vec<PurgeRequest>,
    /// How many variants were deleted.
    pub variants_deleted: u64,
    /// How many entries have variants left that there was no time to delete.
    pub sweeps_unfinished: u64,
    /// Whether another run has taken the lease meanwhile, so that this one stopped.
    pub is_fenced: bool,
    /// What failed. The entries concerned stay in the queue.
    pub failures: Vec<String>,
}

impl<P: Ports> Executor<P> {
    /// Carries out `plan`. A failure concerns only its own batch or entry; it is reported and the entry stays. No batch
    /// of packs begins after `until`, and what covers many packs goes one page further each time.
    ///
    /// With a `fence`, nothing is sent once somebody else has taken the lease.
    ///
    /// What takes long comes last, so that a pack never waits for the millions of variants of a location.
    pub async fn execute(&self, plan: Plan, fence: Option<&Lease>, until: Timestamp) -> Report {
        let is_fenced = AtomicBool::new(false);
        let mut report = Report::default();
        let (broad, exact): (Vec<_>, Vec<_>) = plan.batches.into_iter().partition(Batch::is_broad);
        for batches in [exact, broad] {
            let purges: Vec<_> = batches.into_iter().map(|batch| self.purge(batch, fence, until, &is_fenced)).collect();
            let mut purges = stream::iter(purges).buffer_unordered(CONCURRENT_BATCHES);
            while let Some(of_batch) = purges.next().await {
                report.add(of_batch);
            }
        }
        report
    }

    /// Purges one batch: deletes its variants, writes its request down, sends it.
    async fn purge(&self, batch: Batch, fence: Option<&Lease>, until: Timestamp, is_fenced: &AtomicBool) -> Report {
        let mut report = Report::default();
        let is_late = !batch.is_broad() && self.ports.clock().now() >= until;
        if is_late || is_fenced.load(Ordering::Relaxed) {
            report.sweeps_unfinished = batch.entries.len() as u64;
            return report;
        }
        let deleted = self.sweep(&batch, until, &mut report).await;
        let not_deleted: BTreeSet<Target> = batch
            .entries
            .iter()
            .map(|planned| planned.entry.target.clone())
            .filter(|target| !deleted.contains_key(target))
            .collect();
        let Some(batch) = batch.without(&not_deleted) else { return report };
        if batch.has_settled_entries() {
            self.ports.clock().sleep(self.edge_fetch_max).await;
        }
        let request = PurgeRequest::of(&batch, &deleted, self.ports.clock().now());
        match self.ports.queue().write_request(&request, fence).await {
            Ok(true) => self.send(request, &mut report).await,
            Ok(false) => {
                tracing::warn!("another run has taken the lease; this one stops");
                is_fenced.store(true, Ordering::Relaxed);
                report.is_fenced = true;
            }
            Err(error) => report.fail(&error),
        }
        report
    }

    /// Deletes the variants of every entry of `batch`, and says how many of each target whose variants are all gone.
    async fn sweep(&self, batch: &Batch, until: Timestamp, report: &mut Report) -> BTreeMap<Target, u64> {
        let mut deleted = BTreeMap::new();
        let sweeps: Vec<_> = batch.entries.iter().map(|planned| self.sweep_one(planned, until)).collect();
        let mut sweeps = stream::iter(sweeps).buffer_unordered(CONCURRENT_SWEEPS);
        while let Some((planned, result)) = sweeps.next().await {
            match result {
                Ok(Swept { is_finished, deleted_now, deleted_in_all }) => {
                    report.variants_deleted += deleted_now;
                    if is_finished {
                        deleted.insert(planned.entry.target.clone(), deleted_in_all);
                    } else {
                        report.sweeps_unfinished += 1;
                    }
                }
                Err(error) => report.fail(&error),
            }
        }
        deleted
    }

    async fn sweep_one<'a>(
        &self,
        planned: &'a PlannedEntry,
        until: Timestamp,
    ) -> (&'a PlannedEntry, Result<Swept, SweepFailed>) {
        (planned, sweep(&self.ports, planned, until).await)
    }

    /// Sends a request that is written down.
    pub(crate) async fn send(&self, mut request: PurgeRequest, report: &mut Report) {
        match dispatch(&self.ports, &mut request, self.ledger_retention).await {
            Ok(invalidation) => report.accepted.push((request, invalidation)),
            Err(error @ CreateFailed::InvalidArgument { .. }) => {
                tracing::error!(%error, "the request is taken apart");
                report.refused.push(request);
            }
            Err(error) => report.fail(&error),
        }
    }
}

impl Report {
    /// Adds what came of a part.
    pub fn add(&mut self, part: Self) {
        self.accepted.extend(part.accepted);
        self.refused.extend(part.refused);
        self.variants_deleted += part.variants_deleted;
        self.sweeps_unfinished += part.sweeps_unfinished;
        self.is_fenced |= part.is_fenced;
        self.failures.extend(part.failures);
    }

    /// Notes a failure.
    pub fn fail(&mut self, error: &impl ToString) {
        let failure = error.to_string();
        tracing::error!(failure, "the entries concerned stay in the queue");
        self.failures.push(failure);
    }
}
