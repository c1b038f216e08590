//! What a purge run did.

use serde::Serialize;

/// What a purge run did, as its response and its log line.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Whether another purge run has the lease, so that this one did nothing.
    pub is_leased_elsewhere: bool,
    /// Whether another purge run took the lease meanwhile, so that this one stopped.
    pub is_superseded: bool,
    /// Entries that the queue held.
    pub entries: usize,
    /// Entries whose tenant has no registered distribution.
    pub entries_unregistered: usize,
    /// Entries with nothing to do in this purge run: on their way through CloudFront, or purged once and not settled
    /// yet.
    pub entries_waiting: usize,
    /// Entries that left the queue, since CloudFront has completed their purge.
    pub entries_removed: u64,
    /// Entries that stay for a later purge run.
    pub entries_left: u64,
    /// Entries that CloudFront rejects; the dead-letter queue has them.
    pub entries_quarantined: u64,
    /// Entries with variants left that there was no time to delete; the next purge run goes on with them.
    pub deletions_unfinished: u64,
    /// Requests that CloudFront accepted.
    pub invalidations: usize,
    /// Items in them, each billed as one path.
    pub items: usize,
    /// Requests that CloudFront has completed.
    pub requests_completed: usize,
    /// Requests still in flight; the next purge run tracks them.
    pub requests_in_flight: usize,
    /// Variants deleted.
    pub variants_deleted: u64,
}
