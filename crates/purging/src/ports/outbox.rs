//! The outbox.

use domain::purge::purge_request::PurgeRequest;

use crate::ports::{CallError, Lease, Rows};

/// The outbox: the invalidation requests in flight, written before they are sent and removed when they are completed.
pub trait Outbox: Send + Sync {
    /// All requests in flight, strongly consistent.
    fn requests(&self) -> impl Future<Output = Result<Rows<PurgeRequest>, CallError>> + Send;

    /// Writes `request`, unless it is in the outbox already. With a `lease`, only while its fencing token is the newest,
    /// in one transaction. `false`: another purge run has taken the lease, and the caller must stop.
    fn write(
        &self,
        request: &PurgeRequest,
        lease: Option<&Lease>,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Stores CloudFront's id of a request, and the number of names that it was sent under. A request that was removed
    /// stays removed.
    fn update(&self, request: &PurgeRequest) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Removes a request. Idempotent.
    fn remove(&self, caller_reference: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}
