use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::cache::DistributionCache;
use crate::config::EmulatorConfig;
use crate::faults::Faults;

/// The state that the data plane and the control plane share.
pub(crate) struct Emulator {
    pub(crate) config: EmulatorConfig,
    /// The client of the origin gateway.
    pub(crate) http: reqwest::Client,
    pub(crate) faults: Faults,
    /// By distribution id. Behind one lock, so that exactly one of several requests for the same missing object becomes
    /// the fetch.
    pub(crate) caches: Mutex<HashMap<String, DistributionCache>>,
}

impl Emulator {
    pub(crate) fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    /// Runs `work` on the cache of one distribution.
    pub(crate) fn with_cache<T>(&self, distribution_id: &str, work: impl FnOnce(&mut DistributionCache) -> T) -> T {
        // No holder of the lock panics in the middle of a change.
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        work(caches.entry(distribution_id.to_owned()).or_default())
    }
}
