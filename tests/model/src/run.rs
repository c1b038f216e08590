//! A scheduled run, or an admin's DELETE: what it remembers, and its steps. Between any two of them it may crash, or be
//! overtaken by anything else.

use crate::mutation::Mutation;
use crate::request::{Pass, Request, Served, WrittenRequest};
use crate::state::State;

/// Who is at work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    /// Its right to write requests down.
    pub fence: Fence,
    /// Whether it is so slow that its lease may expire.
    pub is_stalled: bool,
    /// What it does next.
    pub step: Step,
    /// The requests that it has read and not followed yet. It follows one after the other; the real run's concurrent
    /// follow-ups write different rows, or the same ones conditionally.
    pub following: Vec<WrittenRequest>,
    /// The request that it is at.
    pub current: WrittenRequest,
    /// What it purges after that; empty once it is written down.
    pub batch: Request,
}

/// A run's right to write requests down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fence {
    /// It has the newest token, whether its lease has expired or not.
    Newest,
    /// Somebody has taken the lease since. All that the protocol asks of a token is whether it is the newest.
    Superseded,
    /// A DELETE: it needs no lease.
    None,
}

/// What somebody does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Reads the rest of the table (the requests were read with the taking of the lease), and plans.
    ReadEntries,
    /// Deletes the variants of a pack.
    Sweep(usize),
    /// Waits for the edges' fetches; so many ticks are left.
    Pause(u8),
    /// Writes its request down, if it may.
    WriteDown,
    /// Sends the request to CloudFront.
    Send,
    /// Notes CloudFront's id in the request.
    Note,
    /// Looks whether CloudFront has completed it.
    Look,
    /// Writes the end of a pack's purge into the ledger.
    Ledger(usize),
    /// Removes a pack's row, or notes that its early pass is done; only at the version that was purged.
    Conclude(usize),
    /// Removes the request.
    Forget,
    /// Gives the lease back.
    Release,
}

impl Run {
    /// A scheduled run that has taken the lease and read the requests.
    #[must_use]
    pub fn scheduled(state: &State, mutation: Option<Mutation>) -> Self {
        let is_swapped = mutation == Some(Mutation::EntriesReadBeforeRequests);
        Self {
            fence: Fence::Newest,
            is_stalled: false,
            step: Step::ReadEntries,
            following: if is_swapped { Vec::new() } else { state.queue.requests.clone() },
            current: WrittenRequest::default(),
            batch: if is_swapped { state.due() } else { Request::default() },
        }
    }

    /// A DELETE that has enqueued `pack` and purges that version at once.
    #[must_use]
    pub fn delete(state: &State, pack: usize) -> Self {
        let mut batch = Request::default();
        batch.entries[pack] =
            state.packs[pack].row.map(|row| Served { version: row.version, pass: Pass::Early, promises: row.promises });
        Self {
            fence: Fence::None,
            is_stalled: false,
            step: Step::Sweep(pack),
            following: Vec::new(),
            current: WrittenRequest::default(),
            batch,
        }
    }

    /// Whether nobody has taken the lease since this run took it.
    #[must_use]
    pub fn holds_the_newest_lease(&self) -> bool {
        self.fence == Fence::Newest
    }

    /// Whether it waits for the clock.
    #[must_use]
    pub fn is_pausing(&self) -> bool {
        matches!(self.step, Step::Pause(_))
    }

    /// How many ticks it still has to wait, `pause` being the whole pause.
    #[must_use]
    pub fn pause_needed(&self, pause: u8) -> u8 {
        match self.step {
            Step::Pause(left) => left,
            Step::ReadEntries => pause,
            _ if self.batch.has_settled_entries() => pause,
            _ => 0,
        }
    }
}
