//! The lease of the purge run.

use std::time::Duration;

use domain::Timestamp;

use crate::ports::CallError;

/// The right to run. Its fencing token grows each time the lease is taken, so that a write under an earlier lease is
/// detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The owner: the id of the purge run.
    pub owner: String,
    /// The fencing token: the number of times that the lease was taken.
    pub token: u64,
}

/// The lease that lets one purge run work at a time.
pub trait Leases: Send + Sync {
    /// Takes the lease for `duration` in the name of `owner`. `None`: another purge run has an unexpired lease.
    fn take(
        &self,
        owner: &str,
        now: Timestamp,
        duration: Duration,
    ) -> impl Future<Output = Result<Option<Lease>, CallError>> + Send;

    /// Renews the lease for `duration` from `now` on. `false`: another purge run has taken it.
    fn renew(
        &self,
        lease: &Lease,
        now: Timestamp,
        duration: Duration,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Releases the lease, unless another purge run has taken it since it expired.
    fn release(&self, lease: &Lease) -> impl Future<Output = Result<(), CallError>> + Send;
}
