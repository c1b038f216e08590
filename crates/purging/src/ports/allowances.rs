//! The allowances of tenants.

use domain::{TenantId, Timestamp};

use crate::ports::CallError;

/// The allowances of one kind, manual purges or requests in advance: a token bucket for each tenant; see [`domain::access::allowance`].
pub trait Allowances: Send + Sync {
    /// The time at which the bucket of `tenant` is full again, strongly consistent. `None`: it was never used.
    fn full_at(&self, tenant: &TenantId) -> impl Future<Output = Result<Option<Timestamp>, CallError>> + Send;

    /// Replaces `seen`, the result of [`Self::full_at`], by `full_at`. `false`: another request has replaced it since,
    /// and nothing was written.
    fn replace(
        &self,
        tenant: &TenantId,
        seen: Option<Timestamp>,
        full_at: Timestamp,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;
}
