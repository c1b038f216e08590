//! Everything that planning and carrying out a purge needs.

use std::time::Duration;

use domain::purge::limits::{Budgets, Delays};

use crate::executor::Executor;

/// Everything that planning and carrying out a purge needs.
#[derive(Debug, Clone)]
pub struct Purger<P> {
    /// Carries out plans.
    pub executor: Executor<P>,
    /// The waits that close the refill races.
    pub delays: Delays,
    /// How much one purge run may send.
    pub budgets: Budgets,
    /// How long one purge run may spend on deleting variants. What it cannot finish the next purge run goes on with.
    pub variant_deletion_max: Duration,
}
