//! The checker of the promise. It observes the simulated services: responses to viewers must not be stale, every purge
//! must be covered by a request, no purge may be billed twice, and at the end no change may be lost.

mod history;
mod posts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::image::image_pack::{ImagePack, LocationConfig};
use domain::image::variant_key::VariantScope;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::ledger::LedgerRow;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::{ImagePackId, LocationName, Target, TenantId};

use crate::checker::history::{Era, Fingerprints, History};
use crate::checker::posts::Posts;
pub(crate) use crate::checker::posts::Promise;
use crate::services::cloudfront::ImageResponse;
use crate::services::pack_table::Item;
use crate::situation::Situation;

/// A violation of the promise, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A viewer got an image that a completed purge had replaced.
    Stale,
    /// A meaningful write was never purged, or the queue never became empty.
    Lost,
    /// A version of a row was sent in two requests.
    BilledTwice,
    /// Something of a tenant was purged that no request covers.
    Foreign,
    /// Something went to the dead-letter queue that CloudFront does not reject.
    DeadLetter,
    /// Production code panicked.
    Panic,
    /// A purge run failed although no service did.
    FailedRun,
    /// A purge took minutes although nothing delayed it.
    Slow,
    /// A tenant was not purged while the calls of another one failed.
    KeptBack,
    /// A POST took other tokens of the tenant's allowance than it should.
    Charged,
    /// A status concealed a purge, or the ledger lost the completion of one.
    Misinformed,
}

/// For each target of a tenant, the newest write that a viewer's image must include.
pub(crate) type Floor = BTreeMap<(TenantId, Target), u64>;

/// A version of a row, and whether the purge is its final one.
type Purge = (TenantId, Target, String, bool);

/// A request that was in the outbox.
#[derive(Debug)]
struct Requested {
    request: PurgeRequest,
    /// The number of registrations that its tenant had when it was written.
    registrations: u64,
    /// The true time of that.
    at_ms: u64,
}

/// The checker: the expected state, and the violations so far.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// The violations, the first of each kind.
    pub(crate) violations: BTreeMap<Violation, String>,
    fingerprints: Fingerprints,
    packs: BTreeMap<(TenantId, ImagePackId), History<Option<ImagePack>>>,
    locations: BTreeMap<(TenantId, LocationName), History<Vec<LocationConfig>>>,
    /// The last write of each target that was enqueued.
    enqueued: Floor,
    /// The last write that a version of a row includes.
    versions: BTreeMap<(TenantId, Target, String), u64>,
    /// Every request that was ever in the outbox, by name.
    requests: BTreeMap<String, Requested>,
    /// The last write of each target whose purge the ledger calls completed.
    completed: Floor,
    /// The caller references under which each purge was accepted, for each distribution and each registration of it.
    billed: BTreeMap<(Purge, String, u64), BTreeSet<String>>,
    pub(crate) posts: Posts,
    /// The number of responses that were checked.
    pub(crate) responses: u64,
    /// The number of invalidations that CloudFront accepted.
    pub(crate) invalidations: u64,
}

impl Checker {
    /// Notes a violation, unless there is one of its kind already.
    pub(crate) fn report(&mut self, violation: Violation, how: String) {
        self.violations.entry(violation).or_insert(how);
    }

    pub(crate) fn has_violations(&self) -> bool {
        !self.violations.is_empty()
    }

    /// A write to the image-pack table.
    pub(crate) fn written(
        &mut self,
        tenant: &TenantId,
        target: &Target,
        sequence: u64,
        at_ms: u64,
        item: Option<&Item>,
    ) {
        match (target, item) {
            (Target::Pack(pack), item) => {
                let images = match item {
                    Some(Item::Pack(pack, _)) => Some(pack.clone()),
                    _ => None,
                };
                let history = self.packs.entry((tenant.clone(), pack.clone())).or_default();
                if history.now() != Some(&images) {
                    history.begin(sequence, at_ms, images);
                }
            }
            (Target::Location(name), Some(Item::Location(config))) => {
                let history = self.locations.entry((tenant.clone(), name.clone())).or_default();
                match history.now_mut() {
                    // Saved without force: it applies to variants rendered from now on, beside those that exist.
                    Some(configs) if configs[0].generation == config.generation => configs.push(*config),
                    _ => history.begin(sequence, at_ms, vec![*config]),
                }
            }
            _ => {}
        }
    }

