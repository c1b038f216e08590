//! The purge run: one invocation that tracks the invalidations in flight and purges the entries of the queue.

mod summary;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::distribution::Distribution;
use domain::purge::planner::plan;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Context, TenantId, Timestamp};
use tracing::Instrument;

use crate::executor::Report;
use crate::ports::{CallError, Clock, DeadLetters, Lease, Leases, Outbox, Ports, Queue, Rows, Tenants};
use crate::purger::Purger;
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
}

impl<P: Ports, D: DeadLetters> PurgeRun<P, D> {
    /// Runs once, as the owner `context.id`, and ends before `context.deadline`.
    pub async fn run(&self, context: &Context) -> Result<Summary, PurgeRunError> {
        self.run_with_lease(context).instrument(tracing::error_span!("purge_run", request_id = context.id)).await
    }

    async fn run_with_lease(&self, context: &Context) -> Result<Summary, PurgeRunError> {
        let leases = self.purger.executor.ports.leases();
        let Some(lease) = leases.take(&context.id, context.now, self.lease).await? else {
            tracing::warn!("Another purge run has the lease; this one leaves the queue to it.");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        let result = self.purge(&lease, context.now, context.deadline).await;
        let released = leases.release(&lease).await;
        // Of two failures the first one names the cause.
        let summary = result?;
        released?;
        Ok(summary)
    }

    async fn purge(&self, lease: &Lease, now: Timestamp, deadline: Timestamp) -> Result<Summary, PurgeRunError> {
        let Purger { executor, delays, budgets, .. } = &self.purger;
        // The requests first: a row that another purge run removes meanwhile, with its request, is then either not read
        // or known to be served. In the other order it could be purged, and billed, once more.
        let Rows { rows: requests, unreadable: unreadable_requests } = executor.ports.outbox().requests().await?;
        let Rows { rows: entries, unreadable } = executor.ports.queue().entries().await?;
        let mut progress = Progress::default();
        progress.summary.entries = entries.len();
        for error in unreadable.into_iter().chain(unreadable_requests) {
            progress.fail(error.into());
        }
        if !entries.is_empty() || !requests.is_empty() {
            let tenants = executor.ports.tenants().tenants().await?;
            // Rows that tracking removes may be in `entries` still; their requests count as in flight for the plan.
            let planned_around = requests.clone();
            let until = deadline.minus(SENDING_MAX);
            self.track(requests, &tenants, until, lease, &mut progress).await;
            let plan = plan(now, entries, &planned_around, &tenants, delays, budgets);
            progress.summary.entries_parked = plan.parked.len();
            progress.summary.entries_waiting = plan.entries_waiting;
            log_parked(&plan.parked);
            let until = now.plus(self.purger.variant_deletion_max).min(until);
            let report = executor.execute(plan, Some(lease), until).await;
            self.add(report, lease, &mut progress).await;
            self.wait(&tenants, lease, deadline, &mut progress).await;
        }
        let Progress { mut summary, failures, in_flight } = progress;
        summary.requests_in_flight = in_flight.len();
        let gone = summary.entries_removed + summary.entries_quarantined + summary.entries_expired;
        summary.entries_left = (summary.entries as u64).saturating_sub(gone);
        tracing::info!(summary = %serde_json::json!(summary), "The purge run ended.");
        if failures.is_empty() { Ok(summary) } else { Err(PurgeRunError::Steps(failures)) }
    }

    /// Tracks `requests` once, until `until`.
    async fn track(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
        lease: &Lease,
        progress: &mut Progress,
    ) {
        let Tracked { in_flight, requests_completed, entries_removed, sent, failures } =
            self.purger.executor.track(requests, tenants, until).await;
        progress.summary.requests_completed += requests_completed;
        progress.summary.entries_removed += entries_removed;
        progress.failures.extend(failures);
        progress.in_flight.extend(in_flight);
        self.add_sent(sent, lease, progress).await;
    }

    /// Tracks the accepted requests repeatedly, until CloudFront has completed them or the time ends.
    async fn wait(
        &self,
        tenants: &BTreeMap<TenantId, Distribution>,
        lease: &Lease,
        deadline: Timestamp,
        progress: &mut Progress,
    ) {
        let clock = self.purger.executor.ports.clock();
        let until = clock.now().plus(self.tracking_max).min(deadline.minus(ENDING_MAX));
        let mut pause = Duration::ZERO;
        loop {
            // A request that CloudFront did not accept is left to the next purge run: CloudFront is busy.
            let accepted = |request: &PurgeRequest| request.invalidation_id.is_some();
            let (accepted, unsent): (Vec<_>, Vec<_>) =
                std::mem::take(&mut progress.in_flight).into_iter().partition(accepted);
            progress.in_flight = unsent;
            if accepted.is_empty() {
                return;
            }
            self.track(accepted, tenants, deadline.minus(ENDING_MAX), lease, progress).await;
            pause = (pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            if clock.now().plus(pause) > until {
                return;
            }
            clock.sleep(pause).await;
        }
    }

    /// Adds the outcome of executing the plan.
    async fn add(&self, report: Report, lease: &Lease, progress: &mut Progress) {
        progress.in_flight.extend(report.accepted.iter().map(|(request, _)| request.clone()));
        self.add_sent(report, lease, progress).await;
    }

    /// Adds the outcome of sending requests, and bisects those that CloudFront rejects.
    async fn add_sent(&self, report: Report, lease: &Lease, progress: &mut Progress) {
        let rejected = progress.add(report);
        for request in rejected {
            let bisected = self.purger.executor.bisect(request, lease, &self.dead_letters).await;
            progress.summary.entries_quarantined += bisected.entries_quarantined;
            progress.in_flight.extend(bisected.sent.accepted.iter().map(|(request, _)| request.clone()));
            progress.add(bisected.sent);
        }
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

    /// Adds a report, and returns the requests that CloudFront rejects.
    fn add(&mut self, report: Report) -> Vec<PurgeRequest> {
        let Report {
            accepted,
            rejected,
            variants_deleted,
            deletions_unfinished,
            entries_expired,
            is_superseded,
            failures,
        } = report;
        self.summary.invalidations += accepted.len();
        self.summary.items += accepted.iter().map(|(request, _)| request.items.len()).sum::<usize>();
        self.summary.variants_deleted += variants_deleted;
        self.summary.deletions_unfinished += deletions_unfinished;
        self.summary.entries_expired += entries_expired;
        self.summary.is_superseded |= is_superseded;
        self.failures.extend(failures);
        rejected
    }
}
