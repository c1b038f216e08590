//! The purge run: one invocation that tracks the invalidations in flight and purges the entries of the queue.

mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::purge::distribution::Distribution;
use domain::purge::ledger::Invalidation;
use domain::purge::planner::plan;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Context, TenantId, Timestamp};
use tracing::Instrument;

use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{CallError, Clock, DeadLetters, Lease, Leases, Outbox, Ports, Queue, Rows, Tenants};
use crate::purger::Purger;
use crate::retry::while_busy;
use crate::step_error::StepError;
use crate::tracking::Tracked;

pub use self::summary::Summary;

/// The first pause of a purge run that waits for CloudFront; each next one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// The time before the deadline that is reserved for sending the last batches and writing their rows.
const SENDING_MAX: Duration = Duration::from_mins(1);
/// The time before the deadline that is reserved for tracking the requests once more and releasing the lease.
const ENDING_MAX: Duration = Duration::from_secs(20);

/// The longest time for which a purge run repeats a read or a write of its own that a service is too busy for: that of
/// the lease, of the outbox, of the queue or of the registry.
const BUSY_MAX: Duration = Duration::from_secs(20);

/// The purge run over its ports.
#[derive(Debug, Clone)]
pub struct PurgeRun<P, D> {
    /// The planner's limits and the executor.
    pub purger: Purger<P>,
    /// The queue for entries that CloudFront rejects.
    pub dead_letters: D,
    /// The duration of the lease: longer than the function's time limit, so that two purge runs seldom overlap.
    pub lease: Duration,
    /// The longest time that a purge run waits for CloudFront to complete its requests, so that the ledger shows the
    /// completion before the next purge run.
    pub tracking_max: Duration,
}

/// A failure of a purge run. The entries concerned stay in the queue; the next purge run repeats the steps.
#[derive(Debug, thiserror::Error)]
pub enum PurgeRunError {
    /// A call to the queue, the registry or the lease failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Some steps failed; all others were executed.
    #[error("{} of the purge run's steps failed and are repeated by the next purge run; the first: {}", .0.len(), .0[0])]
    Steps(Vec<StepError>),
}

/// The state of a purge run.
#[derive(Debug, Default)]
struct Progress {
    summary: Summary,
    failures: Vec<StepError>,
    /// The requests in flight.
    in_flight: Vec<PurgeRequest>,
    /// The requests that are delayed: CloudFront has rejected them for a reason that can end.
    delayed: Vec<Delayed>,
    /// The requests that CloudFront rejects and that are not bisected yet.
    rejected: Vec<PurgeRequest>,
}

impl<P: Ports, D: DeadLetters> PurgeRun<P, D> {
    /// Runs once, as the owner `context.id`, and ends before `context.deadline`.
    pub async fn run(&self, context: &Context) -> Result<Summary, PurgeRunError> {
        self.run_with_lease(context).instrument(tracing::error_span!("purge_run", request_id = context.id)).await
    }

