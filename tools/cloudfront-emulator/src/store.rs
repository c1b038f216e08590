use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::cache::{CacheKey, DistributionCache, Object};

/// The caches of all distributions and the origin fetches in progress, behind one lock, so that exactly one of several
/// requests for the same missing object becomes the fetch.
#[derive(Debug, Default)]
pub(crate) struct Store(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By distribution id.
    caches: HashMap<String, DistributionCache>,
    /// By distribution id and cache key.
    fetches: HashMap<(String, CacheKey), Pending>,
}

/// Receives the object when the fetch in progress has ended.
pub(crate) type Pending = watch::Receiver<Option<Arc<Object>>>;

/// Sends the fetched object to the requests that wait for it.
pub(crate) type Waiters = watch::Sender<Option<Arc<Object>>>;

/// The state of an object in the store.
#[derive(Debug)]
pub(crate) enum Found {
    /// The object is cached and fresh.
    Cached(Arc<Object>),
    /// Another request is fetching the object.
    UnderWay(Pending),
    /// The caller fetches the object, calls [`finish`](Store::finish) and sends it to the waiting requests.
    Missing(Waiters),
}

impl Store {
    /// Looks up an object. The caller becomes its fetcher if it is neither cached nor being fetched.
    pub(crate) fn find(&self, now: Timestamp, distribution_id: &str, key: &CacheKey) -> Found {
        let mut inner = self.lock();
        if let Some(object) = inner.cache(distribution_id).get(now, key) {
            return Found::Cached(object);
        }
        let fetch = (distribution_id.to_owned(), key.clone());
        if let Some(pending) = inner.fetches.get(&fetch) {
            return Found::UnderWay(pending.clone());
        }
        let (waiters, pending) = watch::channel(None);
        inner.fetches.insert(fetch, pending);
        Found::Missing(waiters)
    }

    /// Ends a fetch, and stores the object if that is allowed.
    pub(crate) fn finish(&self, now: Timestamp, distribution_id: &str, key: CacheKey, object: &Arc<Object>) {
        let mut inner = self.lock();
        inner.fetches.remove(&(distribution_id.to_owned(), key.clone()));
        inner.cache(distribution_id).put(now, key, object);
    }

    /// Runs `work` on the cache of one distribution.
    pub(crate) fn with_cache<T>(&self, distribution_id: &str, work: impl FnOnce(&mut DistributionCache) -> T) -> T {
        work(self.lock().cache(distribution_id))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No holder of the lock panics in the middle of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn cache(&mut self, distribution_id: &str) -> &mut DistributionCache {
        let new = || DistributionCache::new(distribution_id);
        self.caches.entry(distribution_id.to_owned()).or_insert_with(new)
    }
}
