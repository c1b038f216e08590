//! The purge ledger: the record of every purge.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::null_attribute;
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::purge_cause::PurgeCause;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the purge ledger: one purge of one target, with its cause, the deleted variants, the invalidation, and
/// the first variant that was re-rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRow {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The sort key; see [`purge_key`]. It sorts the rows by target and time.
    pub purge: String,
    /// The target that was purged.
    pub target: Target,
    /// The changes that this purge covers.
    #[serde(flatten)]
    pub cause: PurgeCause,
    /// The version of the queue's row that was purged. A version has at most one early purge and one final purge. Only if
    /// a purge run outlived its lease, the ledger may have two rows of one version that are both early or both final.
    ///
    /// Rows of earlier versions do not have it.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub version: String,
    /// The time at which the newest change was enqueued; the oldest one was written at `firstEventAt`. Rows of earlier
    /// versions do not have it.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub enqueued_at: Timestamp,
    /// The time at which the purge began.
    pub started_at: Timestamp,
    /// Whether no old image could reach an edge after it. Otherwise it is the early purge, and the final one follows.
    pub is_final: bool,
    /// The number of variants deleted for this target, before the invalidation or after it.
    pub variants_deleted: u64,
    /// The time at which the variants from before the change were deleted, if that was after the invalidation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants_deleted_at: Option<Timestamp>,
    /// The distribution or the distribution tenant that was invalidated.
    pub distribution_id: String,
    /// CloudFront's id of the invalidation. `None`: CloudFront rejected it, and the dead-letter queue has the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation_id: Option<String>,
    /// CloudFront's state of it: `InProgress` or `Completed`, or [`REJECTED`].
    pub invalidation_status: String,
    /// The time at which CloudFront accepted the invalidation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The time at which a purge run read from CloudFront that the purge is completed. A viewer's request that begins after
    /// the completion of a final purge never gets the old image from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// The time at which the first variant was stored since the change was enqueued. `None`: none was found when the purge
    /// completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refill_seen_at: Option<Timestamp>,
    /// The time at which DynamoDB may delete the row, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// An invalidation, as CloudFront reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// CloudFront's id of the invalidation.
    pub id: String,
    /// `InProgress` or `Completed`.
    pub status: String,
}

/// CloudFront's status of an invalidation that some edges have not executed.
pub const IN_PROGRESS: &str = "InProgress";

/// CloudFront's status of an invalidation that every edge has executed.
pub const COMPLETED: &str = "Completed";

/// The status of a purge that CloudFront rejected.
pub const REJECTED: &str = "Rejected";

impl Invalidation {
    /// Whether every edge has executed it.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == COMPLETED
    }
}

/// The fields that the end of an invalidation adds to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// See [`LedgerRow::completed_at`].
    pub completed_at: Timestamp,
    /// See [`LedgerRow::refill_seen_at`].
    pub refill_seen_at: Option<Timestamp>,
}

/// The sort key of the row of `entry`, served by the request called `caller_reference`:
/// `<target>#<enqueuedAt>#<early or final>#<callerReference>`. A request that is planned once more, because the response to
/// its first write was lost, has the same key.
#[must_use]
pub fn purge_key(entry: &OutboxEntry, caller_reference: &str) -> String {
    let kind = if entry.is_final { "final" } else { "early" };
    format!("{}#{:013}#{kind}#{caller_reference}", entry.target, entry.enqueued_at.as_millis())
}

/// The row of one entry of `request`. `invalidation` is CloudFront's response, `None` if it rejected the request.
#[must_use]
pub fn ledger_row(
    request: &PurgeRequest,
    entry: &OutboxEntry,
    invalidation: Option<&Invalidation>,
    retention: Duration,
) -> LedgerRow {
    LedgerRow {
        tenant: request.for_tenant.clone(),
        purge: purge_key(entry, &request.caller_reference),
        target: entry.target.clone(),
        cause: entry.cause.clone(),
        version: entry.version.clone(),
        enqueued_at: entry.enqueued_at,
        started_at: entry.began_at,
        is_final: entry.is_final,
        variants_deleted: entry.variants_deleted,
        variants_deleted_at: None,
        distribution_id: request.distribution.invalidated_id().to_owned(),
        invalidation_id: invalidation.map(|invalidation| invalidation.id.clone()),
        invalidation_status: invalidation.map_or(REJECTED, |invalidation| &invalidation.status).to_owned(),
        created_at: request.accepted_at,
        completed_at: None,
        refill_seen_at: None,
        expires_at: entry.began_at.plus(retention).as_secs(),
    }
}
