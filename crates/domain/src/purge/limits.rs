//! The rules of a plan.

use std::time::Duration;

use contract::limits;

/// See [`contract::limits::ITEMS_PER_REQUEST_MAX`].
pub const ITEMS_PER_REQUEST_MAX: usize = limits::ITEMS_PER_REQUEST_MAX as usize;

/// See [`contract::limits::ITEMS_IN_PROGRESS_QUOTA`].
pub const ITEMS_IN_PROGRESS_QUOTA: usize = limits::ITEMS_IN_PROGRESS_QUOTA as usize;

/// See [`contract::limits::WILDCARDS_IN_PROGRESS_QUOTA`].
pub const WILDCARDS_IN_PROGRESS_QUOTA: usize = limits::WILDCARDS_IN_PROGRESS_QUOTA as usize;

/// See [`contract::limits::ITEMS_PER_SECOND_QUOTA`].
pub const ITEMS_PER_SECOND_QUOTA: usize = limits::ITEMS_PER_SECOND_QUOTA as usize;

/// See [`contract::limits::WILDCARDS_PER_SECOND_QUOTA`].
pub const WILDCARDS_PER_SECOND_QUOTA: usize = limits::WILDCARDS_PER_SECOND_QUOTA as usize;

/// The rules that the planner follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The delays.
    pub delays: Delays,
    /// The most rows of one tenant that have not settled for which each gets an early purge. 0: no early purges.
    pub early_purge_targets_max: usize,
    /// Whether another program fills the variants bucket, so that variants must be deleted before an invalidation.
    pub deletes_variants_first: bool,
}

/// The times after a change that the planner knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The settle delay: the time after a change during which an old image can still reach an edge. A purge that begins
    /// earlier is repeated. See [`contract::limits::settle_delay_secs`].
    pub settle: Duration,
    /// The longest time that an edge keeps a variant. A change of a tenant without a distribution that is older by the
    /// settle delay too needs no invalidation any more.
    pub cached_max: Duration,
}
