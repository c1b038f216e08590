//! The cache and its invalidations. Pure: time is a parameter.

mod freshness;
mod invalidations;
mod item;
mod key;
mod object;
mod tags;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

pub(crate) use invalidations::{Batch, Invalidation, Invalidations, Page};
pub(crate) use key::{CacheKey, cache_key};
pub(crate) use object::{Object, OriginResponse};

/// Receives the object when the fetch in progress has ended.
pub(crate) type Pending = watch::Receiver<Option<Arc<Object>>>;

/// The state of an object in the cache.
#[derive(Debug)]
pub(crate) enum Found {
    /// The object is cached and fresh.
    Cached(Arc<Object>),
    /// Another request is fetching the object.
    UnderWay(Pending),
    /// The caller fetches the object, calls [`put`](DistributionCache::put) and sends it to the requests that wait.
    Missing(watch::Sender<Option<Arc<Object>>>),
}

/// The cache of one distribution, the fetches in progress and the invalidations that purge it.
///
/// Each access first applies the invalidations that are due. A response that arrives later is stored, even if it was
/// requested before: AWS does not document this case, and the emulator assumes the worse one, so that a pipeline that
/// relies on the better one fails here first.
#[derive(Debug, Default)]
pub(crate) struct DistributionCache {
    objects: HashMap<CacheKey, Arc<Object>>,
    fetches: HashMap<CacheKey, Pending>,
    pub(crate) invalidations: Invalidations,
}

impl DistributionCache {
    /// Looks up an object. The caller becomes its fetcher if it is neither cached and fresh nor being fetched.
    pub(crate) fn find(&mut self, now: Timestamp, key: &str) -> Found {
        self.apply_due_invalidations(now);
        if let Some(object) = self.objects.get(key).filter(|object| object.is_fresh(now)) {
            return Found::Cached(Arc::clone(object));
        }
        if let Some(pending) = self.fetches.get(key) {
            return Found::UnderWay(pending.clone());
        }
        let (waiters, pending) = watch::channel(None);
        self.fetches.insert(key.to_owned(), pending);
        Found::Missing(waiters)
    }

    /// Ends a fetch and stores the object, unless its time to live is zero.
    pub(crate) fn put(&mut self, now: Timestamp, key: CacheKey, object: &Arc<Object>) {
        self.apply_due_invalidations(now);
        self.fetches.remove(&key);
        if object.may_be_stored() {
            self.objects.insert(key, Arc::clone(object));
        } else {
            self.objects.remove(&key);
        }
    }

    fn apply_due_invalidations(&mut self, now: Timestamp) {
        let items = self.invalidations.take_due(now);
        if !items.is_empty() {
            self.objects.retain(|key, object| !items.iter().any(|item| item.covers(key, &object.tags)));
        }
    }
}

#[cfg(test)]
mod tests;