    /// An upsert took effect.
    pub(crate) fn enqueued(&mut self, upsert: &Enqueue) {
        self.row_written(upsert);
        let last = upsert.sequences.iter().filter_map(|sequence| sequence.parse().ok()).max().unwrap_or(0);
        let (tenant, target) = (upsert.tenant.clone(), upsert.target.clone());
        let enqueued = self.enqueued.entry((tenant.clone(), target.clone())).or_default();
        *enqueued = last.max(*enqueued);
        self.versions.insert((tenant, target, upsert.version.clone()), *enqueued);
    }

    /// A request was written to the outbox.
    pub(crate) fn requested(&mut self, request: &PurgeRequest, registrations: u64, at_ms: u64) {
        if request.joined_reference.is_some() {
            self.posts.count(Situation::RowsJoined);
        }
        let requested = || Requested { request: request.clone(), registrations, at_ms };
        self.requests.entry(request.caller_reference.clone()).or_insert_with(requested);
    }

    /// CloudFront accepted a new invalidation for a distribution of `tenant`.
    pub(crate) fn billed(&mut self, distribution_id: &str, tenant: &TenantId, reference: &str, items: &[String]) {
        self.invalidations += 1;
        let name = reference.split('-').next().unwrap_or(reference);
        let Some(Requested { request, registrations, .. }) = self.requests.get(name) else {
            self.report(Violation::BilledTwice, format!("{reference} was sent without being in the outbox"));
            return;
        };
        let (request, registrations) = (request.clone(), *registrations);
        let cache_tags = request.distribution.cache_tags;
        let covering = |target| InvalidationItem::covering(tenant, target, cache_tags).to_string();
        let requested: BTreeSet<_> = request.entries.iter().map(|entry| covering(&entry.target)).collect();
        let is_requested = |item: &String| requested.contains(item) || *item == covering(&Target::Tenant);
        let is_its_distribution = request.distribution.distribution_id == distribution_id;
        if request.for_tenant != *tenant || !is_its_distribution || !items.iter().all(is_requested) {
            self.report(Violation::Foreign, format!("{items:?} of {tenant} were invalidated for {request:?}"));
        }
        for entry in request.entries {
            let purge = (tenant.clone(), entry.target, entry.version, entry.is_final);
            let references = self.billed.entry((purge.clone(), distribution_id.to_owned(), registrations));
            let references = references.or_default();
            references.insert(reference.to_owned());
            if references.len() > 1 {
                let (_, target, version, is_final) = purge;
                let purge = if is_final { "final" } else { "early" };
                let how = format!("the {purge} purge of {target} of {tenant} at {version} was sent as {references:?}");
                self.report(Violation::BilledTwice, how);
            }
        }
    }

    /// A purge deleted the variant `key`.
    pub(crate) fn deleted(&mut self, key: &str) {
        let mut targets = self.enqueued.keys();
        if !targets.any(|(tenant, target)| VariantScope::of(tenant, target).covers(key)) {
            self.report(Violation::Foreign, format!("variant {key} was deleted, and no request covers it"));
        }
    }

    /// The ledger says that a final purge is completed, which may take `time_max` from the enqueueing on, if there is a
    /// limit. Returns the promises of POSTs that it keeps.
    pub(crate) fn completed(&mut self, row: &LedgerRow, time_max: Option<Duration>) -> Vec<Promise> {
        self.look_at_time(row, time_max);
        let reference = row.purge.rsplit('#').next().unwrap_or_default();
        let Some(Requested { request, registrations, at_ms }) = self.requests.get(reference) else { return Vec::new() };
        let (registrations, at_ms) = (*registrations, *at_ms);
        let entry = request.entries.iter().find(|entry| entry.target == row.target);
        let Some(entry) = entry.cloned() else { return Vec::new() };
        let version = (row.tenant.clone(), row.target.clone(), entry.version.clone());
        let up_to = self.versions.get(&version).copied().unwrap_or_default();
        let completed = self.completed.entry((row.tenant.clone(), row.target.clone())).or_default();
        *completed = up_to.max(*completed);
        self.kept_promises(&row.tenant, &row.target, &entry.version, at_ms, registrations)
    }

    fn look_at_time(&mut self, row: &LedgerRow, time_max: Option<Duration>) {
        let took = row.completed_at.map(|completed_at| completed_at.since(row.enqueued_at));
        if let Some((took, time_max)) = took.zip(time_max)
            && took > time_max
        {
            let how =
                format!("the final purge {} of {} took {took:?} although nothing delayed it", row.purge, row.tenant);
            self.report(Violation::Slow, how);
        }
    }

