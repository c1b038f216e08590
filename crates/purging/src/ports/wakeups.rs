//! Wake-ups: the way in which a function that enqueues makes a purge run start at once.

use std::collections::BTreeSet;

use domain::{TenantId, Timestamp};

use crate::ports::CallError;

/// The tenants that were woken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Woken {
    /// The number of wake-ups so far.
    pub count: u64,
    /// The tenants of those that no purge run has taken yet.
    pub tenants: BTreeSet<TenantId>,
}

/// The counter of wake-ups. It is an item of its own beside the lease: the transactions of the outbox check the lease's
/// item, and would conflict with the writes of many wakers.
pub trait Wakeups: Send + Sync {
    /// Counts one wake-up for `tenants`.
    fn count_up(&self, tenants: &BTreeSet<TenantId>) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Whether a purge run holds an unexpired lease, strongly consistent.
    fn is_leased(&self, now: Timestamp) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Notes that the caller invokes a purge run. `false`: another waker has noted it after `since`, and no invocation
    /// has arrived since.
    fn note_invocation(&self, now: Timestamp, since: Timestamp)
    -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Notes that an invocation has arrived: the next waker may invoke again.
    fn arrive(&self) -> impl Future<Output = Result<(), CallError>> + Send;

    /// The number of wake-ups so far, strongly consistent.
    fn count(&self) -> impl Future<Output = Result<u64, CallError>> + Send;

    /// Takes out the tenants that were woken since the last call, together with the count.
    fn take(&self) -> impl Future<Output = Result<Woken, CallError>> + Send;
}

/// The function image-invalidation.
pub trait PurgeRuns: Send + Sync {
    /// Invokes a purge run asynchronously.
    fn invoke(&self) -> impl Future<Output = Result<(), CallError>> + Send;
}
