//! Executes a plan: S3 first, then CloudFront, then the ledger. Tracking removes the queue's rows when CloudFront has
//! completed the invalidations ([`crate::tracking`]).
//!
//! The order is the protocol. If CloudFront were invalidated first, a viewer's request could refill an edge from a stale
//! variant; if the row were removed first, a crash would lose the purge. Each request is written to the outbox before it
//! is sent, so that a crash leaves either the rows or the request, from which the next purge run continues; sending a
//! request again is idempotent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::purge::batch::{Batch, PlannedEntry};
use domain::purge::ledger::Invalidation;
use domain::purge::planner::Plan;
use domain::purge::purge_request::PurgeRequest;
use domain::{Target, Timestamp};
use futures_util::lock::Mutex as AsyncMutex;
use futures_util::{StreamExt, stream};
use tracing::Instrument;

use crate::delayed::{Delayed, is_delay};
use crate::ports::{CallError, Clock, CreateInvalidationError, Lease, Outbox, Ports};
use crate::retry::while_busy;
use crate::step_error::StepError;
use crate::submission::{SubmissionError, submit};
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

/// The longest time for which a write to the outbox is repeated while DynamoDB is busy.
const OUTBOX_WRITE_MAX: Duration = Duration::from_secs(10);

/// The execution of one plan, which its batches share.
struct Execution<'a> {
    lease: Option<&'a Lease>,
    until: Timestamp,
    /// Whether another purge run has taken the lease.
    is_superseded: AtomicBool,
    /// The distributions that the function has no permission for, or that do not exist.
    unavailable: Mutex<BTreeSet<String>>,
    /// Held while a request is written to the outbox. The write is a transaction that checks the lease, and DynamoDB
    /// cancels one of two transactions on the same item.
    outbox_write: AsyncMutex<()>,
}

/// The outcome of executing a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The requests that CloudFront accepted.
    pub accepted: Vec<(PurgeRequest, Invalidation)>,
    /// The requests that CloudFront rejects because of an item; see [`crate::bisection`].
    pub rejected: Vec<PurgeRequest>,
    /// The requests that are delayed: CloudFront has rejected them for a reason that can end.
    pub delayed: Vec<Delayed>,
    /// The number of entries that were left alone because their distribution is unavailable.
    pub entries_unavailable: usize,
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
    /// The batches of distributions that are `unavailable`, or turn out to be, are left alone: their calls would fail too.
    ///
    /// Targets that span packs come last, so that a pack never waits for the millions of variants of a location. Behind
    /// them expired entries are dropped.
    pub async fn execute(
        &self,
        plan: Plan,
        lease: Option<&Lease>,
        until: Timestamp,
        unavailable: BTreeSet<String>,
    ) -> Report {
        let execution = Execution {
            lease,
            until,
            is_superseded: AtomicBool::new(false),
            unavailable: Mutex::new(unavailable),
            outbox_write: AsyncMutex::new(()),
        };
        let mut report = Report::default();
        let (spanning, exact): (Vec<_>, Vec<_>) = plan.batches.into_iter().partition(Batch::spans_packs);
        for batches in [exact, spanning] {
            let purges: Vec<_> = batches.into_iter().map(|batch| self.purge_in_span(batch, &execution)).collect();
            let mut purges = stream::iter(purges).buffer_unordered(CONCURRENT_BATCHES);
            while let Some(of_batch) = purges.next().await {
                report.add(of_batch);
            }
        }
        report.add(self.drop_expired(&plan.expired, until).await);
        report
    }

    async fn purge_in_span(&self, batch: Batch, execution: &Execution<'_>) -> Report {
        let tenant = batch.entries.first().map(|planned| planned.entry.tenant.to_string());
        let span = tracing::error_span!("batch", tenant, distribution = batch.distribution.distribution_id);
        self.purge(batch, execution).instrument(span).await
    }

    /// Purges one batch: deletes its variants, writes its request to the outbox, sends it.
    async fn purge(&self, batch: Batch, execution: &Execution<'_>) -> Report {
        let mut report = Report::default();
        if execution.is_unavailable(&batch.distribution.distribution_id) {
            report.entries_unavailable = batch.entries.len();
            return report;
        }
        let is_late = !batch.spans_packs() && self.ports.clock().now() >= execution.until;
        if is_late || execution.is_superseded.load(Ordering::Relaxed) {
            report.deletions_unfinished = batch.entries.len() as u64;
            return report;
        }
        let deleted = self.delete_variants(&batch, execution.until, &mut report).await;
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
        let written = {
            let _alone = execution.outbox_write.lock().await;
            self.write(&request, execution.lease).await
        };
        match written {
            Ok(true) => {
                self.send(request, &mut report).await;
                execution.note_unavailable(&report.delayed);
            }
            Ok(false) => {
                tracing::warn!("Another purge run has taken the lease; this one stops.");
                execution.is_superseded.store(true, Ordering::Relaxed);
                report.is_superseded = true;
            }
            Err(error) => report.fail(error),
        }
        report
    }

    /// Writes a request to the outbox, again while DynamoDB is busy. `false`: another purge run has taken the lease.
    pub(crate) async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let clock = self.ports.clock();
        let until = clock.now().plus(OUTBOX_WRITE_MAX);
        while_busy(clock, until, || self.ports.outbox().write(request, lease)).await
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
            Err(SubmissionError::Create(error @ CreateInvalidationError::InvalidArgument { .. })) => {
                tracing::warn!(%error, "CloudFront rejected the invalidation; bisecting it.");
                report.rejected.push(request);
            }
            Err(SubmissionError::Create(CreateInvalidationError::Call(error))) if is_delay(&error) => {
                let delayed = Delayed { request, error };
                delayed.log();
                report.delayed.push(delayed);
            }
            Err(SubmissionError::Create(error)) => report.fail(error),
            Err(SubmissionError::Write(error)) => report.fail(error),
        }
    }
}

impl Execution<'_> {
    fn is_unavailable(&self, distribution_id: &str) -> bool {
        self.unavailable.lock().unwrap_or_else(PoisonError::into_inner).contains(distribution_id)
    }

    fn note_unavailable(&self, delayed: &[Delayed]) {
        let unavailable = delayed.iter().filter(|delayed| !delayed.is_throttled());
        let ids = unavailable.map(|delayed| delayed.request.distribution.distribution_id.clone());
        self.unavailable.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }
}

impl Report {
    /// Adds the outcome of a part.
    pub fn add(&mut self, part: Self) {
        self.accepted.extend(part.accepted);
        self.rejected.extend(part.rejected);
        self.delayed.extend(part.delayed);
        self.entries_unavailable += part.entries_unavailable;
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
