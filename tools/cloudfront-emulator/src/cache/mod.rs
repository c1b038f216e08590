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

pub(crate) use invalidations::{Batch, BatchError, Invalidation, Invalidations, Page};
pub(crate) use key::CacheKey;
pub(crate) use object::{Object, OriginResponse};

/// The cache of one distribution and the invalidations that purge it.
///
/// Each access first applies the invalidations that are due. A response that arrives later is stored, even if it was
/// requested before: AWS does not document this case, and the emulator assumes the worse one, so that a pipeline that
/// relies on the better one fails here first.
#[derive(Debug)]
pub(crate) struct DistributionCache {
    objects: HashMap<CacheKey, Arc<Object>>,
    pub(crate) invalidations: Invalidations,
}

impl DistributionCache {
    pub(crate) fn new(distribution_id: &str) -> Self {
        Self { objects: HashMap::new(), invalidations: Invalidations::new(distribution_id) }
    }

    /// The object with this key, if it is cached and fresh.
    pub(crate) fn get(&mut self, now: Timestamp, key: &CacheKey) -> Option<Arc<Object>> {
        self.apply_due_invalidations(now);
        self.objects.get(key).filter(|object| object.is_fresh(now)).map(Arc::clone)
    }

    /// Stores an object, unless its time to live is zero.
    pub(crate) fn put(&mut self, now: Timestamp, key: CacheKey, object: &Arc<Object>) {
        self.apply_due_invalidations(now);
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
