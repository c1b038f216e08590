use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::account::Account;
use crate::api_error::ApiError;
use crate::cache::{Batch, DistributionCache, Invalidation};
use crate::config::EmulatorConfig;
use crate::distribution::Distribution;
use crate::faults::Faults;
use crate::origin::OriginClient;
use crate::quotas::ItemCounts;
use crate::responses::ResponseCounts;

/// The state that the data plane and the control plane share.
pub(crate) struct Emulator {
    pub(crate) config: EmulatorConfig,
    pub(crate) origin: OriginClient,
    pub(crate) faults: Faults,
    pub(crate) responses: ResponseCounts,
    state: Mutex<State>,
}

/// Behind one lock, so that exactly one of several requests for the same missing object becomes the fetch.
pub(crate) struct State {
    pub(crate) account: Account,
    caches: HashMap<String, DistributionCache>,
    /// The distributions and distribution tenants with an invalidation, by the distribution whose quotas they use.
    sharing: HashMap<String, BTreeSet<String>>,
}

impl Emulator {
    pub(crate) fn new(config: EmulatorConfig, origin: OriginClient, faults: Faults, responses: ResponseCounts) -> Self {
        let account = Account::new(config.quotas, config.call_rate, config.propagation);
        Self {
            config,
            origin,
            faults,
            responses,
            state: Mutex::new(State { account, caches: HashMap::new(), sharing: HashMap::new() }),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // No holder of the lock panics in the middle of a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the caches of one distribution.
    pub(crate) fn with_cache<T>(&self, distribution_id: &str, work: impl FnOnce(&mut DistributionCache) -> T) -> T {
        work(self.state().cache(distribution_id))
    }
}

impl State {
    fn cache(&mut self, distribution_id: &str) -> &mut DistributionCache {
        self.caches.entry(distribution_id.to_owned()).or_default()
    }

    /// Accepts an invalidation of a distribution or of a distribution tenant.
    pub(crate) fn invalidate(
        &mut self,
        distribution: &Distribution,
        now: Timestamp,
        batch: Batch,
    ) -> Result<Arc<Invalidation>, ApiError> {
        let sharing = self.sharing.entry(distribution.quota_id().to_owned()).or_default();
        let others = sharing.iter().filter(|id| **id != distribution.id).filter_map(|id| self.caches.get(id));
        let beside = others.map(|cache| cache.invalidations.in_progress(now));
        let beside = beside.fold(ItemCounts::default(), ItemCounts::plus);
        sharing.insert(distribution.id.clone());
        let cache = self.caches.entry(distribution.id.clone()).or_default();
        cache.invalidate(&distribution.id, now, batch, beside, &mut self.account)
    }
}
