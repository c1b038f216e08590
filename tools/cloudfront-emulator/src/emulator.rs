use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::account::Account;
use crate::cache::DistributionCache;
use crate::config::EmulatorConfig;
use crate::faults::Faults;
use crate::origin::OriginClient;

/// The state that the data plane and the control plane share.
pub(crate) struct Emulator {
    pub(crate) config: EmulatorConfig,
    pub(crate) origin: OriginClient,
    pub(crate) faults: Faults,
    state: Mutex<State>,
}

/// Behind one lock, so that exactly one of several requests for the same missing object becomes the fetch.
pub(crate) struct State {
    pub(crate) account: Account,
    caches: HashMap<String, DistributionCache>,
}

impl Emulator {
    pub(crate) fn new(config: EmulatorConfig, origin: OriginClient, faults: Faults) -> Self {
        let account = Account::new(config.quotas, config.call_rate, config.propagation);
        Self { config, origin, faults, state: Mutex::new(State { account, caches: HashMap::new() }) }
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
        work(self.state().of(distribution_id).0)
    }
}

impl State {
    /// The caches of one distribution, and the account.
    pub(crate) fn of(&mut self, distribution_id: &str) -> (&mut DistributionCache, &mut Account) {
        (self.caches.entry(distribution_id.to_owned()).or_default(), &mut self.account)
    }
}
