//! The limits that a plan keeps to. Each default is below CloudFront's own quota, so that people keep head-room.

use std::time::Duration;

use contract::limits;

use crate::purge::purge_request::PurgeRequest;

/// See [`contract::limits::ITEMS_PER_REQUEST_MAX`].
pub const ITEMS_PER_REQUEST_MAX: usize = limits::ITEMS_PER_REQUEST_MAX as usize;

/// See [`contract::limits::ITEMS_IN_PROGRESS_QUOTA`].
pub const ITEMS_IN_PROGRESS_QUOTA: usize = limits::ITEMS_IN_PROGRESS_QUOTA as usize;

/// See [`contract::limits::WILDCARDS_IN_PROGRESS_QUOTA`].
pub const WILDCARDS_IN_PROGRESS_QUOTA: usize = limits::WILDCARDS_IN_PROGRESS_QUOTA as usize;

/// See [`contract::limits::ITEMS_PER_PURGE_RUN_MAX`].
pub const ITEMS_PER_PURGE_RUN_MAX: usize = limits::ITEMS_PER_PURGE_RUN_MAX as usize;

/// See [`contract::limits::WILDCARDS_PER_PURGE_RUN_MAX`].
pub const WILDCARDS_PER_PURGE_RUN_MAX: usize = limits::WILDCARDS_PER_PURGE_RUN_MAX as usize;

/// How much one purge run may send.
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
    /// What is left of them for a distribution beside the requests `in_flight`.
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

/// The wait that closes the refill races of the planner. (`Executor::edge_fetch_max` is the pause while a plan is executed.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// How long after a change an invocation of image-processing that read the old original may still store its
    /// variant, or a viewer's response that it sends may still be on its way to an edge: at least image-processing's
    /// timeout. A purge that begins earlier is repeated.
    pub settle: Duration,
}
