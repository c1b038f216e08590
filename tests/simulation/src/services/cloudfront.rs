//! CloudFront: a distribution for each tenant, its edges' caches, and invalidations that reach each edge in their own
//! time.

use std::collections::{BTreeMap, BTreeSet};

use domain::TenantId;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::ledger::{COMPLETED, Invalidation};
use purging::ports::{CallError, CloudFront, CreateInvalidationError};

use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::queue_table::short;
use crate::setup::Setup;
use crate::world::World;

/// The number of edges of a distribution.
pub(crate) const EDGES: usize = 2;

/// The slowest that an invalidation reaches an edge, in milliseconds.
const REACH_MAX_MS: u64 = 40_000;

/// Every distribution, by its id.
#[derive(Debug, Default)]
pub(crate) struct CloudFronts {
    pub(crate) distributions: BTreeMap<String, DistributionState>,
}

/// One distribution.
#[derive(Debug)]
pub(crate) struct DistributionState {
    pub(crate) tenant: TenantId,
    /// The responses that each edge keeps, by URL.
    pub(crate) edges: [BTreeMap<String, Kept>; EDGES],
    invalidations: BTreeMap<String, Accepted>,
    /// The invalidation of each caller reference.
    references: BTreeMap<String, String>,
    /// Caller references that another client has used for other items.
    taken: BTreeSet<String>,
}

/// A response that an edge keeps.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) response: ImageResponse,
    tags: Vec<String>,
    pub(crate) until_ms: u64,
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
        let distributions = setup.tenants.iter().map(|tenant| {
            let state = DistributionState {
                tenant: tenant.id.clone(),
                edges: Default::default(),
                invalidations: BTreeMap::new(),
                references: BTreeMap::new(),
                taken: BTreeSet::new(),
            };
            (tenant.distribution.distribution_id.clone(), state)
        });
        Self { distributions: distributions.collect() }
    }
}

impl DistributionState {
    fn items_in_progress(&self) -> usize {
        self.invalidations.values().filter(|accepted| !accepted.is_completed).map(|accepted| accepted.items.len()).sum()
    }

    fn invalidation(&self, id: &str) -> Option<Invalidation> {
        let status = if self.invalidations.get(id)?.is_completed { COMPLETED } else { "InProgress" };
        Some(Invalidation { id: id.to_owned(), status: status.to_owned() })
    }
}

impl Kept {
    pub(crate) fn of(response: ImageResponse, tags: &str, until_ms: u64) -> Self {
        Self { response, tags: tags.split(',').map(str::to_lowercase).collect(), until_ms }
    }

    /// Whether an invalidation of `item` covers it, kept under `url`.
    fn is_covered(&self, url: &str, item: &str) -> bool {
        match item.strip_prefix('#') {
            Some(tag) => self.tags.contains(&tag.to_lowercase()),
            None => item.strip_suffix('*').is_some_and(|prefix| url.starts_with(prefix)),
        }
    }
}

