//! The purge run: one invocation that empties the queue. It repeats rounds (read, track, plan, execute) until nothing is
//! pending or its time ends.

mod deletions;
mod progress;
mod summary;

use std::time::Duration;

use domain::purge::pacer::Pacer;
use domain::purge::planner::{Plan, WaitReason, plan};
use domain::purge::purge_request::PurgeRequest;
use domain::{Context, Timestamp};
use futures_util::{StreamExt, stream};
use tracing::Instrument;

use self::deletions::Deletions;
use self::progress::Progress;
pub use self::summary::Summary;
use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{CallError, Clock, DeadLetters, Lease, Leases, Outbox, Ports, Queue, Tenants, Wakeups, Woken};
use crate::purger::Purger;
use crate::retry::while_busy;
use crate::step_error::StepError;
use crate::tracking::Tracking;

/// The longest pause between two rounds: a purge run looks for wake-ups about once a second.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The shortest pause, so that a plan that is due already does not make rounds without end.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// The time before the deadline that is reserved for the last calls and for releasing the lease.
const ENDING_MAX: Duration = Duration::from_secs(30);

/// The longest time for which a purge run repeats a read or a write of its own that a service is too busy for: that of
/// the lease, of the outbox, of the queue or of the registry.
const BUSY_MAX: Duration = Duration::from_secs(20);

/// The time after which the registry is read again.
const REGISTRY_AGE_MAX: Duration = Duration::from_secs(30);

/// The number of requests whose states are read concurrently.
const CONCURRENT_LOOKS: usize = 8;

/// The purge run over its ports.
#[derive(Debug, Clone)]
pub struct PurgeRun<P, D> {
    /// The planner's rules and the executor.
    pub purger: Purger<P>,
    /// The queue for entries that CloudFront rejects.
    pub dead_letters: D,
    /// The duration of the lease. The purge run renews it, so a crashed one delays the next one by no more.
    pub lease: Duration,
}

/// The reason why a purge run was invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A function has enqueued something. The purge run reads the rows of the tenants that were woken.
    WakeUp,
    /// The schedule. The purge run reads all rows.
    Schedule,
}

/// A failure of a purge run. The entries concerned stay in the queue; the next purge run repeats the steps.
#[derive(Debug, thiserror::Error)]
pub enum PurgeRunError {
    /// A call to the queue, the registry or the lease failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Some steps failed; all others were executed.
    #[error("{} of the purge run's steps failed and are repeated; the first: {}", .0.len(), .0[0])]
    Steps(Vec<StepError>),
}

impl<P: Ports, D: DeadLetters> PurgeRun<P, D> {
    /// Runs once, as the owner `context.id`, and ends before `context.deadline`.
    pub async fn run(&self, trigger: Trigger, context: &Context) -> Result<Summary, PurgeRunError> {
        self.run_with_lease(trigger, context)
            .instrument(tracing::error_span!("purge_run", request_id = context.id))
            .await
    }

    async fn run_with_lease(&self, trigger: Trigger, context: &Context) -> Result<Summary, PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        // Before the lease: a waker that finds the lease released later must not be kept from invoking.
        if let Err(error) = ports.wakeups().arrive().await {
            tracing::warn!(%error, "The arrival was not noted; wake-ups are suppressed for some seconds.");
        }
        let end = context.deadline.minus(ENDING_MAX);
        let mut progress = None;
        while let Some(lease) = self.while_busy(|| ports.leases().take(&context.id, clock.now(), self.lease)).await? {
            let result = self.rounds(trigger, &lease, end, &mut progress).await;
            let released = self.while_busy(|| ports.leases().release(&lease)).await;
            // Of two failures the first one names the cause.
            result?;
            released?;
            let Some(progress) = &progress else { break };
            // After the release: a waker has either found the lease free, or has counted before.
            let is_over = progress.summary.is_superseded || clock.now() >= end;
            if is_over || Some(self.while_busy(|| ports.wakeups().count()).await?) == progress.wakeups {
                break;
            }
        }
        let Some(progress) = progress else {
            tracing::info!("Another purge run has the lease; this one leaves the queue to it.");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        let (summary, failures) = progress.end();
        if failures.is_empty() { Ok(summary) } else { Err(PurgeRunError::Steps(failures)) }
    }

