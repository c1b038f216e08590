//! The limits of a plan. Each default is below CloudFront's own quota, which leaves head-room for manual purges.

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

/// The times after a change that the planner knows. The pause while a plan is executed is `Executor::edge_fetch_max` of
/// the crate `purging`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The settle delay: the time after a change during which an invocation of image-processing that read the old
    /// original may still store its variant or send a response to an edge. At least the timeout of image-processing. A
    /// purge that begins earlier is repeated.
    pub settle: Duration,
    /// The longest time that an edge keeps a variant. A change of a tenant without a distribution that is older by the
    /// settle delay too needs no invalidation any more.
    pub cached_max: Duration,
}
