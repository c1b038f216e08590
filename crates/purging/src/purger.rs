//! The parts that purge runs and manual purges share.

use domain::purge::limits::Rules;
use domain::purge::pacer::Quotas;

use crate::executor::Executor;

/// The executor and the planner's rules, which purge runs and manual purges share.
#[derive(Debug, Clone)]
pub struct Purger<P> {
    /// The executor of plans.
    pub executor: Executor<P>,
    /// The planner's rules.
    pub rules: Rules,
    /// CloudFront's quotas.
    pub quotas: Quotas,
}
