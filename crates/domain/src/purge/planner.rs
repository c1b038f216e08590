//! What one purge run, or one DELETE of an admin, purges: the decision that both carry out.

use std::collections::{BTreeMap, BTreeSet};

pub use contract::names::Distribution;

use crate::identifier::TenantId;
use crate::purge::caller_reference::caller_reference;
use crate::purge::invalidation_item::InvalidationItem;
use crate::purge::limits::{Budgets, Delays};
use crate::purge::purge_request::PurgeRequest;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// What one purge run does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The invalidation requests, in order: every tenant's first before any tenant's second, and what takes long (see
    /// [`Batch::spans_packs`]) last.
    pub batches: Vec<Batch>,
    /// How many entries have nothing to do in this purge run: their last purge is on its way through CloudFront, or
    /// they have been purged once and not settled yet.
    pub entries_waiting: usize,
    /// Entries whose tenant has no registered distribution. They stay in the queue, and somebody must be told.
    pub unregistered: Vec<QueueEntry>,
}

/// One `CreateInvalidation` request and the entries that it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose distribution.
    pub tenant: TenantId,
    /// The distribution.
    pub distribution: Distribution,
    /// What CloudFront is told, sorted.
    pub items: Vec<InvalidationItem>,
    /// What the request serves, sorted by target.
    pub entries: Vec<PlannedEntry>,
    /// See [`caller_reference`](purge::caller_reference).
    pub caller_reference: String,
    /// How many exact items the request may have; for more of them it has the whole tenant's one item.
    pub exact_items_max: usize,
}

/// An entry and what its purge means for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// The queue's row as it was read.
    pub entry: QueueEntry,
    /// When its purge began: now, or when an earlier purge run began the deletion that this one goes on with.
    pub began_at: Timestamp,
    /// Whether nothing stale can be stored any more, so that this is the row's final purge, after which the row may go.
    /// Otherwise it is the row's early purge, and a later purge run purges it once more.
    pub is_final: bool,
}

impl Batch {
    fn new(
        tenant: &TenantId,
        distribution: &Distribution,
        items: Vec<InvalidationItem>,
        entries: Vec<PlannedEntry>,
        exact_items_max: usize,
    ) -> Self {
        Self {
            tenant: tenant.clone(),
            distribution: distribution.clone(),
            caller_reference: caller_reference(&distribution.distribution_id, &items, &entries),
            items,
            entries,
            exact_items_max,
        }
    }

    /// Whether variants of many packs are to be deleted, which can take minutes: nothing else should wait for it.
    #[must_use]
    pub fn spans_packs(&self) -> bool {
        self.entries.iter().any(|planned| planned.entry.target.spans_packs())
    }

    /// Whether any entry leaves the queue by this request, which makes the pause of the executor due.
    #[must_use]
    pub fn has_final_entries(&self) -> bool {
        self.entries.iter().any(|planned| planned.is_final)
    }

    /// What is left of the request when the variants of some targets could not be deleted: those must not be
    /// invalidated, since an edge would refill from the stale variant. `None`: nothing is left.
    #[must_use]
    pub fn without(self, not_deleted: &BTreeSet<Target>) -> Option<Self> {
        if not_deleted.is_empty() {
            return Some(self);
        }
        let (tenant, distribution, exact_items_max) = (self.tenant, self.distribution, self.exact_items_max);
        let entries: Vec<_> =
            self.entries.into_iter().filter(|planned| !not_deleted.contains(&planned.entry.target)).collect();
        let mut items = items_covering(&tenant, &distribution, &entries);
        // An escalated request would invalidate the failed targets too. So what is left of it goes out item by item,
        // unless that is too much; then they are invalidated once more when they are deleted.
        if items.len() > exact_items_max {
            items = vec![InvalidationItem::covering(&tenant, &Target::Tenant, distribution.cache_tags)];
        }
        (!entries.is_empty()).then(|| Self::new(&tenant, &distribution, items, entries, exact_items_max))
    }
}

