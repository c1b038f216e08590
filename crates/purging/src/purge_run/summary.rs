//! The summary of a purge run.

use serde::Serialize;

/// The summary of a purge run: its response and its last log line.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Whether another purge run had the lease, so that this one did nothing.
    pub is_leased_elsewhere: bool,
    /// Whether another purge run took the lease meanwhile, so that this one stopped.
    pub is_superseded: bool,
    /// Entries that were read. A row that was read twice counts twice.
    pub entries: usize,
    /// Entries whose tenant has no registered distribution. They are purged when the tenant registers.
    pub entries_parked: usize,
    /// Parked entries that were removed, since no cache has an object from before their change any more.
    pub entries_expired: u64,
    /// Entries that waited in its last round: their request is in flight, they have not settled, a budget is used up, or
    /// their distribution cannot be invalidated.
    pub entries_waiting: usize,
    /// Entries that were removed, since CloudFront has completed their purge and their variants are deleted.
    pub entries_removed: u64,
    /// Entries that stay for a later purge run.
    pub entries_left: u64,
    /// Entries that CloudFront rejects, now in the dead-letter queue.
    pub entries_quarantined: u64,
    /// Deletions with variants left when the time ended; the next purge run continues them.
    pub deletions_unfinished: u64,
    /// Requests that CloudFront accepted.
    pub invalidations: usize,
    /// Items in them, each billed as one path.
    pub items: usize,
    /// Requests that CloudFront has completed.
    pub requests_completed: usize,
    /// Requests still in flight; the next purge run tracks them.
    pub requests_in_flight: usize,
    /// Requests in flight whose distribution cannot be invalidated: the function has no permission for it, or it does
    /// not exist. They wait until the tenant's stack is deployed or deleted.
    pub requests_unavailable: usize,
    /// Requests that were removed because their distribution is no longer their tenant's; their entries stay in the queue.
    pub requests_abandoned: usize,
    /// Variants deleted.
    pub variants_deleted: u64,
}
