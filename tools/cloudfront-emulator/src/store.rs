use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::cache::{CacheKey, DistributionCache, Object};

/// The caches of all distributions and the origin fetches under way, behind one lock, so that of several requests for
/// the same missing object exactly one becomes the fetch.
#[derive(Debug, Default)]
pub(crate) struct Store(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By distribution id.
    caches: HashMap<String, DistributionCache>,
    fetches: HashMap<FetchKey, Pending>,
}

/// Distribution id and cache key.
type FetchKey = (String, CacheKey);

/// Shows the object when the fetch that is under way has ended.
pub(crate) type Pending = watch::Receiver<Option<Arc<Object>>>;

/// What the store has for a request.
#[derive(Debug)]
pub(crate) enum Found {
    /// Serve this object.
    Cached(Arc<Object>),
    /// Another request is fetching the object: wait for it.
    UnderWay(Pending),
    /// Fetch the object and [`finish`](Store::finish); others wait for it. The second part shows when that is done.
    Missing(Fetch, Pending),
}

/// The duty to fetch one object.
#[derive(Debug)]
pub(crate) struct Fetch {
    key: FetchKey,
    done: watch::Sender<Option<Arc<Object>>>,
}

impl Store {
    /// Looks an object up, and makes the caller its fetcher if nobody has it.
    pub(crate) fn find(&self, now: Timestamp, distribution_id: &str, key: &CacheKey) -> Found {
        let mut inner = self.lock();
        if let Some(object) = inner.cache(distribution_id).get(now, key) {
            return Found::Cached(object);
        }
        let fetch_key = (distribution_id.to_owned(), key.clone());
        if let Some(pending) = inner.fetches.get(&fetch_key) {
            return Found::UnderWay(pending.clone());
        }
        let (done, pending) = watch::channel(None);
        inner.fetches.insert(fetch_key.clone(), pending.clone());
        Found::Missing(Fetch { key: fetch_key, done }, pending)
    }

    /// Ends a fetch: stores the object, if it may be stored, and shows it to those who wait.
    pub(crate) fn finish(&self, now: Timestamp, fetch: Fetch, object: Arc<Object>) {
        let Fetch { key, done } = fetch;
        {
            let mut inner = self.lock();
            inner.fetches.remove(&key);
            let (distribution_id, key) = key;
            inner.cache(&distribution_id).put(now, key, &object);
        }
        // Nobody may be waiting any more.
        done.send_replace(Some(object));
    }

    /// Works on the cache of one distribution.
    pub(crate) fn with_cache<T>(&self, distribution_id: &str, work: impl FnOnce(&mut DistributionCache) -> T) -> T {
        work(self.lock().cache(distribution_id))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn cache(&mut self, distribution_id: &str) -> &mut DistributionCache {
        let new = || DistributionCache::new(distribution_id);
        self.caches.entry(distribution_id.to_owned()).or_insert_with(new)
    }
}
