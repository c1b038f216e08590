//! One `CreateInvalidation` request as it is planned.

use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::caller_reference::caller_reference;
use crate::purge::invalidation_item::InvalidationItem;
use crate::queue::queue_entry::QueueEntry;
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
    /// The invalidation that covers the entries already. `None`: the request creates one.
    pub joins: Option<JoinedInvalidation>,
}

/// An invalidation of the outbox that covers further entries: its item is the tenant's, and it was created after their
/// changes had settled. A request that joins it sends nothing and is billed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedInvalidation {
    /// The caller reference that it was sent with.
    pub sent_reference: String,
    /// CloudFront's id of it.
    pub id: String,
    /// The time at which its request was written to the outbox: CloudFront created it later.
    pub created_after: Timestamp,
    /// The time at which CloudFront accepted it.
    pub accepted_at: Timestamp,
}

/// An entry and the purge that is due for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// The queue's row as it was read.
    pub entry: QueueEntry,
    /// The time at which its purge began: now, or the time at which the deletion of its variants began.
    pub began_at: Timestamp,
    /// Whether no old image can reach an edge any more. Then this is the final purge. Otherwise it is the early purge,
    /// and the target is purged again when the change has settled.
    pub is_final: bool,
    /// The number of variants that were deleted before the invalidation.
    pub variants_deleted: u64,
}

impl Batch {
    /// The request with `items` that serves `entries`.
    pub(crate) fn new(
        tenant: &TenantId,
        distribution: &Distribution,
        mut items: Vec<InvalidationItem>,
        mut entries: Vec<PlannedEntry>,
    ) -> Self {
        items.sort_unstable();
        entries.sort_by(|one, other| one.entry.target.cmp(&other.entry.target));
        let sent: Vec<_> = items.iter().map(ToString::to_string).collect();
        let purged = entries
            .iter()
            .map(|PlannedEntry { entry, is_final, .. }| (&entry.target, entry.version.as_str(), *is_final));
        Self {
            tenant: tenant.clone(),
            distribution: distribution.clone(),
            caller_reference: caller_reference(distribution.invalidated_id(), &sent, purged),
            items,
            entries,
            joins: None,
        }
    }
}
