//! Executes a plan: S3 first, then CloudFront, then the ledger. Tracking removes the queue's rows when CloudFront has
//! completed the invalidations ([`crate::tracking`]).
//!
//! The order is the protocol. If CloudFront were invalidated first, a viewer's request could refill an edge from a stale
//! variant; if the row were removed first, a crash would lose the purge. Each request is written to the outbox before it
//! is sent, so that a crash leaves either the rows or the request, from which the next purge run continues; sending a
//! request again is idempotent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::purge::batch::{Batch, PlannedEntry};
use domain::purge::ledger::Invalidation;
use domain::purge::planner::Plan;
use domain::purge::purge_request::PurgeRequest;
use domain::{Target, Timestamp};
use futures_util::{StreamExt, stream};
use tracing::Instrument;

use crate::ports::{Clock, CreateInvalidationError, Lease, Outbox, Ports};
use crate::step_error::StepError;
use crate::submission::submit;
use crate::variant_deletion::{VariantDeletion, VariantDeletionError, delete_variants};

/// The number of batches that are executed concurrently: while one pauses before its invalidation, the variants of the
/// next one are deleted.
const CONCURRENT_BATCHES: usize = 4;

/// The number of entries of a batch whose variants are deleted concurrently. S3 takes 3,500 deletes a second for one
/// prefix.
const CONCURRENT_DELETIONS: usize = 8;

/// The executor of plans, over its ports.
#[derive(Debug, Clone)]
pub struct Executor<P> {
    /// The AWS services.
    pub ports: P,
    /// The pause between the deletes and the invalidation of a batch with final entries.
    pub edge_fetch_max: Duration,
    /// The time to live of a ledger row.
    pub ledger_retention: Duration,
}

/// The outcome of executing a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The requests that CloudFront accepted.
    pub accepted: Vec<(PurgeRequest, Invalidation)>,
    /// The requests that CloudFront rejects because of an item; see [`crate::bisection`].
    pub rejected: Vec<PurgeRequest>,
    /// The number of variants that were deleted.
    pub variants_deleted: u64,
    /// The number of entries with variants left when the time ended.
    pub deletions_unfinished: u64,
    /// The number of expired entries that were removed from the queue.
    pub entries_expired: u64,
    /// Whether another purge run took the lease meanwhile, so that this one stopped.
    pub is_superseded: bool,
    /// The failures. The entries concerned stay in the queue.
    pub failures: Vec<StepError>,
}

impl<P: Ports> Executor<P> {
    /// Executes `plan`. A failure concerns only its own batch or entry: it is reported, and the entry stays in the queue.
    /// No batch of packs begins after `until`; of a target that spans packs at least one page of variants is deleted
    /// each time.
    ///
    /// With a `lease`, its fencing token is checked: nothing is sent once another purge run has taken the lease.
    ///
    /// Targets that span packs come last, so that a pack never waits for the millions of variants of a location. Behind
    /// them expired entries are dropped.
    pub async fn execute(&self, plan: Plan, lease: Option<&Lease>, until: Timestamp) -> Report {
        let is_superseded = AtomicBool::new(false);
        let mut report = Report::default();
        let (spanning, exact): (Vec<_>, Vec<_>) = plan.batches.into_iter().partition(Batch::spans_packs);
        for batches in [exact, spanning] {
            let purges: Vec<_> =
                batches.into_iter().map(|batch| self.purge_in_span(batch, lease, until, &is_superseded)).collect();
            let mut purges = stream::iter(purges).buffer_unordered(CONCURRENT_BATCHES);
            while let Some(of_batch) = purges.next().await {
                report.add(of_batch);
            }
        }
        report.add(self.drop_expired(&plan.expired, until).await);
        report
    }

    async fn purge_in_span(
        &self,
        batch: Batch,
        lease: Option<&Lease>,
        until: Timestamp,
        is_superseded: &AtomicBool,
    ) -> Report {
        let tenant = batch.entries.first().map(|planned| planned.entry.tenant.to_string());
        let span = tracing::error_span!("batch", tenant, distribution = batch.distribution.distribution_id);
        self.purge(batch, lease, until, is_superseded).instrument(span).await
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
        match self.ports.outbox().write(&request, lease).await {
            Ok(true) => self.send(request, &mut report).await,
            Ok(false) => {
                tracing::warn!("Another purge run has taken the lease; this one stops.");
                is_superseded.store(true, Ordering::Relaxed);
                report.is_superseded = true;
            }
            Err(error) => report.fail(error),
        }
        report
    }

    /// Deletes the variants of every entry of `batch`, and returns their number for each target of which none is left.
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
                Err(error) => report.fail(error),
            }
        }
        deleted
    }

    async fn delete_variants_of<'a>(
        &self,
        planned: &'a PlannedEntry,
        until: Timestamp,
    ) -> (&'a PlannedEntry, Result<VariantDeletion, VariantDeletionError>) {
        let span = tracing::error_span!("entry", target = %planned.entry.target);
        (planned, delete_variants(&self.ports, planned, until).instrument(span).await)
    }

    /// Submits a request of the outbox to CloudFront.
    pub(crate) async fn send(&self, mut request: PurgeRequest, report: &mut Report) {
        match submit(&self.ports, &mut request, self.ledger_retention).await {
            Ok(invalidation) => report.accepted.push((request, invalidation)),
            Err(error @ CreateInvalidationError::InvalidArgument { .. }) => {
                tracing::warn!(%error, "CloudFront rejected the invalidation; bisecting it.");
                report.rejected.push(request);
            }
            Err(error) => report.fail(error),
        }
    }
}

impl Report {
    /// Adds the outcome of a part.
    pub fn add(&mut self, part: Self) {
        self.accepted.extend(part.accepted);
        self.rejected.extend(part.rejected);
        self.variants_deleted += part.variants_deleted;
        self.deletions_unfinished += part.deletions_unfinished;
        self.entries_expired += part.entries_expired;
        self.is_superseded |= part.is_superseded;
        self.failures.extend(part.failures);
    }

    /// Adds a failure.
    pub fn fail(&mut self, error: impl Into<StepError>) {
        let error = error.into();
        tracing::error!(%error, "A step of the purge failed. Its entries stay in the queue; the next purge run repeats it.");
        self.failures.push(error);
    }
}
