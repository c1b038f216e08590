//! The parts that purge runs and manual purges share.

use std::time::Duration;

use domain::purge::limits::{Budgets, Delays};

use crate::executor::Executor;

/// The executor and the planner's limits, which purge runs and manual purges share.
#[derive(Debug, Clone)]
pub struct Purger<P> {
    /// The executor of plans.
    pub executor: Executor<P>,
    /// The delays after which no stale image can be stored or cached any more.
    pub delays: Delays,
    /// The most items and wildcards that one purge run sends.
    pub budgets: Budgets,
    /// The longest time that one purge run deletes variants. The next purge run continues an unfinished deletion.
    pub variant_deletion_max: Duration,
}