/// Plans one purge run over `entries` that begins `now`, beside the requests `in_flight`.
#[must_use]
pub fn plan(
    now: Timestamp,
    entries: Vec<QueueEntry>,
    in_flight: &[PurgeRequest],
    tenants: &BTreeMap<TenantId, Distribution>,
    delays: &Delays,
    budgets: &Budgets,
) -> Plan {
    let mut plan = Plan::default();
    let mut by_tenant: BTreeMap<TenantId, Vec<PlannedEntry>> = BTreeMap::new();
    let purges_in_flight = PurgesInFlight::of(in_flight);
    for entry in entries {
        if !tenants.contains_key(&entry.tenant) {
            plan.unregistered.push(entry);
        } else if let Some(planned) = due_purge(now, entry, &purges_in_flight, delays) {
            by_tenant.entry(planned.entry.tenant.clone()).or_default().push(planned);
        } else {
            plan.entries_waiting += 1;
        }
    }

    let mut rounds: BTreeMap<usize, Vec<Batch>> = BTreeMap::new();
    for (tenant, entries) in by_tenant {
        let distribution = &tenants[&tenant];
        let budgets = budgets.without(in_flight, &distribution.distribution_id);
        for (round, batch) in batches_of(&tenant, distribution, entries, &budgets).into_iter().enumerate() {
            rounds.entry(round).or_default().push(batch);
        }
    }
    plan.batches = rounds.into_values().flatten().collect();
    plan.batches.sort_by_key(Batch::spans_packs);
    plan
}

/// Which purges are in flight: tenant, target, version, and whether it is the final one.
struct PurgesInFlight<'a>(BTreeSet<(&'a TenantId, &'a Target, &'a str, bool)>);

impl<'a> PurgesInFlight<'a> {
    fn of(requests: &'a [PurgeRequest]) -> Self {
        let purges = requests.iter().flat_map(|request| {
            request
                .entries
                .iter()
                .map(|entry| (&request.for_tenant, &entry.target, entry.version.as_str(), entry.is_final))
        });
        Self(purges.collect())
    }

    fn has(&self, entry: &QueueEntry, is_final: bool) -> bool {
        self.0.contains(&(&entry.tenant, &entry.target, &entry.version, is_final))
    }
}

/// The purge that is due for `entry`. `None`: it waits, for the end of its final purge or until it has settled. Each
/// version of a row has at most one early purge, and one final purge.
fn due_purge(
    now: Timestamp,
    entry: QueueEntry,
    in_flight: &PurgesInFlight<'_>,
    delays: &Delays,
) -> Option<PlannedEntry> {
    let settled_at = entry.last_event_at.plus(delays.settle);
    let is_final = now >= settled_at;
    // A deletion that began too early would have to be repeated as a whole: it is begun anew as soon as that counts.
    let deletion_cursor = entry.deletion_cursor.as_ref().filter(|cursor| !is_final || cursor.started_at >= settled_at);
    let began_at = deletion_cursor.map_or(now, |cursor| cursor.started_at);
    let is_early_purge_done = entry.early_purge_version.as_ref() == Some(&entry.version);
    if in_flight.has(&entry, true) || (!is_final && (is_early_purge_done || in_flight.has(&entry, false))) {
        return None;
    }
    let deletion_cursor = deletion_cursor.cloned();
    Some(PlannedEntry { entry: QueueEntry { deletion_cursor, ..entry }, began_at, is_final })
}

/// The requests for one tenant.
fn batches_of(
    tenant: &TenantId,
    distribution: &Distribution,
    mut entries: Vec<PlannedEntry>,
    budgets: &Budgets,
) -> Vec<Batch> {
    entries.sort_by(|one, other| one.entry.target.cmp(&other.entry.target));
    let whole_tenant = InvalidationItem::covering(tenant, &Target::Tenant, distribution.cache_tags);
    let exact = items_covering(tenant, distribution, &entries);
    let budget = if distribution.cache_tags { budgets.items_per_purge_run } else { budgets.wildcards_per_purge_run };
    let exact_items_max = budget.min(budgets.items_per_request);
    let batch = |items: Vec<InvalidationItem>, entries: &[PlannedEntry]| {
        Batch::new(tenant, distribution, items, entries.to_vec(), exact_items_max)
    };
    // Items that another one covers would be billed again, and items beyond the budget would wait for many purge runs.
    if exact.contains(&whole_tenant) || exact.len() > budget {
        let chunks = entries.chunks(budgets.items_per_request);
        return chunks.map(|entries| batch(vec![whole_tenant.clone()], entries)).collect();
    }
    // A request is sent when all its variants are deleted; packs must not wait for a location's.
    let (spanning, packs): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|planned| planned.entry.target.spans_packs());
    [packs, spanning]
        .iter()
        .flat_map(|entries| entries.chunks(budgets.items_per_request))
        .map(|entries| batch(items_covering(tenant, distribution, entries), entries))
        .collect()
}

/// The exact items of `entries`, sorted and without repetition.
fn items_covering(tenant: &TenantId, distribution: &Distribution, entries: &[PlannedEntry]) -> Vec<InvalidationItem> {
    let items: BTreeSet<_> = entries
        .iter()
        .map(|planned| InvalidationItem::covering(tenant, &planned.entry.target, distribution.cache_tags))
        .collect();
    items.into_iter().collect()
}

#[cfg(test)]
mod tests;
