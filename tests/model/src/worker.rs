//! A purge run, or an admin's DELETE: what it remembers, and its steps. Between any two of them it may crash, or be
//! overtaken by anything else.

use crate::mutation::Mutation;
use crate::request::{OutboxRequest, PurgeKind, Request, Served};
use crate::state::State;

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// Its right to write requests to the outbox.
    pub token: Token,
    /// Whether it is so slow that its lease may expire.
    pub is_stalled: bool,
    /// Its next step.
    pub step: Step,
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
    /// Another purge run has taken the lease since. All that the protocol requires of a token is whether it is the newest.
    Superseded,
    /// A DELETE: it needs no lease.
    None,
}

/// The next step of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Reads the rest of the table (the requests were read with the taking of the lease), and plans.
    ReadEntries,
    /// Deletes the variants of a pack.
    DeleteVariants(usize),
    /// Waits for the edges' fetches; so many ticks are left.
    Pause(u8),
    /// Writes its request to the outbox, if it may.
    WriteRequest,
    /// Sends the request to CloudFront.
    Send,
    /// Notes CloudFront's id in the request.
    Note,
    /// Looks whether CloudFront has completed it.
    Look,
    /// Writes the end of a pack's purge into the ledger.
    Ledger(usize),
    /// Removes a pack's row, or notes that its early purge is done; only at the version that was purged.
    UpdateRow(usize),
    /// Removes the request.
    Forget,
    /// Gives the lease back.
    Release,
}

impl Worker {
    /// A purge run that has taken the lease and read the requests.
    #[must_use]
    pub fn purge_run(state: &State, mutation: Option<Mutation>) -> Self {
        let is_swapped = mutation == Some(Mutation::EntriesReadBeforeRequests);
        Self {
            token: Token::Newest,
            is_stalled: false,
            step: Step::ReadEntries,
            tracking: if is_swapped { Vec::new() } else { state.queue.outbox.clone() },
            current: OutboxRequest::default(),
            batch: if is_swapped { state.due() } else { Request::default() },
        }
    }

    /// A DELETE that has enqueued `pack` and purges that version at once.
    #[must_use]
    pub fn delete(state: &State, pack: usize) -> Self {
        let mut batch = Request::default();
        batch.entries[pack] = state.packs[pack].row.map(|row| Served {
            version: row.version,
            kind: PurgeKind::Early,
            promises: row.promises,
        });
        Self {
            token: Token::None,
            is_stalled: false,
            step: Step::DeleteVariants(pack),
            tracking: Vec::new(),
            current: OutboxRequest::default(),
            batch,
        }
    }

    /// Whether no other purge run has taken the lease since this one took it.
    #[must_use]
    pub fn has_the_newest_token(&self) -> bool {
        self.token == Token::Newest
    }

    /// Whether it waits for the clock.
    #[must_use]
    pub fn is_pausing(&self) -> bool {
        matches!(self.step, Step::Pause(_))
    }

    /// The ticks that are left of its pause; `pause` is the whole pause.
    #[must_use]
    pub fn pause_needed(&self, pause: u8) -> u8 {
        match self.step {
            Step::Pause(left) => left,
            Step::ReadEntries => pause,
            _ if self.batch.has_final_entries() => pause,
            _ => 0,
        }
    }
}
