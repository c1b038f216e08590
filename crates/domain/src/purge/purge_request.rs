//! An invalidation request. It is written to the outbox before it is sent, so that the next purge run after a crash
//! repeats the same request.

use serde::{Deserialize, Serialize};

use crate::Distribution;
use crate::identifier::TenantId;
use crate::null_attribute;
use crate::purge::batch::{Batch, JoinedInvalidation, PlannedEntry};
use crate::purge::caller_reference::caller_reference;
use crate::purge::invalidation_item::{InvalidationItem, is_wildcard};
use crate::queue::purge_cause::PurgeCause;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One `CreateInvalidation` request, from before it is sent until CloudFront has completed it: a row of the outbox,
/// beside the queue's rows. While it is in the outbox, its purges are not sent in another request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeRequest {
    /// Its key, a hash of its purges. See [`crate::purge::caller_reference`].
    pub caller_reference: String,
    /// The tenant of the distribution.
    pub for_tenant: TenantId,
    /// The distribution.
    pub distribution: Distribution,
    /// The items as they are sent: `#<tag>` or a path, sorted.
    pub items: Vec<String>,
    /// The entries that it serves.
    pub entries: Vec<OutboxEntry>,
    /// The time at which it was written to the outbox.
    pub created_at: Timestamp,
    /// The number of times that CloudFront already had the caller reference for other items; see
    /// [`PurgeRequest::sent_reference`].
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub renamed: u32,
    /// The caller reference of the invalidation that it joins; see [`JoinedInvalidation`]. `None`: it creates one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_reference: Option<String>,
    /// CloudFront's id of the invalidation, once CloudFront has accepted it and the ledger has its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation_id: Option<String>,
    /// The time at which CloudFront accepted it, with `invalidation_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
}

/// One row of the queue as a request serves it, with the fields that the ledger keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxEntry {
    /// The target that is purged.
    pub target: Target,
    /// The row's version. The row is removed only while it has this version.
    pub version: String,
    /// Whether no stale variant could be stored any more when the purge began. Then this is the final purge, after
    /// which the row is removed. Otherwise it is the early purge.
    pub is_final: bool,
    /// The time at which the purge began.
    pub began_at: Timestamp,
    /// The time at which its newest change was enqueued. Requests and dead letters of earlier versions do not have it.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub enqueued_at: Timestamp,
    /// The number of variants that were deleted before it.
    pub variants_deleted: u64,
    /// The changes that it covers.
    #[serde(flatten)]
    pub cause: PurgeCause,
}

impl PurgeRequest {
    /// The request of `batch`, written `now`.
    #[must_use]
    pub fn of(batch: &Batch, now: Timestamp) -> Self {
        Self {
            caller_reference: batch.caller_reference.clone(),
            for_tenant: batch.tenant.clone(),
            distribution: batch.distribution.clone(),
            items: batch.items.iter().map(ToString::to_string).collect(),
            entries: batch.entries.iter().map(OutboxEntry::of).collect(),
            created_at: now,
            renamed: 0,
            joined_reference: batch.joins.as_ref().map(|joined| joined.sent_reference.clone()),
            invalidation_id: None,
            accepted_at: None,
        }
    }

    /// The caller reference that is sent to CloudFront: the request's own, that of the invalidation which it joins, or
    /// another one if CloudFront already has that for other items. A joining request is only sent after a crash, and
    /// CloudFront returns the invalidation that exists.
    #[must_use]
    pub fn sent_reference(&self) -> String {
        let reference = self.joined_reference.as_ref().unwrap_or(&self.caller_reference);
        match self.renamed {
            0 => reference.clone(),
            renamed => format!("{reference}-{renamed}"),
        }
    }

    /// The invalidation that further entries of the tenant can join: this request has created it, and its item is the
    /// tenant's. A request that joined it is younger than it.
    #[must_use]
    pub fn joinable(&self) -> Option<JoinedInvalidation> {
        let whole = InvalidationItem::covering(&self.for_tenant, &Target::Tenant, self.distribution.cache_tags);
        if self.joined_reference.is_some() || self.items != [whole.to_string()] {
            return None;
        }
        Some(JoinedInvalidation {
            sent_reference: self.sent_reference(),
            id: self.invalidation_id.clone()?,
            created_after: self.created_at,
            accepted_at: self.accepted_at?,
        })
    }

    /// The request in two halves, to bisect for the item that CloudFront rejects. `None`: it has one item only.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        let half_of = |items: &[String]| {
            let covered = |entry: &&OutboxEntry| {
                let item = InvalidationItem::covering(&self.for_tenant, &entry.target, self.distribution.cache_tags);
                items.contains(&item.to_string())
            };
            let entries: Vec<_> = self.entries.iter().filter(covered).cloned().collect();
            Self {
                caller_reference: caller_reference(
                    self.distribution.invalidated_id(),
                    items,
                    entries.iter().map(|entry| (&entry.target, entry.version.as_str(), entry.is_final)),
                ),
                items: items.to_vec(),
                entries,
                renamed: 0,
                ..self.clone()
            }
        };
        let (first, second) = self.items.split_at(self.items.len() / 2);
        (!first.is_empty()).then(|| [half_of(first), half_of(second)])
    }

    /// The number of its items that CloudFront counts as wildcards.
    #[must_use]
    pub fn wildcards(&self) -> usize {
        self.items.iter().filter(|item| is_wildcard(item)).count()
    }
}

impl OutboxEntry {
    fn of(PlannedEntry { entry, began_at, is_final, variants_deleted }: &PlannedEntry) -> Self {
        Self {
            target: entry.target.clone(),
            version: entry.version.clone(),
            is_final: *is_final,
            began_at: *began_at,
            enqueued_at: entry.last_event_at,
            variants_deleted: *variants_deleted,
            cause: entry.cause.clone(),
        }
    }
}
