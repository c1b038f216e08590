//! The wake-up after an enqueue: the last calls of the stream function and of an admin's DELETE.

use crate::mutation::Mutation;
use crate::queue::{InvokedAt, Lease};
use crate::state::State;

/// One wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Waker {
    /// The pack that was enqueued.
    pub pack: usize,
    /// The version that its row got. `0`: a fault excuses this wake-up.
    pub version: u8,
    /// Its next call.
    pub call: Call,
}

/// The calls of a wake-up, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// Adds to the counter, and the tenant to the woken tenants.
    Count,
    /// Reads the lease.
    ReadLease,
    /// Adds to the counter after the lease was read: the wrong order of a mutation.
    CountLate {
        /// Whether a lease was unexpired.
        is_leased: bool,
    },
    /// Sets `invokedAt`, unless another wake-up has.
    SetInvokedAt,
    /// Invokes image-invalidation.
    Invoke,
}

/// The state after a call.
enum Next {
    Call(Call),
    /// The wake-up has ended; whether what it relies on is alive.
    Covered(bool),
}

impl Waker {
    /// The wake-up for a row that was just enqueued.
    #[must_use]
    pub fn new(pack: usize, version: u8, mutation: Option<Mutation>) -> Self {
        let is_swapped = mutation == Some(Mutation::LeaseReadBeforeTheCount);
        Self { pack, version, call: if is_swapped { Call::ReadLease } else { Call::Count } }
    }

    /// Makes the next call. The wake-up with the one after it, or `None` if it has ended.
    #[must_use]
    pub fn call(self, state: &mut State, mutation: Option<Mutation>) -> Option<Self> {
        let is_swapped = mutation == Some(Mutation::LeaseReadBeforeTheCount);
        let is_leased = state.queue.lease == Lease::Held;
        let next = match self.call {
            Call::Count => {
                state.count_wake_up();
                Next::Call(Call::ReadLease)
            }
            Call::ReadLease if is_swapped => Next::Call(Call::CountLate { is_leased }),
            Call::ReadLease if is_leased => Next::Covered(!state.is_lease_abandoned()),
            Call::ReadLease => Next::Call(Call::SetInvokedAt),
            Call::CountLate { is_leased } => {
                state.count_wake_up();
                if is_leased { Next::Covered(true) } else { Next::Call(Call::SetInvokedAt) }
            }
            Call::SetInvokedAt if state.queue.invoked_at != InvokedAt::Absent => {
                Next::Covered(state.queue.invoked_at == InvokedAt::Set)
            }
            Call::SetInvokedAt => {
                state.queue.invoked_at = InvokedAt::Set;
                Next::Call(Call::Invoke)
            }
            Call::Invoke => {
                state.queue.invocations += 1;
                Next::Covered(true)
            }
        };
        match next {
            Next::Call(call) => Some(Self { call, ..self }),
            Next::Covered(is_alive) => {
                state.note_wake_up(self, is_alive);
                None
            }
        }
    }
}
