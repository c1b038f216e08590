//! CloudFront's API: creates invalidations, lets them reach the edges, and tells their state.

use domain::Distribution;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::ledger::{COMPLETED, Invalidation};
use purging::ports::{CallError, CallErrorKind, CloudFront, CreateInvalidationError};

use super::quotas::InProgress;
use super::{Accepted, Availability, DistributionState, EDGES, REACH_MAX_MS};
use crate::fault::Fault;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::services::outbox::short;
use crate::world::World;

/// The distribution, if the functions may call it: `Ok(None)` if it does not exist.
fn reachable<'a>(
    world: &'a mut World,
    distribution: &str,
    denied: Fault,
) -> Result<Option<&'a DistributionState>, CallError> {
    let Some(state) = world.cloudfront.distributions.get(distribution) else { return Ok(None) };
    if state.availability == Availability::Deleted {
        return Ok(None);
    }
    if state.availability == Availability::Denied
        || world.outages.is_on(&Outage::Denied(state.tenant.clone()), world.now_ms)
    {
        world.chance.count(denied);
        return Err(CallError::new(format!("a call on {distribution}"), "AccessDenied").of_kind(CallErrorKind::Denied));
    }
    Ok(Some(state))
}

/// Carries out what `CreateInvalidation` requests.
fn create(
    world: &mut World,
    distribution: &str,
    reference: &str,
    items: &[String],
) -> Result<Invalidation, CreateInvalidationError> {
    let failed = |kind, what: &str| {
        let error = CallError::new(format!("CreateInvalidation for {distribution}"), what.to_owned());
        CreateInvalidationError::Call(error.of_kind(kind))
    };
    let now_ms = world.now_ms;
    if !world.cloudfront.quotas.takes_call(now_ms) {
        world.chance.count(Fault::ApiThrottled);
        return throttled(world, failed(CallErrorKind::Throttled, "Throttling: Rate exceeded"));
    }
    let Some(state) = reachable(world, distribution, Fault::CreateDenied)? else {
        return Err(failed(CallErrorKind::NotFound, "NoSuchDistribution"));
    };
    if let Some(id) = state.references.get(reference) {
        let is_same = state.invalidations.get(id).is_some_and(|accepted| accepted.items == items);
        let existing = state.invalidation(id).filter(|_| is_same);
        return existing.ok_or_else(|| CreateInvalidationError::AlreadyExists(reference.to_owned()));
    }
    let (tenant, cache_tags, in_progress) = (state.tenant.clone(), state.cache_tags, state.in_progress());
    let is_taken = state.taken.contains(reference);
    let rejected = world.setup.poison.as_ref().filter(|(of, _)| *of == tenant);
    let rejected = rejected.map(|(of, target)| InvalidationItem::covering(of, target, cache_tags).to_string());
    if is_taken || world.chance.fault(Fault::CallerReferenceTaken, 1) {
        if let Some(state) = world.cloudfront.distributions.get_mut(distribution) {
            state.taken.insert(reference.to_owned());
        }
        return Err(CreateInvalidationError::AlreadyExists(reference.to_owned()));
    }
    if rejected.is_some_and(|rejected| items.contains(&rejected)) {
        world.chance.count(Fault::ItemRejected);
        let distribution_id = distribution.to_owned();
        return Err(CreateInvalidationError::InvalidArgument { distribution_id, message: "it is poison".to_owned() });
    }
    if items.len() > world.setup.request_items_max {
        world.chance.count(Fault::RequestTooLarge);
        return throttled(world, failed(CallErrorKind::BatchTooLarge, "BatchTooLarge"));
    }
    if let Err(quota) = world.cloudfront.quotas.takes(InProgress::of(items), in_progress, now_ms) {
        world.chance.count(quota);
        let error = match quota {
            Fault::ItemsInProgress | Fault::WildcardsInProgress => {
                failed(CallErrorKind::TooManyInProgress, "TooManyInvalidationsInProgress")
            }
            _ => failed(CallErrorKind::Throttled, "Throttling: Rate exceeded"),
        };
        return throttled(world, error);
    }
    world.cloudfront.accepted += 1;
    let id = format!("I{}", world.cloudfront.accepted);
    let Some(state) = world.cloudfront.distributions.get_mut(distribution) else {
        return Err(failed(CallErrorKind::NotFound, "NoSuchDistribution"));
    };
    state.references.insert(reference.to_owned(), id.clone());
    state.invalidations.insert(id.clone(), Accepted { items: items.to_vec(), is_completed: false });
    world.checker.billed(distribution, &tenant, reference, items);
    reach_edges(world, distribution, &id, items);
    Ok(Invalidation { id, status: "InProgress".to_owned() })
}