    /// A `DELETE` that began when `written` were the last writes joined the purge of `pack` by `request`. Nothing may have
    /// changed since that was requested. Two clocks differ by a second at most.
    pub(crate) fn joined(&mut self, request: &PurgeRequest, pack: &ImagePackId, written: &Floor) {
        let tenant = &request.for_tenant;
        let Some(history) = self.packs.get(&(tenant.clone(), pack.clone())) else { return };
        let last = written.get(&(tenant.clone(), Target::Pack(pack.clone()))).copied().unwrap_or_default();
        // Whether the request has read a write that came meanwhile is not known.
        if history.last_sequence() == last && !history.is_known_by(request.created_at.as_millis() + 1_000) {
            let how = format!("a DELETE of {pack} of {tenant} joined a purge from before write {last}: {request:?}");
            self.report(Violation::Lost, how);
        }
    }

    /// The oldest data that a request that begins now may show.
    pub(crate) fn floor(&self) -> Floor {
        self.completed.clone()
    }

    /// The oldest data that a request may show when every purge is completed.
    pub(crate) fn final_floor(&self) -> Floor {
        let packs = self
            .packs
            .iter()
            .map(|((tenant, pack), history)| ((tenant.clone(), Target::Pack(pack.clone())), history.last_sequence()));
        let locations = self.locations.iter().map(|((tenant, name), history)| {
            ((tenant.clone(), Target::Location(name.clone())), history.last_sequence())
        });
        packs.chain(locations).collect()
    }

    /// The writes that no completed purge covers although they replaced something: each with its target.
    pub(crate) fn uncovered(&self) -> Vec<(TenantId, Target, u64)> {
        let shows_images =
            |pack: &Option<ImagePack>| pack.as_ref().is_some_and(|pack| !pack.image_locations.is_empty());
        let packs = self.packs.iter().filter_map(|((tenant, pack), history)| {
            Some((tenant.clone(), Target::Pack(pack.clone()), history.last_replaced(shows_images)?))
        });
        let locations = self.locations.iter().filter_map(|((tenant, name), history)| {
            Some((tenant.clone(), Target::Location(name.clone()), history.last_replaced(|_| true)?))
        });
        let is_uncovered = |(tenant, target, sequence): &(TenantId, Target, u64)| {
            self.completed.get(&(tenant.clone(), target.clone())).is_none_or(|completed| completed < sequence)
        };
        packs.chain(locations).filter(is_uncovered).collect()
    }

    /// Checks the response to a viewer's request for `location` of `pack` when `floor` was completed.
    pub(crate) fn look_at(
        &mut self,
        tenant: &TenantId,
        pack: &ImagePackId,
        location: Option<&LocationName>,
        response: &ImageResponse,
        floor: &Floor,
    ) {
        self.responses += 1;
        if response.status >= 500 {
            return;
        }
        let floor_of = |target| floor.get(&(tenant.clone(), target)).copied().unwrap_or_default();
        let Some(packs) = self.packs.get(&(tenant.clone(), pack.clone())) else { return };
        let is_fresh = |era: Era| !era.is_replaced_by(floor_of(Target::Pack(pack.clone())));
        let mut seen = Vec::new();
        // The table says which pack the URL means, and the image of that may have been stored long before.
        let mut meant = BTreeMap::new();
        for (era, images) in packs.eras() {
            let name = location.or(images.as_ref().and_then(|pack| pack.main_image_location.as_ref()));
            if let Some(name) = name {
                *meant.entry(name).or_insert(false) |= location.is_some() || is_fresh(era);
            }
            if let Err(code) = history::image_of(images.as_ref(), name)
                && response.has_code(code)
            {
                seen.push((is_fresh(era), format!("no image ({code}), {era}")));
            }
        }
        for (name, is_meant) in meant {
            let Some(locations) = self.locations.get(&(tenant.clone(), name.clone())) else { continue };
            for (era, images) in packs.eras() {
                let Ok(image) = history::image_of(images.as_ref(), Some(name)) else { continue };
                for (forced, configs) in locations.eras() {
                    if history::shows(response, image, configs, &mut self.fingerprints) {
                        let is_forced = !forced.is_replaced_by(floor_of(Target::Location(name.clone())));
                        seen.push((is_meant && is_fresh(era) && is_forced, format!("{name} {era}, forced {forced}")));
                    }
                }
            }
        }
        if !seen.iter().any(|(is_fresh, _)| *is_fresh) {
            let what: Vec<_> = seen.into_iter().map(|(_, what)| what).collect();
            let what = if what.is_empty() { format!("what never was: {response:?}") } else { what.join(" or ") };
            self.report(Violation::Stale, format!("a viewer of {location:?} of {pack} of {tenant} sees {what}"));
        }
    }
}
