//! The scheduled run: follows the invalidations that are on their way, and purges what waits in the queue.

mod summary;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::planner::{Distribution, plan};
use domain::purge::purge_request::PurgeRequest;
use domain::{TenantId, Timestamp};
use purging::executor::Report;
use purging::follow_up::Followed;
use purging::ports::{CallFailed, Clock, DeadLetters, Lease, Ports, Queue, Rows, Tenants};
use purging::purger::Purger;

pub use crate::summary::Summary;

/// The first pause of a run that waits for CloudFront; each next one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// How much of a run's time is kept free for the requests of the last batches and their rows.
const SENDING_MAX: Duration = Duration::from_mins(1);
/// How much of a run's time is kept free for its end: a last look at the requests, and the lease.
const ENDING_MAX: Duration = Duration::from_secs(20);

/// What one run touches.
#[derive(Debug, Clone)]
pub struct Handler<P, D> {
    /// Plans and carries out.
    pub purger: Purger<P>,
    /// Where entries go that CloudFront refuses.
    pub dead_letters: D,
    /// How long a run may hold the lease: longer than the function's time limit, so that two runs seldom overlap.
    pub lease: Duration,
    /// How long a run may wait for CloudFront to complete what it sent, so that the ledger says so before the next run.
    pub follow_up_max: Duration,
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

/// What a run has done so far.
#[derive(Debug, Default)]
struct Progress {
    summary: Summary,
    failures: Vec<String>,
    /// The requests that are on their way.
    open: Vec<PurgeRequest>,
}

impl<P: Ports, D: DeadLetters> Handler<P, D> {
    /// Runs once. `owner` identifies this run, and it must have ended by `deadline`.
    pub async fn run(&self, owner: &str, deadline: Timestamp) -> Result<Summary, RunFailed> {
        let queue = self.purger.executor.ports.queue();
        let now = self.purger.executor.ports.clock().now();
        let Some(lease) = queue.take_lease(owner, now, self.lease).await? else {
            tracing::warn!("another run holds the lease; this one leaves the queue to it");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        let result = self.purge(&lease, now, deadline).await;
        let released = queue.release_lease(&lease).await;
        // Of two failures the first one says what is wrong.
        let summary = result?;
        released?;
        Ok(summary)
    }

    async fn purge(&self, lease: &Lease, now: Timestamp, deadline: Timestamp) -> Result<Summary, RunFailed> {
        let Purger { executor, delays, budgets, .. } = &self.purger;
        // The requests first: a row that another run lets go meanwhile, with its request, is then either not read or
        // known to be served. Read the other way round it could be purged, and billed, once more.
        let Rows { rows: requests, unreadable: unreadable_requests } = executor.ports.queue().requests().await?;
        let Rows { rows: entries, unreadable } = executor.ports.queue().entries().await?;
        let mut progress = Progress::default();
        progress.summary.entries = entries.len();
        progress.failures.extend(unreadable.iter().chain(&unreadable_requests).map(ToString::to_string));
        if !entries.is_empty() || !requests.is_empty() {
            let tenants = executor.ports.tenants().tenants().await?;
            // Rows that leave the queue here may be in `entries` still; their requests count as open for the plan.
            let planned_around = requests.clone();
            let until = deadline.minus(SENDING_MAX);
            self.follow(requests, &tenants, until, lease, &mut progress).await;
            let plan = plan(now, entries, &planned_around, &tenants, delays, budgets);
            progress.summary.entries_unregistered = plan.unregistered.len();
            progress.summary.entries_waiting = plan.entries_waiting;
            progress.failures.extend(plan.unregistered.iter().map(|entry| {
                format!("{} of {} waits: no distribution is registered for that tenant", entry.target, entry.tenant)
            }));
            let until = now.plus(self.purger.sweep_max).min(until);
            let report = executor.execute(plan, Some(lease), until).await;
            self.add(report, lease, &mut progress).await;
            self.wait(&tenants, lease, deadline, &mut progress).await;
        }
        let Progress { mut summary, failures, open } = progress;
        summary.requests_open = open.len();
        let gone = summary.entries_removed + summary.entries_quarantined;
        summary.entries_left = (summary.entries as u64).saturating_sub(gone);
        tracing::info!(summary = %serde_json::json!(summary), "run finished");
        if failures.is_empty() { Ok(summary) } else { Err(RunFailed::Steps(failures)) }
    }

    /// Follows `requests` once, until `until`.
    async fn follow(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
        lease: &Lease,
        progress: &mut Progress,
    ) {
        let Followed { open, requests_completed, entries_removed, sent, failures } =
            self.purger.executor.follow(requests, tenants, until).await;
        progress.summary.requests_completed += requests_completed;
        progress.summary.entries_removed += entries_removed;
        progress.failures.extend(failures);
        progress.open.extend(open);
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
        let until = clock.now().plus(self.follow_up_max).min(deadline.minus(ENDING_MAX));
        let mut pause = Duration::ZERO;
        loop {
            // What CloudFront did not take is left to the next run: it has too much to do as it is.
            let accepted = |request: &PurgeRequest| request.invalidation_id.is_some();
            let (accepted, unsent): (Vec<_>, Vec<_>) =
                std::mem::take(&mut progress.open).into_iter().partition(accepted);
            progress.open = unsent;
            if accepted.is_empty() {
                return;
            }
            self.follow(accepted, tenants, deadline.minus(ENDING_MAX), lease, progress).await;
            pause = (pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            if clock.now().plus(pause) > until {
                return;
            }
            clock.sleep(pause).await;
        }
    }

    /// Adds what came of the plan.
    async fn add(&self, report: Report, lease: &Lease, progress: &mut Progress) {
        progress.open.extend(report.accepted.iter().map(|(request, _)| request.clone()));
        self.add_sent(report, lease, progress).await;
    }

    /// Adds what was sent, and takes apart what CloudFront refuses.
    async fn add_sent(&self, report: Report, lease: &Lease, progress: &mut Progress) {
        let refused = progress.add(report);
        for request in refused {
            let isolated = self.purger.executor.isolate(request, lease, &self.dead_letters).await;
            progress.summary.entries_quarantined += isolated.entries_quarantined;
            progress.open.extend(isolated.sent.accepted.iter().map(|(request, _)| request.clone()));
            progress.add(isolated.sent);
        }
    }
}

impl Progress {
    /// Counts what was sent, and gives back what CloudFront refuses.
    fn add(&mut self, report: Report) -> Vec<PurgeRequest> {
        let Report { accepted, refused, variants_deleted, sweeps_unfinished, is_fenced, failures } = report;
        self.summary.invalidations += accepted.len();
        self.summary.items += accepted.iter().map(|(request, _)| request.items.len()).sum::<usize>();
        self.summary.variants_deleted += variants_deleted;
        self.summary.sweeps_unfinished += sweeps_unfinished;
        self.summary.is_superseded |= is_fenced;
        self.failures.extend(failures);
        refused
    }
}