/// The response to a request that a quota does not allow.
fn throttled(world: &World, error: CreateInvalidationError) -> Result<Invalidation, CreateInvalidationError> {
    if world.mutation == Some(Mutation::QuotaTakenAsCompleted) { Ok(completed()) } else { Err(error) }
}

/// The response that a mutation makes up.
fn completed() -> Invalidation {
    Invalidation { id: "none".to_owned(), status: COMPLETED.to_owned() }
}

/// The state of an invalidation.
fn find(world: &mut World, distribution: &str, id: &str) -> Result<Option<Invalidation>, CallError> {
    if id == "none" {
        return Ok(Some(completed()));
    }
    let is_careless = world.mutation == Some(Mutation::CompletedAtOnce);
    let found = reachable(world, distribution, Fault::GetDenied)?.and_then(|state| state.invalidation(id));
    Ok(found.map(|found| if is_careless { Invalidation { status: COMPLETED.to_owned(), ..found } } else { found }))
}

/// The error of a call, as a mutation changes it.
fn mutated(world: &World, error: CallError) -> Result<Invalidation, CallError> {
    match world.mutation {
        Some(Mutation::DenialTakenAsCompleted) if error.kind() == CallErrorKind::Denied => Ok(completed()),
        Some(Mutation::DenialOfNoKind) if error.kind() == CallErrorKind::Denied => {
            Err(error.of_kind(CallErrorKind::Other))
        }
        _ => Err(error),
    }
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
                let now_ms = world.now_ms;
                // Whether CloudFront may still respond with an invalidated object when the origin fails is not
                // documented: here it may.
                for (url, kept) in &mut state.edges[edge] {
                    if items.iter().any(|item| kept.is_covered(url, item)) {
                        kept.until_ms = kept.until_ms.min(now_ms);
                    }
                }
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
        distribution: &Distribution,
        caller_reference: &str,
        items: &[String],
    ) -> Result<Invalidation, CreateInvalidationError> {
        let (distribution, items) = (distribution.invalidated_id().to_owned(), items.to_vec());
        let mut reference = caller_reference.to_owned();
        let what = format!("invalidates {items:?} of {distribution} as {}", short(caller_reference));
        let call = self.call(what, move |world| {
            if world.mutation == Some(Mutation::CallerReferenceFromTheClock) {
                reference = format!("{reference}-{}", world.now_ms);
            }
            if world.mutation == Some(Mutation::DenialOfOneDeniesAll)
                && matches!(world.outages.lasting(), Some(Outage::Denied(_)))
            {
                return Err(CallError::new("CreateInvalidation", "AccessDenied").of_kind(CallErrorKind::Denied).into());
            }
            match create(world, &distribution, &reference, &items) {
                Err(CreateInvalidationError::Call(error)) => mutated(world, error).map_err(Into::into),
                result => result,
            }
        });
        call.await?
    }

    async fn find(
        &self,
        distribution: &Distribution,
        invalidation_id: &str,
    ) -> Result<Option<Invalidation>, CallError> {
        let (distribution, id) = (distribution.invalidated_id().to_owned(), invalidation_id.to_owned());
        let find = self.call(format!("gets invalidation {id} of {distribution}"), move |world| {
            find(world, &distribution, &id).or_else(|error| mutated(world, error).map(Some))
        });
        find.await?
    }
}
