//! The purge run: tracks the invalidations in flight, and purges what waits in the queue.

mod summary;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::planner::{Distribution, plan};
use domain::purge::purge_request::PurgeRequest;
use domain::{TenantId, Timestamp};

use crate::executor::Report;
use crate::ports::{CallFailed, Clock, DeadLetters, Lease, Ports, Queue, Rows, Tenants};
use crate::purger::Purger;
use crate::tracking::Tracked;

pub use self::summary::Summary;

/// The first pause of a purge run that waits for CloudFront; each next one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// How much of a purge run's time is kept free for the requests of the last batches and their rows.
const SENDING_MAX: Duration = Duration::from_mins(1);
/// How much of a purge run's time is kept free for its end: a last look at the requests, and the lease.
const ENDING_MAX: Duration = Duration::from_secs(20);

/// What one purge run touches.
#[derive(Debug, Clone)]
pub struct Handler<P, D> {
    /// Plans and carries out.
    pub purger: Purger<P>,
    /// Where entries go that CloudFront rejects.
    pub dead_letters: D,
    /// How long the lease of a purge run lasts: longer than the function's time limit, so that two purge runs seldom
    /// overlap.
    pub lease: Duration,
    /// How long a purge run may wait for CloudFront to complete what it sent, so that the ledger says so before the
    /// next purge run.
    pub tracking_max: Duration,
}

/// Why a purge run failed. What it concerns stays in the queue; the next purge run repeats it.
#[derive(Debug, thiserror::Error)]
pub enum PurgeRunError {
    /// The queue, the registry or the lease could not be reached.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// Some batches, entries or rows failed; everything else was carried out.
    #[error("{} of the purge run's steps failed and are repeated by the next purge run; the first: {}", .0.len(), .0[0])]
    Steps(Vec<String>),
}

/// What a purge run has done so far.
#[derive(Debug, Default)]
struct Progress {
    summary: Summary,
    failures: Vec<String>,
    /// The requests in flight.
    in_flight: Vec<PurgeRequest>,
}

impl<P: Ports, D: DeadLetters> Handler<P, D> {
    /// Runs once. `owner` identifies this purge run, and it must have ended by `deadline`.
    pub async fn run(&self, owner: &str, deadline: Timestamp) -> Result<Summary, PurgeRunError> {
        let queue = self.purger.executor.ports.queue();
        let now = self.purger.executor.ports.clock().now();
        let Some(lease) = queue.take_lease(owner, now, self.lease).await? else {
            tracing::warn!("another purge run has the lease; this one leaves the queue to it");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        let result = self.purge(&lease, now, deadline).await;
        let released = queue.release_lease(&lease).await;
        // Of two failures the first one says what is wrong.
        let summary = result?;
        released?;
        Ok(summary)
    }

    async fn purge(&self, lease: &Lease, now: Timestamp, deadline: Timestamp) -> Result<Summary, PurgeRunError> {
        let Purger { executor, delays, budgets, .. } = &self.purger;
        // The requests first: a row that another purge run lets go meanwhile, with its request, is then either not read
        // or known to be served. Read the other way round it could be purged, and billed, once more.
        let Rows { rows: requests, unreadable: unreadable_requests } = executor.ports.queue().requests().await?;
        let Rows { rows: entries, unreadable } = executor.ports.queue().entries().await?;
        let mut progress = Progress::default();
        progress.summary.entries = entries.len();
        progress.failures.extend(unreadable.iter().chain(&unreadable_requests).map(ToString::to_string));
        if !entries.is_empty() || !requests.is_empty() {
            let tenants = executor.ports.tenants().tenants().await?;
            // Rows that leave the queue here may be in `entries` still; their requests count as in flight for the plan.
            let planned_around = requests.clone();
            let until = deadline.minus(SENDING_MAX);
            self.track(requests, &tenants, until, lease, &mut progress).await;
            let plan = plan(now, entries, &planned_around, &tenants, delays, budgets);
            progress.summary.entries_unregistered = plan.unregistered.len();
            progress.summary.entries_waiting = plan.entries_waiting;
            progress.failures.extend(plan.unregistered.iter().map(|entry| {
                format!("{} of {} waits: no distribution is registered for that tenant", entry.target, entry.tenant)
            }));
            let until = now.plus(self.purger.variant_deletion_max).min(until);
            let report = executor.execute(plan, Some(lease), until).await;
            self.add(report, lease, &mut progress).await;
            self.wait(&tenants, lease, deadline, &mut progress).await;
        }
        let Progress { mut summary, failures, in_flight } = progress;
        summary.requests_in_flight = in_flight.len();
        let gone = summary.entries_removed + summary.entries_quarantined;
        summary.entries_left = (summary.entries as u64).saturating_sub(gone);
        tracing::info!(summary = %serde_json::json!(summary), "purge run finished");
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

    /// Looks again and again whether CloudFront has completed the requests, as far as the time goes.
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
            // What CloudFront did not take is left to the next purge run: it has too much to do as it is.
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

    /// Adds what came of the plan.
    async fn add(&self, report: Report, lease: &Lease, progress: &mut Progress) {
        progress.in_flight.extend(report.accepted.iter().map(|(request, _)| request.clone()));
        self.add_sent(report, lease, progress).await;
    }

    /// Adds what was sent, and bisects what CloudFront rejects.
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

impl Progress {
    /// Counts what was sent, and gives back what CloudFront rejects.
    fn add(&mut self, report: Report) -> Vec<PurgeRequest> {
        let Report { accepted, rejected, variants_deleted, deletions_unfinished, is_superseded, failures } = report;
        self.summary.invalidations += accepted.len();
        self.summary.items += accepted.iter().map(|(request, _)| request.items.len()).sum::<usize>();
        self.summary.variants_deleted += variants_deleted;
        self.summary.deletions_unfinished += deletions_unfinished;
        self.summary.is_superseded |= is_superseded;
        self.failures.extend(failures);
        rejected
    }
}
