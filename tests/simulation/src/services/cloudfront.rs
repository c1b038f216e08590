//! CloudFront: a distribution for each tenant, its edges' caches, and invalidations that reach each edge in their own
//! time. [`api`] has the calls, [`quotas`] the limits.

mod api;
pub(crate) mod quotas;

use std::collections::{BTreeMap, BTreeSet};

use domain::purge::ledger::{COMPLETED, Invalidation};
use domain::{Distribution, TenantId};

use self::quotas::{InProgress, Quotas};
use crate::setup::Setup;

/// The number of edges of a distribution.
pub(crate) const EDGES: usize = 2;

/// The slowest that an invalidation reaches an edge, in milliseconds.
const REACH_MAX_MS: u64 = 40_000;

/// Every distribution, by its id.
#[derive(Debug, Default)]
pub(crate) struct CloudFronts {
    pub(crate) distributions: BTreeMap<String, DistributionState>,
    quotas: Quotas,
    /// The number of invalidations, over all distributions.
    accepted: u64,
}

/// One distribution.
#[derive(Debug)]
pub(crate) struct DistributionState {
    tenant: TenantId,
    cache_tags: bool,
    /// Whether calls reach it. An operator may delete it, or take the permission for it away.
    availability: Availability,
    /// The responses that each edge keeps, by URL. An invalidated one is expired, and still there.
    pub(crate) edges: [BTreeMap<String, Kept>; EDGES],
    invalidations: BTreeMap<String, Accepted>,
    /// The invalidation of each caller reference.
    references: BTreeMap<String, String>,
    /// Caller references that another client has used for other items.
    taken: BTreeSet<String>,
}

/// Whether calls reach a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Availability {
    InUse,
    Denied,
    Deleted,
}

/// A response that an edge keeps.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) response: ImageResponse,
    tags: Vec<String>,
    since_ms: u64,
    pub(crate) until_ms: u64,
    /// Whether the edge may respond with it when the origin fails, although it is expired.
    pub(crate) is_for_errors: bool,
}

/// The response to a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageResponse {
    pub(crate) status: u16,
    /// The header `image-fingerprint`.
    pub(crate) fingerprint: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl ImageResponse {
    /// Whether it is an error with this code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        self.status != 200 && body["error"]["code"] == code
    }
}

/// An invalidation that CloudFront has accepted.
#[derive(Debug)]
struct Accepted {
    items: Vec<String>,
    is_completed: bool,
}

impl CloudFronts {
    pub(crate) fn of(setup: &Setup) -> Self {
        let mut cloudfront = Self { quotas: Quotas::of(setup), ..Self::default() };
        for tenant in &setup.tenants {
            cloudfront.add(&tenant.id, &tenant.distribution);
        }
        cloudfront
    }

    /// Adds a distribution.
    pub(crate) fn add(&mut self, tenant: &TenantId, distribution: &Distribution) {
        let state = DistributionState {
            tenant: tenant.clone(),
            cache_tags: distribution.cache_tags,
            availability: Availability::InUse,
            edges: Default::default(),
            invalidations: BTreeMap::new(),
            references: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        self.distributions.insert(distribution.distribution_id.clone(), state);
    }

    /// Deletes a distribution, or takes away the permission for it.
    pub(crate) fn retire(&mut self, distribution_id: &str, is_deleted: bool) {
        if let Some(state) = self.distributions.get_mut(distribution_id) {
            state.availability = if is_deleted { Availability::Deleted } else { Availability::Denied };
        }
    }
}

impl DistributionState {
    /// An object that `item` covers, that is from before `before_ms`, and that an edge still serves `now_ms`.
    pub(crate) fn older_object(&self, item: &str, before_ms: u64, now_ms: u64) -> Option<String> {
        let mut kept = self.edges.iter().flatten();
        let is_older = |(url, kept): &(&String, &Kept)| {
            kept.since_ms < before_ms && kept.until_ms > now_ms && kept.is_covered(url, item)
        };
        kept.find(is_older).map(|(url, _)| format!("object {url}"))
    }

    fn in_progress(&self) -> InProgress {
        let items = self.invalidations.values().filter(|accepted| !accepted.is_completed);
        InProgress::of(items.flat_map(|accepted| accepted.items.iter()))
    }

    fn invalidation(&self, id: &str) -> Option<Invalidation> {
        let status = if self.invalidations.get(id)?.is_completed { COMPLETED } else { "InProgress" };
        Some(Invalidation { id: id.to_owned(), status: status.to_owned() })
    }
}

impl Kept {
    /// The response as it is kept from `since_ms` on for `seconds`.
    pub(crate) fn of(response: ImageResponse, tags: &str, since_ms: u64, seconds: u64, is_for_errors: bool) -> Self {
        let tags = tags.split(',').map(str::to_lowercase).collect();
        Self { response, tags, since_ms, until_ms: since_ms + seconds * 1_000, is_for_errors }
    }

    /// Whether an invalidation of `item` covers it, kept under `url`.
    fn is_covered(&self, url: &str, item: &str) -> bool {
        match item.strip_prefix('#') {
            Some(tag) => self.tags.contains(&tag.to_lowercase()),
            None => item.strip_suffix('*').is_some_and(|prefix| url.starts_with(prefix)),
        }
    }
}