/// Carries out what `CreateInvalidation` requests.
fn create(
    world: &mut World,
    distribution: &str,
    reference: &str,
    items: &[String],
) -> Result<Invalidation, CreateInvalidationError> {
    let busy = |what: &str| CreateInvalidationError::Call(CallError::new("CreateInvalidation", what.to_owned()));
    if world.chance.fault("throttled by CloudFront", 3) {
        return Err(busy("Throttling"));
    }
    let is_new_name_taken = world.chance.fault("caller reference taken", 1);
    let rejected = world.setup.poison.as_ref().filter(|(tenant, _)| {
        world.setup.distribution(tenant).is_some_and(|known| known.distribution_id == distribution)
    });
    let rejected = rejected.map(|(tenant, target)| {
        let has_tags = world.setup.distribution(tenant).is_some_and(|known| known.cache_tags);
        InvalidationItem::covering(tenant, target, has_tags).to_string()
    });
    let items_max = world.setup.items_in_progress_max;
    let Some(state) = world.cloudfront.distributions.get_mut(distribution) else {
        return Err(busy("NoSuchDistribution"));
    };
    if let Some(id) = state.references.get(reference) {
        let is_same = state.invalidations.get(id).is_some_and(|accepted| accepted.items == items);
        let existing = state.invalidation(id).filter(|_| is_same);
        return existing.ok_or_else(|| CreateInvalidationError::AlreadyExists(reference.to_owned()));
    }
    if is_new_name_taken {
        state.taken.insert(reference.to_owned());
    }
    if state.taken.contains(reference) {
        return Err(CreateInvalidationError::AlreadyExists(reference.to_owned()));
    }
    if rejected.is_some_and(|rejected| items.contains(&rejected)) {
        world.chance.count("invalid argument");
        let distribution_id = distribution.to_owned();
        return Err(CreateInvalidationError::InvalidArgument { distribution_id, message: "it is poison".to_owned() });
    }
    if state.items_in_progress() + items.len() > items_max.max(items.len()) {
        world.chance.count("too many invalidations in progress");
        return Err(busy("TooManyInvalidationsInProgress"));
    }
    let id = format!("I{}", state.invalidations.len() + 1);
    state.references.insert(reference.to_owned(), id.clone());
    state.invalidations.insert(id.clone(), Accepted { items: items.to_vec(), is_completed: false });
    let tenant = state.tenant.clone();
    let accepted = state.invalidation(&id);
    if let Some(known) = world.setup.distribution(&tenant) {
        world.checker.billed(known, &tenant, reference, items);
    }
    reach_edges(world, distribution, &id, items);
    accepted.ok_or_else(|| busy("InternalError"))
}

/// Lets an invalidation reach the edges, each in its own time, and completes it behind the last.
fn reach_edges(world: &mut World, distribution: &str, id: &str, items: &[String]) {
    let mut completed_ms = 0;
    for edge in 0..EDGES {
        let slowest_ms = *world.chance.one_of(&[300, 5_000, REACH_MAX_MS]);
        let reached_ms = world.chance.within(10..=slowest_ms);
        completed_ms = completed_ms.max(reached_ms);
        let (distribution, items, id) = (distribution.to_owned(), items.to_vec(), id.to_owned());
        world.after_ms(reached_ms, move |world| {
            world.trace(|| format!("invalidation {id} of {distribution} reaches edge {edge}: {items:?}"));
            if let Some(state) = world.cloudfront.distributions.get_mut(&distribution) {
                state.edges[edge].retain(|url, kept| !items.iter().any(|item| kept.is_covered(url, item)));
            }
        });
    }
    let (distribution, id) = (distribution.to_owned(), id.to_owned());
    let seen_ms = world.chance.within(1..=2_000);
    world.after_ms(completed_ms + seen_ms, move |world| {
        world.trace(|| format!("invalidation {id} of {distribution} is completed"));
        let state = world.cloudfront.distributions.get_mut(&distribution);
        if let Some(accepted) = state.and_then(|state| state.invalidations.get_mut(&id)) {
            accepted.is_completed = true;
        }
    });
}

impl CloudFront for Instance {
    async fn create(
        &self,
        distribution_id: &str,
        caller_reference: &str,
        items: &[String],
    ) -> Result<Invalidation, CreateInvalidationError> {
        let (distribution, items) = (distribution_id.to_owned(), items.to_vec());
        let mut reference = caller_reference.to_owned();
        let what = format!("invalidates {items:?} of {distribution} as {}", short(caller_reference));
        let call = self.call(what, move |world| {
            if world.mutation == Some(Mutation::CallerReferenceFromTheClock) {
                reference = format!("{reference}-{}", world.now_ms);
            }
            create(world, &distribution, &reference, &items)
        });
        call.await?
    }

    async fn find(&self, distribution_id: &str, invalidation_id: &str) -> Result<Option<Invalidation>, CallError> {
        let (distribution, id) = (distribution_id.to_owned(), invalidation_id.to_owned());
        let find = self.call(format!("gets invalidation {id} of {distribution}"), move |world| {
            let found = world.cloudfront.distributions.get(&distribution)?.invalidation(&id)?;
            let is_careless = world.mutation == Some(Mutation::CompletedAtOnce);
            Some(if is_careless { Invalidation { status: COMPLETED.to_owned(), ..found } } else { found })
        });
        find.await
    }
}
