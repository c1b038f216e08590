//! One `CreateInvalidation` request as it is planned.

use std::collections::BTreeSet;

use crate::identifier::TenantId;
use crate::purge::caller_reference::caller_reference;
use crate::purge::distribution::Distribution;
use crate::purge::invalidation_item::InvalidationItem;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One `CreateInvalidation` request and the entries that it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The tenant of the distribution.
    pub tenant: TenantId,
    /// The distribution.
    pub distribution: Distribution,
    /// The items of the request, sorted.
    pub items: Vec<InvalidationItem>,
    /// The entries that the request serves, sorted by target.
    pub entries: Vec<PlannedEntry>,
    /// See [`caller_reference`](crate::purge::caller_reference).
    pub caller_reference: String,
    /// The largest number of exact items of the request. A request with more has the one item of the whole tenant.
    pub exact_items_max: usize,
}

/// An entry and the purge that is due for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// The queue's row as it was read.
    pub entry: QueueEntry,
    /// The time at which its purge began: now, or the time at which an earlier purge run began the deletion that this
    /// one continues.
    pub began_at: Timestamp,
    /// Whether no stale variant can be stored any more. Then this is the final purge, after which the row may be
    /// removed. Otherwise it is the early purge, and a later purge run purges the target again.
    pub is_final: bool,
}

impl Batch {
    pub(crate) fn new(
        tenant: &TenantId,
        distribution: &Distribution,
        items: Vec<InvalidationItem>,
        entries: Vec<PlannedEntry>,
        exact_items_max: usize,
    ) -> Self {
        let sent: Vec<_> = items.iter().map(ToString::to_string).collect();
        let purged = entries
            .iter()
            .map(|PlannedEntry { entry, is_final, .. }| (&entry.target, entry.version.as_str(), *is_final));
        Self {
            tenant: tenant.clone(),
            distribution: distribution.clone(),
            caller_reference: caller_reference(&distribution.distribution_id, &sent, purged),
            items,
            entries,
            exact_items_max,
        }
    }

    /// Whether it deletes variants of many packs, which can take minutes. No other batch should wait for it.
    #[must_use]
    pub fn spans_packs(&self) -> bool {
        self.entries.iter().any(|planned| planned.entry.target.spans_packs())
    }

    /// Whether the request is the final purge of an entry. Then the executor pauses before it, for the time that an
    /// edge takes to fetch and store a response.
    #[must_use]
    pub fn has_final_entries(&self) -> bool {
        self.entries.iter().any(|planned| planned.is_final)
    }

    /// The rest of the request when the variants of some targets could not be deleted. Those targets must not be
    /// invalidated, because an edge would refill from the stale variant. `None`: no entry remains.
    #[must_use]
    pub fn without(self, not_deleted: &BTreeSet<Target>) -> Option<Self> {
        if not_deleted.is_empty() {
            return Some(self);
        }
        let (tenant, distribution, exact_items_max) = (self.tenant, self.distribution, self.exact_items_max);
        let entries: Vec<_> =
            self.entries.into_iter().filter(|planned| !not_deleted.contains(&planned.entry.target)).collect();
        let mut items = items_covering(&tenant, &distribution, &entries);
        // An escalated request would invalidate the failed targets too. So its rest has exact items, unless those
        // exceed the budget; then the failed targets are invalidated again after their deletion.
        if items.len() > exact_items_max {
            items = vec![InvalidationItem::covering(&tenant, &Target::Tenant, distribution.cache_tags)];
        }
        (!entries.is_empty()).then(|| Self::new(&tenant, &distribution, items, entries, exact_items_max))
    }
}

/// The exact items of `entries`, sorted and without repetition.
pub(crate) fn items_covering(
    tenant: &TenantId,
    distribution: &Distribution,
    entries: &[PlannedEntry],
) -> Vec<InvalidationItem> {
    let items: BTreeSet<_> = entries
        .iter()
        .map(|planned| InvalidationItem::covering(tenant, &planned.entry.target, distribution.cache_tags))
        .collect();
    items.into_iter().collect()
}
