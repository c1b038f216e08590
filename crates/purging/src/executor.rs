//! Carries out a plan: S3 first, then CloudFront, then the ledger; the queue's rows leave when CloudFront is done
//! ([`crate::tracking`]).
//!
//! The order is the protocol. Were CloudFront told first, a viewer's request could refill an edge from a stale
//! variant; were the row removed first, a crash would lose the purge. What is sent is written to the outbox before, so
//! that a crash leaves either the rows or the request, and the next purge run goes on; sending again is idempotent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::purge::batch::{Batch, PlannedEntry};
use domain::purge::ledger::Invalidation;
use domain::purge::planner::Plan;
use domain::purge::purge_request::PurgeRequest;
use domain::{Target, Timestamp};
use futures_util::{StreamExt, stream};

use crate::ports::{Clock, CreateFailed, Lease, Ports, Queue};
use crate::submission::submit;
use crate::variant_deletion::{VariantDeletion, VariantDeletionError, delete_variants};

/// How many batches are under way at once: while one pauses before CloudFront is told, the next one's variants are
/// deleted.
const CONCURRENT_BATCHES: usize = 4;

/// How many entries of a batch have their variants deleted at once. S3 takes 3,500 deletes a second for one prefix.
const CONCURRENT_DELETIONS: usize = 8;

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
    /// The requests that CloudFront rejects as they are; see [`crate::bisection`].
    pub rejected: Vec<PurgeRequest>,
    /// How many variants were deleted.
    pub variants_deleted: u64,
    /// How many entries have variants left that there was no time to delete.
    pub deletions_unfinished: u64,
    /// Whether another purge run has taken the lease meanwhile, so that this one stopped.
    pub is_superseded: bool,
    /// What failed. The entries concerned stay in the queue.
    pub failures: Vec<String>,
}

impl<P: Ports> Executor<P> {
    /// Carries out `plan`. A failure concerns only its own batch or entry; it is reported and the entry stays. No batch
    /// of packs begins after `until`, and a target that spans packs goes one page further each time.
    ///
    /// With a `lease`, its fencing token is checked: nothing is sent once another purge run has taken the lease.
    ///
    /// What takes long comes last, so that a pack never waits for the millions of variants of a location.
    pub async fn execute(&self, plan: Plan, lease: Option<&Lease>, until: Timestamp) -> Report {
        let is_superseded = AtomicBool::new(false);
        let mut report = Report::default();
        let (spanning, exact): (Vec<_>, Vec<_>) = plan.batches.into_iter().partition(Batch::spans_packs);
        for batches in [exact, spanning] {
            let purges: Vec<_> =
                batches.into_iter().map(|batch| self.purge(batch, lease, until, &is_superseded)).collect();
            let mut purges = stream::iter(purges).buffer_unordered(CONCURRENT_BATCHES);
            while let Some(of_batch) = purges.next().await {
                report.add(of_batch);
            }
        }
        report
    }

    /// Purges one batch: deletes its variants, writes its request to the outbox, sends it.
    async fn purge(&self, batch: Batch, lease: Option<&Lease>, until: Timestamp, is_superseded: &AtomicBool) -> Report {
        let mut report = Report::default();
        let is_late = !batch.spans_packs() && self.ports.clock().now() >= until;
        if is_late || is_superseded.load(Ordering::Relaxed) {
            report.deletions_unfinished = batch.entries.len() as u64;
            return report;
        }
        let deleted = self.delete_variants(&batch, until, &mut report).await;
        let not_deleted: BTreeSet<Target> = batch
            .entries
            .iter()
            .map(|planned| planned.entry.target.clone())
            .filter(|target| !deleted.contains_key(target))
            .collect();
        let Some(batch) = batch.without(&not_deleted) else { return report };
        if batch.has_final_entries() {
            self.ports.clock().sleep(self.edge_fetch_max).await;
        }
        let request = PurgeRequest::of(&batch, &deleted, self.ports.clock().now());
        match self.ports.queue().write_request(&request, lease).await {
            Ok(true) => self.send(request, &mut report).await,
            Ok(false) => {
                tracing::warn!("another purge run has taken the lease; this one stops");
                is_superseded.store(true, Ordering::Relaxed);
                report.is_superseded = true;
            }
            Err(error) => report.fail(&error),
        }
        report
    }

    /// Deletes the variants of every entry of `batch`, and says how many of each target whose variants are all gone.
    async fn delete_variants(&self, batch: &Batch, until: Timestamp, report: &mut Report) -> BTreeMap<Target, u64> {
        let mut deleted = BTreeMap::new();
        let deletions: Vec<_> = batch.entries.iter().map(|planned| self.delete_variants_of(planned, until)).collect();
        let mut deletions = stream::iter(deletions).buffer_unordered(CONCURRENT_DELETIONS);
        while let Some((planned, result)) = deletions.next().await {
            match result {
                Ok(VariantDeletion { is_finished, deleted_now, deleted_in_all }) => {
                    report.variants_deleted += deleted_now;
                    if is_finished {
                        deleted.insert(planned.entry.target.clone(), deleted_in_all);
                    } else {
                        report.deletions_unfinished += 1;
                    }
                }
                Err(error) => report.fail(&error),
            }
        }
        deleted
    }

    async fn delete_variants_of<'a>(
        &self,
        planned: &'a PlannedEntry,
        until: Timestamp,
    ) -> (&'a PlannedEntry, Result<VariantDeletion, VariantDeletionError>) {
        (planned, delete_variants(&self.ports, planned, until).await)
    }

    /// Submits a request of the outbox to CloudFront.
    pub(crate) async fn send(&self, mut request: PurgeRequest, report: &mut Report) {
        match submit(&self.ports, &mut request, self.ledger_retention).await {
            Ok(invalidation) => report.accepted.push((request, invalidation)),
            Err(error @ CreateFailed::InvalidArgument { .. }) => {
                tracing::error!(%error, "CloudFront rejected the invalidation; bisecting it");
                report.rejected.push(request);
            }
            Err(error) => report.fail(&error),
        }
    }
}

impl Report {
    /// Adds what came of a part.
    pub fn add(&mut self, part: Self) {
        self.accepted.extend(part.accepted);
        self.rejected.extend(part.rejected);
        self.variants_deleted += part.variants_deleted;
        self.deletions_unfinished += part.deletions_unfinished;
        self.is_superseded |= part.is_superseded;
        self.failures.extend(part.failures);
    }

    /// Notes a failure.
    pub fn fail(&mut self, error: &impl ToString) {
        let failure = error.to_string();
        tracing::error!(failure, "the entries concerned stay in the queue");
        self.failures.push(failure);
    }
}
