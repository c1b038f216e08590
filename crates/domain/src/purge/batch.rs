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
    /// Whose distribution.
    pub tenant: TenantId,
    /// The distribution.
    pub distribution: Distribution,
    /// What CloudFront is told, sorted.
    pub items: Vec<InvalidationItem>,
    /// What the request serves, sorted by target.
    pub entries: Vec<PlannedEntry>,
    /// See [`caller_reference`](crate::purge::caller_reference).
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

    /// Whether variants of many packs are to be deleted, which can take minutes: nothing else should wait for it.
    #[must_use]
    pub fn spans_packs(&self) -> bool {
        self.entries.iter().any(|planned| planned.entry.target.spans_packs())
    }

    /// Whether any entry leaves the queue by this request, which makes [`Delays::edge_fetch_max`] due.
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
