use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{CacheKey, Invalidation, Object};
use crate::clock::after;

/// One cache: of an edge location, or the regional one.
///
/// Its methods expect that the invalidations that are due have been applied ([`apply_due`](Self::apply_due)).
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<CacheKey, Entry>,
    /// Invalidations that have not taken effect yet, by time of the effect and order of scheduling.
    scheduled: BTreeMap<(Timestamp, u64), Arc<Invalidation>>,
    schedulings: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    object: Arc<Object>,
    is_invalidated: bool,
    /// The time until which the object is served without asking the origin, which failed. CloudFront Developer Guide,
    /// "How CloudFront processes HTTP 4xx and 5xx status codes": the error caching minimum TTL.
    failing_until: Option<Timestamp>,
}

impl Cache {
    pub(super) fn schedule(&mut self, at: Timestamp, invalidation: &Arc<Invalidation>) {
        self.schedulings += 1;
        self.scheduled.insert((at, self.schedulings), Arc::clone(invalidation));
    }

    /// Applies the invalidations that take effect until `now`.
    ///
    /// An invalidated object is never served while the origin responds. AWS does not document whether it is served if
    /// the origin fails: in the worse case it is, unless the response had `stale-if-error=0`.
    pub(super) fn apply_due(&mut self, now: Timestamp) {
        while let Some(first) = self.scheduled.first_entry().filter(|first| first.key().0 <= now) {
            let invalidation = first.remove();
            self.entries.retain(|key, entry| {
                if invalidation.covers(key, &entry.object.tags) {
                    entry.is_invalidated = true;
                }
                !entry.is_invalidated || entry.object.may_be_served_stale()
            });
        }
    }

    /// The object, if it is served without asking the origin, and whether it is fresh.
    pub(super) fn lookup(&self, now: Timestamp, key: &str) -> Option<(Arc<Object>, bool)> {
        let entry = self.entries.get(key)?;
        if !entry.is_invalidated && entry.object.is_fresh(now) {
            return Some((Arc::clone(&entry.object), true));
        }
        entry.failing_until.filter(|until| now < *until)?;
        self.stale(now, key).map(|object| (object, false))
    }

    /// The expired object that the origin can confirm. CloudFront is known to fetch an invalidated one anew.
    pub(super) fn expired(&self, key: &str) -> Option<Arc<Object>> {
        let entry = self.entries.get(key).filter(|entry| !entry.is_invalidated)?;
        Some(Arc::clone(&entry.object))
    }

    /// The object that is served if the origin fails.
    pub(super) fn stale(&self, now: Timestamp, key: &str) -> Option<Arc<Object>> {
        let entry = self.entries.get(key)?;
        entry.object.is_usable_on_failure(now).then(|| Arc::clone(&entry.object))
    }

    /// Copies the entry of another cache, if it has one.
    pub(super) fn copy(&mut self, key: &str, from: &Self) {
        if let Some(entry) = from.entries.get(key) {
            self.entries.insert(key.to_owned(), entry.clone());
        }
    }

    /// Stores a response. A failure of the origin does not replace an object that is served instead.
    pub(super) fn put(&mut self, now: Timestamp, key: &str, object: &Arc<Object>) {
        if object.is_failure() && self.stale(now, key).is_some() {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.failing_until = Some(after(now, object.retry_after));
            }
        } else if object.is_fresh(now) || object.is_usable_on_failure(now) {
            let entry = Entry { object: Arc::clone(object), is_invalidated: false, failing_until: None };
            self.entries.insert(key.to_owned(), entry);
        } else {
            self.entries.remove(key);
        }
    }
}
