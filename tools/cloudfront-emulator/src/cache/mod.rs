//! The caches of one distribution and its invalidations. Pure: time is a parameter.

mod freshness;
mod invalidations;
mod item;
mod key;
mod layer;
mod object;
mod tags;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::account::Account;
use crate::api_error::ApiError;
use crate::propagation::EDGE_LOCATIONS;
use crate::quotas::ItemCounts;
use invalidations::Effects;
use layer::Cache;

pub(crate) use invalidations::{Batch, Invalidation, Invalidations, Page};
pub(crate) use key::{CacheKey, cache_key};
pub(crate) use object::{Object, OriginResponse};

/// The number of an edge location, below [`EDGE_LOCATIONS`].
pub(crate) type Edge = usize;

/// Receives the object when the fetch in progress has ended.
pub(crate) type Pending = watch::Receiver<Option<Arc<Object>>>;

/// The state of an object at one edge location.
#[derive(Debug)]
pub(crate) enum Found {
    /// A cache has the object, fresh.
    Fresh(Arc<Object>),
    /// A cache has the object, expired, and the origin failed a moment ago.
    Stale(Arc<Object>),
    /// Another request is fetching the object.
    UnderWay(Pending),
    /// The caller fetches the object, calls [`put`](DistributionCache::put) and sends it to the requests that wait.
    Missing {
        waiters: watch::Sender<Option<Arc<Object>>>,
        /// The object that the origin can confirm with a 304.
        expired: Option<Arc<Object>>,
    },
}

/// The caches of one distribution: edge locations behind which one regional cache is, the fetches in progress and the
/// invalidations.
///
/// Each access first applies the invalidations that are due. A response that arrives later is stored, even if it was
/// requested before: AWS does not document this case, and the emulator assumes the worse one, so that a pipeline that
/// relies on the better one fails here first.
#[derive(Debug, Default)]
pub(crate) struct DistributionCache {
    edges: [Cache; EDGE_LOCATIONS],
    regional: Cache,
    fetches: HashMap<CacheKey, Fetch>,
    pub(crate) invalidations: Invalidations,
}

/// A request of the regional cache to the origin.
#[derive(Debug)]
struct Fetch {
    pending: Pending,
    /// The edge locations that wait for it.
    edges: BTreeSet<Edge>,
}

impl DistributionCache {
    /// Looks up an object in the edge location and in the regional cache, from which the edge location stores a copy.
    /// The caller becomes its fetcher if neither has it and no other request is fetching it.
    pub(crate) fn find(&mut self, now: Timestamp, edge: Edge, key: &str) -> Found {
        if let Some(found) = self.cached(now, edge, key) {
            return found;
        }
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.edges.insert(edge);
            return Found::UnderWay(fetch.pending.clone());
        }
        let (waiters, pending) = watch::channel(None);
        self.fetches.insert(key.to_owned(), Fetch { pending, edges: BTreeSet::from([edge]) });
        Found::Missing { waiters, expired: self.regional.expired(key) }
    }

    /// The object as `Fresh` or `Stale`, if the edge location or the regional cache serves it.
    pub(crate) fn cached(&mut self, now: Timestamp, edge: Edge, key: &str) -> Option<Found> {
        self.apply_due(now);
        let (edge, regional) = (&mut self.edges[edge], &self.regional);
        let (object, is_fresh) = edge.lookup(now, key).or_else(|| {
            let found = regional.lookup(now, key)?;
            edge.copy(key, regional);
            Some(found)
        })?;
        Some(if is_fresh { Found::Fresh(object) } else { Found::Stale(object) })
    }

    /// Ends a fetch: stores the response in the regional cache and in the edge locations that wait for it.
    pub(crate) fn put(&mut self, now: Timestamp, key: &str, object: &Arc<Object>) {
        self.apply_due(now);
        let edges = self.fetches.remove(key).map(|fetch| fetch.edges).unwrap_or_default();
        self.regional.put(now, key, object);
        for edge in edges {
            let edge = &mut self.edges[edge];
            if object.is_failure() && edge.stale(now, key).is_none() {
                // The regional cache may have an object that is served instead.
                edge.copy(key, &self.regional);
            } else {
                edge.put(now, key, object);
            }
        }
    }

    /// The object that the edge location, or else the regional cache, serves if the origin fails.
    pub(crate) fn stale(&mut self, now: Timestamp, edge: Edge, key: &str) -> Option<Arc<Object>> {
        self.apply_due(now);
        self.edges[edge].stale(now, key).or_else(|| self.regional.stale(now, key))
    }

    /// Accepts an invalidation and schedules its effect in each cache. `beside` are the items in progress elsewhere that use
    /// the same quotas.
    pub(crate) fn invalidate(
        &mut self,
        distribution_id: &str,
        now: Timestamp,
        batch: Batch,
        beside: ItemCounts,
        account: &mut Account,
    ) -> Result<Arc<Invalidation>, ApiError> {
        let (invalidation, effects) = self.invalidations.create(distribution_id, now, batch, beside, account)?;
        if let Some(effects) = effects {
            self.schedule(&invalidation, effects);
        }
        Ok(invalidation)
    }

    /// An edge location that carries an invalidation out before the regional cache does can store the old object once
    /// more, from there. So it carries the invalidation out again with the regional cache: when CloudFront says
    /// `Completed`, no old object is left.
    fn schedule(&mut self, invalidation: &Arc<Invalidation>, Effects { regional, edges }: Effects) {
        self.regional.schedule(regional, invalidation);
        for (edge, effect) in self.edges.iter_mut().zip(edges) {
            edge.schedule(effect, invalidation);
            if effect < regional {
                edge.schedule(regional, invalidation);
            }
        }
    }

    fn apply_due(&mut self, now: Timestamp) {
        for cache in self.edges.iter_mut().chain([&mut self.regional]) {
            cache.apply_due(now);
        }
    }
}

#[cfg(test)]
mod tests;
