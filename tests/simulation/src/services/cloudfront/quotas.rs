//! CloudFront's quotas: the items in progress of one distribution, or the items of one second of the whole account; and
//! the throttle of calls to its API. A seed has one of the two schemes.

use domain::purge::invalidation_item::is_wildcard;

use crate::fault::Fault;
use crate::setup::Setup;

/// The quota of invalidations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// For one distribution, at any time.
    InProgress(InProgress),
    /// For all distributions of the account, each second.
    PerSecond(InProgress),
}

/// Numbers of items: exact ones (paths and tags), and wildcards, which are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InProgress {
    pub(crate) exact: u64,
    pub(crate) wildcards: u64,
}

/// The rest of the quotas.
#[derive(Debug)]
pub(crate) struct Quotas {
    scheme: Scheme,
    exact: Bucket,
    wildcards: Bucket,
    calls: Bucket,
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    capacity: u64,
    millis_for_each: u64,
    /// The time at which the bucket is full.
    full_ms: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        let none = || Bucket { capacity: u64::MAX, millis_for_each: 0, full_ms: 0 };
        let scheme = Scheme::InProgress(InProgress { exact: u64::MAX, wildcards: u64::MAX });
        Self { scheme, exact: none(), wildcards: none(), calls: none() }
    }
}

impl InProgress {
    pub(crate) fn of<'a>(items: impl IntoIterator<Item = &'a String>) -> Self {
        let mut count = Self { exact: 0, wildcards: 0 };
        for item in items {
            if is_wildcard(item) {
                count.wildcards += 1;
            } else {
                count.exact += 1;
            }
        }
        count
    }
}

impl Quotas {
    pub(crate) fn of(setup: &Setup) -> Self {
        let (exact, wildcards) = match setup.quota {
            Scheme::PerSecond(InProgress { exact, wildcards }) => (exact, wildcards),
            Scheme::InProgress(_) => (1, 1),
        };
        let each_second = |capacity| Bucket { capacity, millis_for_each: 1_000 / capacity, full_ms: 0 };
        let calls = Bucket { capacity: setup.calls_burst, millis_for_each: setup.millis_for_each_call, full_ms: 0 };
        Self { scheme: setup.quota, exact: each_second(exact), wildcards: each_second(wildcards), calls }
    }

    /// Takes a call to the API, if the throttle allows it.
    pub(crate) fn takes_call(&mut self, now_ms: u64) -> bool {
        let is_allowed = self.calls.has(1, now_ms);
        if is_allowed {
            self.calls.take(1, now_ms);
        }
        is_allowed
    }

    /// Takes the items of a request, if the quota allows them beside those `in_progress` in its distribution. A request
    /// that is larger than the quota is taken when nothing else is in progress. The error is the quota that is used up.
    pub(crate) fn takes(&mut self, items: InProgress, in_progress: InProgress, now_ms: u64) -> Result<(), Fault> {
        match self.scheme {
            Scheme::InProgress(max) => {
                let is_over =
                    |items: u64, in_progress: u64, max: u64| items > 0 && items + in_progress > max.max(items);
                if is_over(items.exact, in_progress.exact, max.exact) {
                    return Err(Fault::ItemsInProgress);
                }
                if is_over(items.wildcards, in_progress.wildcards, max.wildcards) {
                    return Err(Fault::WildcardsInProgress);
                }
            }
            Scheme::PerSecond(_) => {
                if !self.exact.has(items.exact, now_ms) {
                    return Err(Fault::ItemsPerSecond);
                }
                if !self.wildcards.has(items.wildcards, now_ms) {
                    return Err(Fault::WildcardsPerSecond);
                }
                self.exact.take(items.exact, now_ms);
                self.wildcards.take(items.wildcards, now_ms);
            }
        }
        Ok(())
    }
}

impl Bucket {
    /// Whether it has `count` tokens, or is full.
    fn has(&self, count: u64, now_ms: u64) -> bool {
        let missing_ms = self.full_ms.saturating_sub(now_ms) + count.min(self.capacity) * self.millis_for_each;
        missing_ms <= self.capacity * self.millis_for_each
    }

    /// Takes `count` tokens; it may owe some afterwards.
    fn take(&mut self, count: u64, now_ms: u64) {
        self.full_ms = self.full_ms.max(now_ms) + count * self.millis_for_each;
    }
}
