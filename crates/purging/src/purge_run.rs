//! The purge run: one invocation that empties the queue. It repeats rounds (read, track, plan, execute) until nothing is
//! pending or its time ends.

mod deletions;
mod progress;
mod round;
mod summary;

use std::time::Duration;

use domain::{Context, Timestamp};
use tracing::Instrument;

use self::deletions::Deletions;
use self::progress::Progress;
pub use self::summary::Summary;
use crate::ports::{CallError, Clock, DeadLetters, Lease, Leases, Ports, Wakeups};
use crate::purger::Purger;
use crate::retry::while_busy;
use crate::step_error::StepError;

/// The longest pause between two rounds: a purge run looks for wake-ups about once a second.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The shortest pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// The time before the deadline that is reserved for the last calls and for giving the lease back.
const ENDING_MAX: Duration = Duration::from_secs(30);

/// The longest time for which a purge run repeats a read or a write of its own that a service is too busy for: that of
/// the lease, of the outbox, of the queue or of the registry.
const BUSY_MAX: Duration = Duration::from_secs(20);

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

/// The end of the rounds under one lease.
enum Rounds {
    /// Nothing is pending, as of this number of wake-ups.
    Idle { wakeups: u64 },
    /// A write to the outbox failed, which may still take effect.
    OutboxUnknown,
    /// The time is up, or another purge run has the lease.
    Unfinished,
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
        // Before the lease: a waker that finds the lease given back must not be kept from invoking.
        if let Err(error) = ports.wakeups().arrive().await {
            tracing::warn!(%error, "The arrival was not noted; wake-ups are suppressed for some seconds.");
        }
        let end = context.deadline.minus(ENDING_MAX);
        let mut progress = None;
        let mut deletions = Deletions::new(&self.purger.executor, end);
        while let Some(lease) = self.while_busy(|| ports.leases().take(&context.id, clock.now(), self.lease)).await? {
            let is_first = progress.is_none();
            let reads_all = lease.is_takeover || (trigger == Trigger::Schedule && is_first);
            let result = Box::pin(self.rounds(reads_all, &lease, end, &mut progress, &mut deletions)).await;
            if let Ok(Rounds::OutboxUnknown) = result {
                // It takes the lease from itself: a write under the former fencing token takes effect before, or never.
                continue;
            }
            let given_back = self.give_back(&lease, matches!(result, Ok(Rounds::Idle { .. }))).await;
            // Of two failures the first one names the cause.
            let Rounds::Idle { wakeups } = result? else {
                given_back?;
                break;
            };
            given_back?;
            // After the lease was given back: a waker has either found it free, or has counted before.
            if clock.now() >= end || self.while_busy(|| ports.wakeups().count()).await? == wakeups {
                break;
            }
        }
        // A deletion needs no lease: it deletes what is never current again.
        deletions.finish().await;
        let Some(mut progress) = progress else {
            tracing::info!("Another purge run has the lease; this one leaves the queue to it.");
            return Ok(Summary { is_leased_elsewhere: true, ..Summary::default() });
        };
        for ended in deletions.take_ended() {
            progress.deletion_ended(ended);
        }
        ports.record(&progress.queue(clock.now()));
        let (summary, failures) = progress.end();
        if failures.is_empty() { Ok(summary) } else { Err(PurgeRunError::Steps(failures)) }
    }

    /// Gives the lease back. If the purge run leaves something, the lease expires instead of being released: the next
    /// purge run takes it over and reads all rows, because this one has taken the wake-ups of their tenants.
    async fn give_back(&self, lease: &Lease, is_idle: bool) -> Result<(), CallError> {
        let (leases, clock) = (self.ports().leases(), self.ports().clock());
        if is_idle {
            return self.while_busy(|| leases.release(lease)).await;
        }
        self.while_busy(|| leases.renew(lease, clock.now(), Duration::ZERO)).await.map(drop)
    }

    /// Makes rounds until nothing is pending, until `end`, or until a write to the outbox fails.
    async fn rounds<'a>(
        &'a self,
        reads_all: bool,
        lease: &Lease,
        end: Timestamp,
        progress: &mut Option<Progress>,
        deletions: &mut Deletions<'a, P>,
    ) -> Result<Rounds, PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        let mut renewed_at = clock.now();
        let progress = self.begin(reads_all, progress).await?;
        loop {
            if clock.now() >= renewed_at.plus(self.lease / 2) {
                renewed_at = clock.now();
                if !self.while_busy(|| ports.leases().renew(lease, renewed_at, self.lease)).await? {
                    progress.summary.is_superseded = true;
                }
            }
            if progress.summary.is_superseded || clock.now() >= end {
                return Ok(Rounds::Unfinished);
            }
            let Some(next_at) = Box::pin(self.round(lease, progress, deletions)).await? else {
                return Ok(Rounds::Idle { wakeups: progress.wakeups });
            };
            if std::mem::take(&mut progress.is_outbox_unknown) {
                return Ok(Rounds::OutboxUnknown);
            }
            let pause = next_at.min(end).since(clock.now()).clamp(PAUSE_MIN, PAUSE_MAX);
            deletions.beside(clock.sleep(pause)).await;
        }
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
