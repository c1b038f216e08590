//! The path of a request through the caches: edge location, regional cache, origin.

use std::sync::Arc;

use http::Method;
use tokio::sync::watch;

use crate::cache::{CacheKey, Edge, Found, Object};
use crate::distribution::Distribution;
use crate::emulator::Emulator;
use crate::origin;

/// An object with its source.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) object: Arc<Object>,
    pub(crate) source: Source,
}

/// The source of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The edge location, the regional cache, or the origin request of another viewer. Whether CloudFront reports an
    /// object of the regional cache as a hit is not documented.
    Cache,
    /// An expired object that the origin has confirmed, or that is served because the origin fails.
    Refreshed,
    /// The origin.
    Origin,
}

/// The edge location at which a request for an object of a distribution arrives.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) distribution: Arc<Distribution>,
    pub(crate) edge: Edge,
    pub(crate) key: CacheKey,
}

/// Delivers the object of a GET.
pub(crate) async fn get(emulator: &Arc<Emulator>, arrival: &Arrival) -> Delivered {
    let Arrival { distribution, edge, key } = arrival;
    let now = emulator.now();
    let (mut pending, is_shared) = match emulator.with_cache(&distribution.id, |cache| cache.find(now, *edge, key)) {
        Found::Fresh(object) => return Delivered { object, source: Source::Cache },
        Found::Stale(object) => return Delivered { object, source: Source::Refreshed },
        Found::UnderWay(pending) => (pending, true),
        Found::Missing { waiters, expired } => {
            let pending = waiters.subscribe();
            // The fetch continues if this viewer disconnects: others may wait for it.
            tokio::spawn(fetch_and_store(Arc::clone(emulator), arrival.clone(), expired, waiters));
            (pending, false)
        }
    };
    let fetched = pending.wait_for(Option::is_some).await.ok().and_then(|object| object.clone());
    let (object, source) = match fetched {
        Some(object) if is_shared && object.may_be_shared() => (object, Source::Cache),
        Some(object) if !is_shared && object.is_revalidated => (object, Source::Refreshed),
        Some(object) if !is_shared => (object, Source::Origin),
        // An object that must not be stored must not be shared: each request fetches its own.
        _ => (origin::fetch(emulator, distribution, &Method::GET, key, None).await, Source::Origin),
    };
    or_stale(emulator, arrival, Delivered { object, source })
}

/// Delivers the response to a HEAD: from the object of a GET, or else from the origin, which gets a HEAD. That response
/// is not stored: it has no body, and a later GET needs one.
pub(crate) async fn head(emulator: &Emulator, arrival: &Arrival) -> Delivered {
    let Arrival { distribution, edge, key } = arrival;
    let now = emulator.now();
    match emulator.with_cache(&distribution.id, |cache| cache.cached(now, *edge, key)) {
        Some(Found::Fresh(object)) => Delivered { object, source: Source::Cache },
        Some(Found::Stale(object)) => Delivered { object, source: Source::Refreshed },
        _ => {
            let object = origin::fetch(emulator, distribution, &Method::HEAD, key, None).await;
            or_stale(emulator, arrival, Delivered { object, source: Source::Origin })
        }
    }
}

/// Replaces a failure of the origin by the expired object, if a cache has one.
fn or_stale(emulator: &Emulator, arrival: &Arrival, delivered: Delivered) -> Delivered {
    if !delivered.object.is_failure() {
        return delivered;
    }
    let Arrival { distribution, edge, key } = arrival;
    let now = emulator.now();
    let stale = emulator.with_cache(&distribution.id, |cache| cache.stale(now, *edge, key));
    stale.map_or(delivered, |object| Delivered { object, source: Source::Refreshed })
}

async fn fetch_and_store(
    emulator: Arc<Emulator>,
    Arrival { distribution, key, .. }: Arrival,
    expired: Option<Arc<Object>>,
    waiters: watch::Sender<Option<Arc<Object>>>,
) {
    let object = origin::fetch(&emulator, &distribution, &Method::GET, &key, expired.as_deref()).await;
    let now = emulator.now();
    emulator.with_cache(&distribution.id, |cache| cache.put(now, &key, &object));
    waiters.send_replace(Some(object));
}
