//! The limits that a plan keeps to. Each default is below CloudFront's own quota, so that people keep head-room.

use std::time::Duration;

/// Items in one `CreateInvalidation` request. AWS publishes no number below the 3,000 in progress; 1,000 is what
/// crates.io sends.
pub const ITEMS_PER_REQUEST_MAX: usize = 1_000;

/// Exact items for one distribution in one run; beyond them the whole tenant is one item. CloudFront takes 3,000 in
/// progress ("Concurrent invalidation request maximum", developer guide); 100 stay free for manual purges.
pub const ITEMS_PER_RUN_MAX: usize = 2_900;

/// Wildcards for one distribution in one run; beyond them the whole tenant is one wildcard. CloudFront takes 15 in
/// progress (same page); 2 stay free for manual purges.
pub const WILDCARDS_PER_RUN_MAX: usize = 13;

/// How much one run may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// Items in one `CreateInvalidation` request.
    pub items_per_request: usize,
    /// Exact items for one distribution before the tenant is purged as a whole.
    pub items_per_run: usize,
    /// Wildcards for one distribution before the tenant is purged as a whole.
    pub wildcards_per_run: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            items_per_request: ITEMS_PER_REQUEST_MAX,
            items_per_run: ITEMS_PER_RUN_MAX,
            wildcards_per_run: WILDCARDS_PER_RUN_MAX,
        }
    }
}

/// The two waits that close the refill races.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// How long after a change an image-processing run that read the old original may still store its variant, or a
    /// viewer's request that it answers may still be on its way to an edge: at least image-processing's timeout. A
    /// purge that begins earlier is repeated.
    pub settle: Duration,
    /// How long an edge that began to read a stale variant may take to store it: the pause between the deletes and
    /// the invalidations of a run.
    pub edge_fetch_max: Duration,
}
