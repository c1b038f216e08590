//! A purge run, or an admin's DELETE: what it remembers, and its steps. Between any two of them it may crash, or be
//! overtaken by anything else.

use crate::config::{Config, PACKS_MAX};
use crate::request::{OutboxRequest, PurgeKind, Request, Served};
use crate::state::State;

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// Its right to write requests to the outbox.
    pub token: Token,
    /// Its next step.
    pub step: Step,
    /// Whether the wake-up counter has moved since it took the wake-ups.
    pub is_behind: bool,
    /// Whether it reads the rows with the next reading: the schedule started it, or the tenant was woken.
    pub reads_rows: bool,
    /// The versions of the rows that it has read, by pack.
    pub known: [u8; PACKS_MAX],
    /// The requests that it has read and not tracked yet. It tracks one after the other; the real purge run's
    /// concurrent tracking writes different rows, or the same ones conditionally.
    pub tracking: Vec<OutboxRequest>,
    /// The request that it is at.
    pub current: OutboxRequest,
    /// The entries that it purges after that; empty once they are in the outbox.
    pub batch: Request,
}

/// A worker's right to write requests to the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// It has the newest token, whether its lease has expired or not.
    Newest,
    /// It has released the lease, or another purge run has taken it since, or it has not taken it yet. All that the
    /// protocol requires of a token is whether it is the newest.
    Superseded,
    /// A DELETE: it needs no lease.
    None,
}

/// The next step of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Takes the lease and the wake-ups, and reads the requests; ends if another purge run has the lease.
    TakeLease,
    /// Removes `invokedAt` and ends: the wrong order of a mutation.
    ArriveLate,
    /// Takes the wake-ups, and reads the requests.
    ReadRequests,
    /// Reads the rows, and plans.
    ReadEntries,
    /// Takes the wake-ups: the wrong order of a mutation.
    TakeWakeUpsLate,
    /// Deletes the variants of a pack before its purge.
    DeleteVariants(usize),
    /// Waits after a deletion; so many time units are left.
    Pause(u8),
    /// Writes its request to the outbox, if it may.
    WriteRequest,
    /// Sends the request to CloudFront.
    Send,
    /// Notes CloudFront's id in the request.
    Note,
    /// Writes the end of a pack's purge into the ledger.
    Ledger(usize),
    /// Notes in a pack's row that its early or final purge is done; only at the version that was purged.
    UpdateRow(usize),
    /// Removes the request.
    Forget,
    /// Deletes the variants of a pack after its final purge.
    DeleteVariantsAfterwards(usize),
    /// Removes a pack's row, only at the version that was purged.
    RemoveRow(usize),
    /// Waits for the next event: a wake-up, a row that settles, an invalidation that completes.
    Wait,
    /// Gives the lease back.
    Release,
    /// Reads the wake-up counter, and begins again if it has moved.
    Compare,
}

impl Worker {
    /// An invocation that tries to take the lease.
    #[must_use]
    pub fn invocation(by_schedule: bool) -> Self {
        Self {
            token: Token::Superseded,
            step: Step::TakeLease,
            is_behind: false,
            reads_rows: by_schedule,
            known: [0; PACKS_MAX],
            tracking: Vec::new(),
            current: OutboxRequest::default(),
            batch: Request::default(),
        }
    }

    /// A DELETE that has enqueued `pack` and purges that version at once.
    #[must_use]
    pub fn delete(state: &State, pack: usize, config: &Config) -> Self {
        let mut batch = Request::default();
        batch.entries[pack] = state.packs[pack].row.map(|row| Served::of(&row, PurgeKind::Early, config));
        Self { token: Token::None, step: Step::DeleteVariants(pack), batch, ..Self::invocation(false) }
    }

    /// Whether it is a purge run or will be one.
    #[must_use]
    pub fn is_purge_run(&self) -> bool {
        self.token != Token::None
    }

    /// Whether it waits for the clock.
    #[must_use]
    pub fn is_pausing(&self) -> bool {
        matches!(self.step, Step::Pause(_))
    }

    /// Whether it can take its next step now.
    #[must_use]
    pub fn can_go(&self, state: &State, config: &Config) -> bool {
        match self.step {
            Step::Pause(_) => false,
            Step::Wait => {
                self.token == Token::Superseded
                    || self.is_behind
                    || state.has_work(&self.known, config)
                    || !self.has_pending(state)
            }
            _ => true,
        }
    }

    /// Whether something is pending: known rows, requests in flight.
    #[must_use]
    pub fn has_pending(&self, state: &State) -> bool {
        !state.queue.outbox.is_empty() || state.rows_of(&self.known).next().is_some()
    }
}
