//! The requests of one tenant that are due, in their order.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::DuePurge;
use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::batch::{Batch, JoinedInvalidation, PlannedEntry};
use crate::purge::invalidation_item::InvalidationItem;
use crate::purge::limits::ITEMS_PER_REQUEST_MAX;
use crate::purge::pacer::{ItemCounts, Pacer, Wait};
use crate::purge::purge_request::PurgeRequest;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// The longest time that the exact items of a tenant may take at the budgets. Beyond it, one item for the whole tenant
/// is sooner: viewers get every changed image at once, and the tenant's other images are fetched again.
const ESCALATION_DELAY_MAX: Duration = Duration::from_mins(1);

/// The most requests of a tenant in one round that join an invalidation. Each writes a row of the ledger for each of its
/// entries; a round that wrote more would keep other tenants waiting.
const JOINING_REQUESTS_MAX: usize = 2;

/// A request that is due.
pub(super) enum Submission<'a> {
    /// A request of the outbox that CloudFront has not accepted.
    Again(&'a PurgeRequest),
    /// A new request.
    First(NewRequest<'a>),
}

impl Submission<'_> {
    /// Whether nothing is sent: no budget is needed.
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::First(NewRequest { joins: Some(_), .. }))
    }

    pub(super) fn admit(&self, now: Timestamp, pacer: &mut Pacer) -> Result<(), Wait> {
        match self {
            Self::Again(request) => pacer.admit(now, &request.distribution, ItemCounts::of(request), true),
            Self::First(request) => pacer.admit(now, request.distribution, counts(&request.items), false),
        }
    }
}

fn counts(items: &BTreeSet<InvalidationItem>) -> ItemCounts {
    let wildcards = items.iter().filter(|item| matches!(item, InvalidationItem::Wildcard(_))).count();
    ItemCounts { exact: items.len() - wildcards, wildcards }
}

/// A new request. Its batch is made when the pacer has admitted it: most requests of a bulk wait for many rounds.
pub(super) struct NewRequest<'a> {
    tenant: &'a TenantId,
    distribution: &'a Distribution,
    items: BTreeSet<InvalidationItem>,
    pub(super) purges: Vec<DuePurge<'a>>,
    /// The invalidation that covers the purges already.
    joins: Option<JoinedInvalidation>,
}

impl NewRequest<'_> {
    pub(super) fn into_batch(self) -> Batch {
        let planned =
            self.purges.into_iter().map(|DuePurge { entry, began_at, is_final, variants_deleted, .. }| PlannedEntry {
                entry: entry.clone(),
                began_at,
                is_final,
                variants_deleted,
            });
        let batch = Batch::new(self.tenant, self.distribution, self.items.into_iter().collect(), planned.collect());
        Batch { joins: self.joins, ..batch }
    }
}

/// The requests of one tenant that are due.
pub(super) struct Turn<'a> {
    /// Whether the first request serves all of the tenant's manual purges, and so overtakes those of other tenants. Manual
    /// purges that need several requests take turns with other tenants, the last of them, too.
    pub(super) overtakes: bool,
    /// The tenant's last turn: the tenant that was served the longest ago is first.
    pub(super) last: Option<u64>,
    pub(super) submissions: VecDeque<Submission<'a>>,
    /// The rows that join an invalidation in a later round.
    pub(super) later: Vec<&'a QueueEntry>,
}

impl<'a> Turn<'a> {
    pub(super) fn of(
        tenant: &'a TenantId,
        distribution: &'a Distribution,
        again: Vec<&'a PurgeRequest>,
        purges: Vec<DuePurge<'a>>,
        joinable: Option<&JoinedInvalidation>,
        pacer: &Pacer,
    ) -> Self {
        let whole_tenant = InvalidationItem::covering(tenant, &Target::Tenant, distribution.cache_tags);
        // An invalidation of the whole tenant that was created when a change had settled is its final purge.
        let is_covered = |purge: &DuePurge| match (joinable, purge.final_from) {
            (Some(joinable), Some(final_from)) => purge.is_final && final_from <= joinable.created_after,
            _ => false,
        };
        let (covered, purges): (Vec<_>, Vec<_>) = purges.into_iter().partition(is_covered);
        let item_of =
            |purge: &DuePurge| InvalidationItem::covering(tenant, &purge.entry.target, distribution.cache_tags);
        let mut items: Vec<_> = purges.into_iter().map(|purge| (item_of(&purge), purge)).collect();
        let exact: BTreeSet<_> = items.iter().map(|(item, _)| item).collect();
        // Items that the tenant's item covers would be billed again.
        let is_whole = exact.contains(&whole_tenant)
            || pacer.estimate(exact.len(), distribution.cache_tags) > ESCALATION_DELAY_MAX;
        if is_whole {
            for (item, _) in &mut items {
                item.clone_from(&whole_tenant);
            }
        }
        items.sort_by(|(one, one_purge), (other, other_purge)| {
            let order = |purge: &DuePurge| (!purge.entry.cause.is_manual(), purge.entry.last_event_at);
            order(one_purge).cmp(&order(other_purge)).then_with(|| one.cmp(other))
        });
        let request_max = pacer.request_max(distribution.cache_tags);
        let manual: Vec<_> = items.iter().filter(|(_, purge)| purge.entry.cause.is_manual()).collect();
        let has_manual = !manual.is_empty();
        let is_one_request = manual.len() <= ITEMS_PER_REQUEST_MAX
            && manual.iter().map(|(item, _)| item).collect::<BTreeSet<_>>().len() <= request_max;
        let overtakes = has_manual && is_one_request && !pacer.had_last_turn(distribution);
        let again = again.into_iter().map(Submission::Again);
        let covered = covered.into_iter().map(|purge| (whole_tenant.clone(), purge)).collect();
        let mut joining: Vec<_> = requests(tenant, distribution, covered, 1).collect();
        let later = joining.split_off(joining.len().min(JOINING_REQUESTS_MAX));
        let joining = joining.into_iter().map(|request| NewRequest { joins: joinable.cloned(), ..request });
        let new = requests(tenant, distribution, items, request_max);
        let first = joining.chain(new).map(Submission::First);
        Self {
            overtakes,
            last: pacer.last_turn(distribution),
            later: later.into_iter().flat_map(|request| request.purges).map(|purge| purge.entry).collect(),
            // A manual purge waits for nothing, not even for a request of its tenant that fails again and again.
            submissions: if has_manual { first.chain(again).collect() } else { again.chain(first).collect() },
        }
    }
}

/// The requests for `items`, each with at most `items_max` different items and [`ITEMS_PER_REQUEST_MAX`] entries.
fn requests<'a>(
    tenant: &'a TenantId,
    distribution: &'a Distribution,
    items: Vec<(InvalidationItem, DuePurge<'a>)>,
    items_max: usize,
) -> impl Iterator<Item = NewRequest<'a>> {
    let mut requests = Vec::new();
    let mut rest = items.into_iter().peekable();
    while rest.peek().is_some() {
        let mut request = NewRequest { tenant, distribution, items: BTreeSet::new(), purges: Vec::new(), joins: None };
        while let Some((item, purge)) = rest.next_if(|(item, _)| {
            request.purges.len() < ITEMS_PER_REQUEST_MAX
                && (request.items.len() < items_max || request.items.contains(item))
        }) {
            request.items.insert(item);
            request.purges.push(purge);
        }
        requests.push(request);
    }
    requests.into_iter()
}
