//! The planner: the decision which requests a purge run, or one `DELETE` of an admin, sends.

use std::collections::{BTreeMap, BTreeSet};

use crate::identifier::TenantId;
use crate::purge::batch::{Batch, PlannedEntry, items_covering};
use crate::purge::distribution::Distribution;
use crate::purge::invalidation_item::InvalidationItem;
use crate::purge::limits::{Budgets, Delays};
use crate::purge::purge_request::PurgeRequest;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// The plan of one purge run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The invalidation requests, in order: the first of each tenant before the second of any tenant, and those that
    /// take long (see [`Batch::spans_packs`]) last.
    pub batches: Vec<Batch>,
    /// The number of entries that wait: their final purge is in flight, or their early purge is done and they have not
    /// settled yet.
    pub entries_waiting: usize,
    /// Entries whose tenant has no registered distribution. They stay in the queue and are purged when the tenant
    /// registers.
    pub parked: Vec<QueueEntry>,
    /// Parked entries that CloudFront needs no invalidation for any more: every object from before the change has
    /// expired. Their variants are deleted, and they leave the queue.
    pub expired: Vec<PlannedEntry>,
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
        let is_registered = tenants.contains_key(&entry.tenant);
        if !is_registered && now < entry.last_event_at.plus(delays.settle).plus(delays.cached_max) {
            plan.parked.push(entry);
        } else if let Some(planned) = due_purge(now, entry, &purges_in_flight, delays) {
            if is_registered {
                by_tenant.entry(planned.entry.tenant.clone()).or_default().push(planned);
            } else {
                plan.expired.push(planned);
            }
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

/// The purges in flight: tenant, target, version, and whether it is the final one.
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

/// The purge that is due for `entry`. `None`: the entry waits for the end of its final purge, or until it has settled.
/// Each version of a row has at most one early purge and one final purge.
fn due_purge(
    now: Timestamp,
    entry: QueueEntry,
    in_flight: &PurgesInFlight<'_>,
    delays: &Delays,
) -> Option<PlannedEntry> {
    let settled_at = entry.last_event_at.plus(delays.settle);
    let is_final = now >= settled_at;
    // A deletion that began before the row had settled does not count for the final purge, which restarts it.
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
    // Items that the tenant's item covers would be billed again, and items beyond the budget would wait for many purge
    // runs.
    if exact.contains(&whole_tenant) || exact.len() > budget {
        let chunks = entries.chunks(budgets.items_per_request);
        return chunks.map(|entries| batch(vec![whole_tenant.clone()], entries)).collect();
    }
    // A request is sent after all its variants are deleted; packs must not wait for those of a location.
    let (spanning, packs): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|planned| planned.entry.target.spans_packs());
    [packs, spanning]
        .iter()
        .flat_map(|entries| entries.chunks(budgets.items_per_request))
        .map(|entries| batch(items_covering(tenant, distribution, entries), entries))
        .collect()
}

#[cfg(test)]
mod tests;
