//! The limits of a plan. Each default is below CloudFront's own quota, which leaves head-room for manual purges.

use std::time::Duration;

use crate::purge::purge_request::PurgeRequest;

/// Items in one `CreateInvalidation` request, and entries that it serves. AWS publishes no number below the 3,000 in
/// progress. The limit here is the outbox: the request is one DynamoDB item of at most 400 kB, and 500 entries of the
/// longest ids take 320.
pub const ITEMS_PER_REQUEST_MAX: usize = 500;

/// Exact items of one distribution that CloudFront accepts in progress ("Concurrent invalidation request maximum",
/// developer guide).
pub const ITEMS_IN_PROGRESS_QUOTA: usize = 3_000;

/// Wildcards of one distribution that CloudFront accepts in progress (same page).
pub const WILDCARDS_IN_PROGRESS_QUOTA: usize = 15;

/// Exact items for one distribution in one purge run; beyond them the whole tenant is one item. CloudFront accepts
/// 3,000 in progress ("Concurrent invalidation request maximum", developer guide); 100 stay free for manual purges.
pub const ITEMS_PER_PURGE_RUN_MAX: usize = 2_900;

/// Wildcards for one distribution in one purge run; beyond them the whole tenant is one wildcard. CloudFront accepts 15
/// in progress (same page); 2 stay free for manual purges.
pub const WILDCARDS_PER_PURGE_RUN_MAX: usize = 13;

/// The largest numbers of items that one purge run may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// Items in one `CreateInvalidation` request, and entries that it serves.
    pub items_per_request: usize,
    /// Exact items for one distribution before the tenant is purged as a whole.
    pub items_per_purge_run: usize,
    /// Wildcards for one distribution before the tenant is purged as a whole.
    pub wildcards_per_purge_run: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            items_per_request: ITEMS_PER_REQUEST_MAX,
            items_per_purge_run: ITEMS_PER_PURGE_RUN_MAX,
            wildcards_per_purge_run: WILDCARDS_PER_PURGE_RUN_MAX,
        }
    }
}

impl Budgets {
    /// The rest of the budgets for a distribution beside the requests `in_flight`.
    #[must_use]
    pub(crate) fn without(&self, in_flight: &[PurgeRequest], distribution_id: &str) -> Self {
        let in_flight = || in_flight.iter().filter(|request| request.distribution.distribution_id == distribution_id);
        let wildcards: usize = in_flight().map(PurgeRequest::wildcards).sum();
        let items: usize = in_flight().map(|request| request.items.len()).sum();
        Self {
            items_per_request: self.items_per_request,
            items_per_purge_run: self.items_per_purge_run.saturating_sub(items - wildcards),
            wildcards_per_purge_run: self.wildcards_per_purge_run.saturating_sub(wildcards),
        }
    }
}

/// The two waits that close the refill races.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The settle delay: the time after a change during which an invocation of image-processing that read the old
    /// original may still store its variant or send a response to an edge. At least the timeout of image-processing. A
    /// purge that begins earlier is repeated.
    pub settle: Duration,
    /// The time that an edge which began to read a stale variant may take to store it: the pause between the deletions
    /// and the invalidations of a purge run.
    pub edge_fetch_max: Duration,
}
