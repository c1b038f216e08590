//! What one run purges: the decision that both the scheduled run and the admin's DELETE carry out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::caller_reference::caller_reference;
use crate::identifier::TenantId;
use crate::invalidation_item::InvalidationItem;
use crate::limits::{Budgets, Delays};
use crate::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// Where a tenant's pictures are cached, as its stack registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// CloudFront's id of the distribution.
    pub distribution_id: String,
    /// Whether its configuration has a cache-tag header.
    pub cache_tags: bool,
}

/// What one run does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The invalidation requests, in order: every tenant's first before any tenant's second, and what takes long (see
    /// [`Batch::is_broad`]) last.
    pub batches: Vec<Batch>,
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
    /// See [`caller_reference`].
    pub caller_reference: String,
    /// How many exact items the request may have; for more of them it has the whole tenant's one item.
    pub exact_items_max: usize,
}

/// An entry and what its purge means for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// The queue's row as it was read.
    pub entry: QueueEntry,
    /// When its purge began: now, or when an earlier run began the deletion that this one goes on with.
    pub began_at: Timestamp,
    /// Whether nothing stale can be stored any more, so that the row may go once it is purged. Otherwise the purge is
    /// repeated by a later run.
    pub is_settled: bool,
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
    pub fn is_broad(&self) -> bool {
        self.entries.iter().any(|planned| planned.entry.target.is_broad())
    }

    /// Whether any entry leaves the queue by this request, which makes [`Delays::edge_fetch_max`] due.
    #[must_use]
    pub fn has_settled_entries(&self) -> bool {
        self.entries.iter().any(|planned| planned.is_settled)
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

/// Plans one run over `entries` that begins `now`.
#[must_use]
pub fn plan(
    now: Timestamp,
    entries: Vec<QueueEntry>,
    tenants: &BTreeMap<TenantId, Distribution>,
    delays: &Delays,
    budgets: &Budgets,
) -> Plan {
    let mut plan = Plan::default();
    let mut by_tenant: BTreeMap<TenantId, Vec<PlannedEntry>> = BTreeMap::new();
    for entry in entries {
        if tenants.contains_key(&entry.tenant) {
            let began_at = entry.sweep.as_ref().map_or(now, |sweep| sweep.started_at);
            let is_settled = began_at >= entry.last_event_at.plus(delays.settle);
            by_tenant.entry(entry.tenant.clone()).or_default().push(PlannedEntry { entry, began_at, is_settled });
        } else {
            plan.unregistered.push(entry);
        }
    }

    let mut rounds: BTreeMap<usize, Vec<Batch>> = BTreeMap::new();
    for (tenant, entries) in by_tenant {
        let distribution = &tenants[&tenant];
        for (round, batch) in batches_of(&tenant, distribution, entries, budgets).into_iter().enumerate() {
            rounds.entry(round).or_default().push(batch);
        }
    }
    plan.batches = rounds.into_values().flatten().collect();
    plan.batches.sort_by_key(Batch::is_broad);
    plan
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
    let budget = if distribution.cache_tags { budgets.items_per_run } else { budgets.wildcards_per_run };
    let exact_items_max = budget.min(budgets.items_per_request);
    // Items that another one covers would be billed again, and items beyond the budget would wait for many runs.
    if exact.contains(&whole_tenant) || exact.len() > budget {
        return vec![Batch::new(tenant, distribution, vec![whole_tenant], entries, exact_items_max)];
    }
    // A request is sent when all its variants are deleted; packs must not wait for a location's.
    let (broad, packs): (Vec<_>, Vec<_>) = entries.into_iter().partition(|planned| planned.entry.target.is_broad());
    [packs, broad]
        .iter()
        .flat_map(|entries| entries.chunks(budgets.items_per_request))
        .map(|entries| {
            let items = items_covering(tenant, distribution, entries);
            Batch::new(tenant, distribution, items, entries.to_vec(), exact_items_max)
        })
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
