//! The invocations of image-invalidation by wakers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use purging::ports::{CallError, PurgeRuns};

/// Counts the invocations of purge runs, and starts none.
#[derive(Debug, Clone, Default)]
pub struct Invocations(Arc<AtomicU64>);

impl Invocations {
    /// The number of invocations so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl PurgeRuns for Invocations {
    async fn invoke(&self) -> Result<(), CallError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