    /// Makes rounds until nothing is pending, or until `end`.
    async fn rounds(
        &self,
        trigger: Trigger,
        lease: &Lease,
        end: Timestamp,
        progress: &mut Option<Progress>,
    ) -> Result<(), PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        let mut renewed_at = clock.now();
        let mut deletions = Deletions::default();
        let progress = match progress {
            Some(progress) => progress,
            None => progress.insert(self.begin(trigger).await?),
        };
        loop {
            if clock.now() >= renewed_at.plus(self.lease / 2) {
                renewed_at = clock.now();
                if !self.while_busy(|| ports.leases().renew(lease, renewed_at, self.lease)).await? {
                    progress.summary.is_superseded = true;
                }
            }
            if progress.summary.is_superseded || clock.now() >= end {
                break;
            }
            let round = self.round(lease, end, progress, &mut deletions);
            let Some(next_at) = Box::pin(round).await? else { return Ok(()) };
            let pause = next_at.min(end).since(clock.now()).clamp(PAUSE_MIN, PAUSE_MAX);
            deletions.beside(clock.sleep(pause)).await;
        }
        // They stop at the end of the time, too. A superseded purge run may finish them: they need no lease.
        deletions.finish().await;
        deletions.take_ended().into_iter().for_each(|ended| progress.deletion_ended(ended));
        Ok(())
    }

    /// The first reads. The outbox first: a row that another function removes meanwhile, with its request, is then either
    /// not read or known to be served. In the other order it could be purged, and billed, once more.
    async fn begin(&self, trigger: Trigger) -> Result<Progress, PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        let Woken { count, tenants } = self.while_busy(|| ports.wakeups().take()).await?;
        let in_flight = self.while_busy(|| ports.outbox().requests()).await?;
        let pacer = Pacer::resume(self.purger.quotas, clock.now(), &in_flight.rows);
        let mut progress = Progress::new(pacer);
        progress.wakeups = Some(count);
        progress.replace_in_flight(in_flight);
        progress.unread.extend(tenants);
        if trigger == Trigger::Schedule {
            let entries = self.while_busy(|| ports.queue().entries()).await?;
            progress.replace_entries(None, entries);
            progress.unread.clear();
        }
        Ok(progress)
    }

    /// One round. Returns the time of the next one; `None`: nothing is pending.
    async fn round<'a>(
        &'a self,
        lease: &Lease,
        end: Timestamp,
        progress: &mut Progress,
        deletions: &mut Deletions<'a>,
    ) -> Result<Option<Timestamp>, PurgeRunError> {
        let clock = self.ports().clock();
        deletions.beside(self.read(progress)).await?;
        deletions.take_ended().into_iter().for_each(|ended| progress.deletion_ended(ended));
        deletions.beside(self.track(progress)).await;
        let now = clock.now();
        let (pending, pacer) = progress.pending();
        let plan = plan(now, &pending, &self.purger.rules, pacer);
        let next_at = plan.next_at();
        let Plan { batches, again, deletions: planned, waiting } = plan;
        let is_left = |reason| matches!(reason, WaitReason::NotRegistered | WaitReason::DistributionUnavailable);
        let is_waiting = waiting.iter().any(|waiting| !is_left(waiting.reason));
        let entries_waiting = waiting.len();
        let entries_parked = waiting.iter().filter(|waiting| waiting.reason == WaitReason::NotRegistered).count();
        progress.summary.entries_waiting = entries_waiting;
        progress.summary.entries_parked = entries_parked;
        let is_sending = !batches.is_empty() || !again.is_empty();
        deletions.begin(&self.purger.executor, planned, end);
        if is_sending {
            let mut report = deletions.beside(self.purger.executor.execute(batches, again, Some(lease))).await;
            self.split(&mut report, lease, progress).await;
            progress.sent(report, clock.now());
        }
        let is_pending = is_waiting
            || is_sending
            || !deletions.is_empty()
            || progress.next_look_at().is_some()
            || !progress.unread.is_empty();
        let next = [next_at, progress.next_look_at()].into_iter().flatten().min();
        Ok(is_pending.then(|| if is_sending { now } else { next.unwrap_or(now.plus(PAUSE_MAX)) }))
    }

    /// Reads the rows of the tenants that were woken, after the outbox, and the registry if it was read long ago.
    async fn read(&self, progress: &mut Progress) -> Result<(), PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        if Some(self.while_busy(|| ports.wakeups().count()).await?) != progress.wakeups {
            let Woken { count, tenants } = self.while_busy(|| ports.wakeups().take()).await?;
            progress.wakeups = Some(count);
            progress.unread.extend(tenants);
        }
        if !progress.unread.is_empty() {
            let in_flight = self.while_busy(|| ports.outbox().requests()).await?;
            progress.replace_in_flight(in_flight);
            for tenant in std::mem::take(&mut progress.unread) {
                let entries = self.while_busy(|| ports.queue().entries_of(&tenant)).await?;
                progress.replace_entries(Some(&tenant), entries);
            }
        }
        let is_old = |read_at: Timestamp| clock.now() >= read_at.plus(REGISTRY_AGE_MAX);
        let has_work = !progress.entries.is_empty() || !progress.in_flight.is_empty();
        if has_work && progress.tenants_read_at.is_none_or(is_old) {
            progress.tenants = self.while_busy(|| ports.tenants().tenants()).await?;
            progress.tenants_read_at = Some(clock.now());
        }
        Ok(())
    }

    /// Looks at the requests that are due, and removes those for a distribution that is no longer their tenant's.
    async fn track(&self, progress: &mut Progress) {
        let (executor, clock) = (&self.purger.executor, self.ports().clock());
        let is_moved =
            |request: &&PurgeRequest| progress.tenants.get(&request.for_tenant) != Some(&request.distribution);
        let moved: Vec<_> = progress.in_flight.iter().filter(is_moved).cloned().collect();
        for request in moved {
            match executor.abandon(&request).await {
                Ok(()) => {
                    progress.forget(&request);
                    progress.summary.requests_abandoned += 1;
                }
                Err(error) => progress.fail_tracking(&request, error, clock.now()),
            }
        }
        let due = progress.due_for_look(clock.now());
        let deletes_first = self.purger.rules.deletes_variants_first;
        let looks: Vec<_> = due
            .into_iter()
            .map(|request| async move {
                let tracking = executor.track(&request, deletes_first).await;
                (request, tracking)
            })
            .collect();
        let mut looks = stream::iter(looks).buffer_unordered(CONCURRENT_LOOKS);
        while let Some((request, tracking)) = looks.next().await {
            let now = clock.now();
            match tracking {
                Ok(Tracking::Completed(rows)) => progress.complete(&request, rows),
                Ok(Tracking::Unknown) => progress.forget(&request),
                Ok(Tracking::InFlight) => progress.look_later(&request, now),
                Ok(Tracking::Delayed(error)) => {
                    progress.look_later(&request, now);
                    let delayed = Delayed { request, error };
                    delayed.log();
                    if !delayed.is_throttled() {
                        progress.delay(&delayed, now);
                    }
                }
                Err(error) => progress.fail_tracking(&request, error, now),
            }
        }
    }

    /// Splits the requests that CloudFront rejects: those that are too large in halves, those with a rejected item until
    /// that item is alone.
    async fn split(&self, report: &mut Report, lease: &Lease, progress: &mut Progress) {
        let executor = &self.purger.executor;
        for request in std::mem::take(&mut report.too_large) {
            progress.pacer.note_too_large(request.items.len());
            let Some(halves) = request.halves() else { continue };
            if executor.replace(&request, &halves, lease, report).await {
                progress.forget(&request);
                halves.into_iter().for_each(|half| progress.put(half));
            }
        }
        let rejected = report.rejected.clone();
        let bisected = executor.bisect(&mut progress.bisections, report, lease, &self.dead_letters).await;
        let (parts, quarantined) = bisected;
        progress.summary.entries_quarantined += quarantined;
        for request in rejected {
            progress.forget(&request);
            progress.unread.insert(request.for_tenant);
        }
        parts.into_iter().for_each(|part| progress.put(part));
    }

    /// Repeats a call of the purge run itself while its service is busy.
    async fn while_busy<T, F>(&self, call: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        let clock = self.ports().clock();
        while_busy(clock, clock.now().plus(BUSY_MAX), call).await
    }

    fn ports(&self) -> &P {
        &self.purger.executor.ports
    }
}