    async fn run_with_lease(&self, context: &Context) -> Result<Summary, PurgeRunError> {
        let ports = &self.purger.executor.ports;
        let leases = ports.leases();
        let taken = self.while_busy(|| leases.take(&context.id, context.now, self.lease)).await?;
        let Some(lease) = taken else {
            tracing::warn!("Another purge run has the lease; this one leaves the queue to it.");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        let result = self.purge(&lease, context.now, context.deadline).await;
        let released = self.while_busy(|| leases.release(&lease)).await;
        // Of two failures the first one names the cause.
        let summary = result?;
        released?;
        Ok(summary)
    }

    async fn purge(&self, lease: &Lease, now: Timestamp, deadline: Timestamp) -> Result<Summary, PurgeRunError> {
        let Purger { executor, delays, budgets, .. } = &self.purger;
        let ports = &executor.ports;
        // The requests first: a row that another purge run removes meanwhile, with its request, is then either not read
        // or known to be served. In the other order it could be purged, and billed, once more.
        let Rows { rows: requests, unreadable: unreadable_requests } =
            self.while_busy(|| ports.outbox().requests()).await?;
        let Rows { rows: entries, unreadable } = self.while_busy(|| ports.queue().entries()).await?;
        let mut progress = Progress::default();
        progress.summary.entries = entries.len();
        for error in unreadable.into_iter().chain(unreadable_requests) {
            progress.fail(error.into());
        }
        if !entries.is_empty() || !requests.is_empty() {
            let tenants = self.while_busy(|| ports.tenants().tenants()).await?;
            // Rows that tracking removes may be in `entries` still; their requests count as in flight for the plan.
            let planned_around = requests.clone();
            let until = deadline.minus(SENDING_MAX);
            progress.track(executor.track(requests, &tenants, until).await);
            let plan = plan(now, entries, &planned_around, &tenants, delays, budgets);
            progress.summary.entries_parked = plan.parked.len();
            progress.summary.entries_waiting = plan.entries_waiting;
            log_parked(&plan.parked);
            // From now on, not from the start: whatever the steps before have taken must not use up this time in every
            // purge run.
            let until = ports.clock().now().plus(self.purger.variant_deletion_max).min(until);
            let report = executor.execute(plan, Some(lease), until, progress.unavailable()).await;
            progress.add(report);
            self.wait(&tenants, lease, deadline, &mut progress).await;
        }
        progress.end()
    }

    /// Tracks the requests in flight repeatedly, and bisects those that CloudFront rejects, until CloudFront has completed
    /// them or the time ends. Bisecting comes after all other purges: it takes many calls for one tenant.
    async fn wait(
        &self,
        tenants: &BTreeMap<TenantId, Distribution>,
        lease: &Lease,
        deadline: Timestamp,
        progress: &mut Progress,
    ) {
        let executor = &self.purger.executor;
        let clock = executor.ports.clock();
        let end = deadline.minus(ENDING_MAX);
        let until = clock.now().plus(self.tracking_max).min(end);
        let mut pause = Duration::ZERO;
        loop {
            for request in std::mem::take(&mut progress.rejected) {
                let bisected = executor.bisect(request, lease, &self.dead_letters, end).await;
                progress.summary.entries_quarantined += bisected.entries_quarantined;
                progress.add(bisected.sent);
            }
            let requests = progress.take_trackable();
            if requests.is_empty() {
                return;
            }
            progress.track(executor.track(requests, tenants, end).await);
            pause = (pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            if clock.now().plus(pause) > until {
                return;
            }
            clock.sleep(pause).await;
        }
    }

    /// Repeats a call of the purge run itself while its service is busy.
    async fn while_busy<T, F>(&self, call: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        let clock = self.purger.executor.ports.clock();
        while_busy(clock, clock.now().plus(BUSY_MAX), call).await
    }
}

/// Logs the number of parked entries of each tenant.
fn log_parked(parked: &[QueueEntry]) {
    let mut by_tenant: BTreeMap<&TenantId, usize> = BTreeMap::new();
    for entry in parked {
        *by_tenant.entry(&entry.tenant).or_default() += 1;
    }
    for (tenant, entries) in by_tenant {
        tracing::warn!(
            %tenant,
            entries,
            "No distribution is registered for this tenant: its entries are parked. Deploy its stack to purge them."
        );
    }
}

impl Progress {
    /// Adds a failure that was not logged yet.
    fn fail(&mut self, error: StepError) {
        tracing::error!(%error, "An entry cannot be purged. It stays in the queue until the cause is removed.");
        self.failures.push(error);
    }

    /// Adds the outcome of tracking requests.
    fn track(&mut self, tracked: Tracked) {
        let Tracked { in_flight, requests_completed, requests_abandoned, entries_removed, mut sent, delayed, failures } =
            tracked;
        self.summary.requests_completed += requests_completed;
        self.summary.requests_abandoned += requests_abandoned;
        self.summary.entries_removed += entries_removed;
        self.in_flight.extend(in_flight);
        self.delayed.extend(delayed);
        self.failures.extend(failures);
        // Tracking goes on with what it has sent: it is in `in_flight` already, unless it is completed.
        self.count_accepted(&std::mem::take(&mut sent.accepted));
        self.add(sent);
    }

    /// Adds the outcome of sending requests.
    fn add(&mut self, report: Report) {
        self.count_accepted(&report.accepted);
        self.in_flight.extend(report.accepted.into_iter().map(|(request, _)| request));
        self.rejected.extend(report.rejected);
        self.delayed.extend(report.delayed);
        self.failures.extend(report.failures);
        self.summary.entries_waiting += report.entries_unavailable;
        self.summary.variants_deleted += report.variants_deleted;
        self.summary.deletions_unfinished += report.deletions_unfinished;
        self.summary.entries_expired += report.entries_expired;
        self.summary.is_superseded |= report.is_superseded;
    }

    fn count_accepted(&mut self, accepted: &[(PurgeRequest, Invalidation)]) {
        self.summary.invalidations += accepted.len();
        self.summary.items += accepted.iter().map(|(request, _)| request.items.len()).sum::<usize>();
    }

    /// The distributions that cannot be invalidated.
    fn unavailable(&self) -> BTreeSet<String> {
        let unavailable = self.delayed.iter().filter(|delayed| !delayed.is_throttled());
        unavailable.map(|delayed| delayed.request.distribution.distribution_id.clone()).collect()
    }

    /// Takes out the requests that are worth tracking again in this purge run: those that CloudFront has accepted, and
    /// those that it throttled. One whose submission failed is left to the next purge run.
    fn take_trackable(&mut self) -> Vec<PurgeRequest> {
        let is_accepted = |request: &PurgeRequest| request.invalidation_id.is_some();
        let (accepted, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.in_flight).into_iter().partition(is_accepted);
        self.in_flight = left;
        let (throttled, unavailable): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.delayed).into_iter().partition(Delayed::is_throttled);
        self.delayed = unavailable;
        accepted.into_iter().chain(throttled.into_iter().map(|delayed| delayed.request)).collect()
    }

    /// The end of the purge run.
    fn end(self) -> Result<Summary, PurgeRunError> {
        let mut summary = self.summary;
        summary.requests_in_flight = self.in_flight.len() + self.delayed.len();
        summary.requests_unavailable = self.delayed.iter().filter(|delayed| !delayed.is_throttled()).count();
        let gone = summary.entries_removed + summary.entries_quarantined + summary.entries_expired;
        summary.entries_left = (summary.entries as u64).saturating_sub(gone);
        tracing::info!(summary = %serde_json::json!(summary), "The purge run ended.");
        if self.failures.is_empty() { Ok(summary) } else { Err(PurgeRunError::Steps(self.failures)) }
    }
}
