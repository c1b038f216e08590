//! What is kept of every purge.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::purge_cause::PurgeCause;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the purge ledger: one target, purged once, through its layers: the request, the variants, CloudFront, and
/// the first variant that was re-rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRow {
    /// Whose images.
    pub tenant: TenantId,
    /// The sort key: `<target>#<startedAt>#<callerReference>`. A target's rows lie together, in the order of time.
    pub purge: String,
    /// Which images.
    pub target: Target,
    /// The changes that this purge covers.
    #[serde(flatten)]
    pub cause: PurgeCause,
    /// When the purge began.
    pub started_at: Timestamp,
    /// Whether nothing stale could be stored after it; if not, a later purge follows.
    pub is_final: bool,
    /// How many variants were deleted for this target.
    pub variants_deleted: u64,
    /// The distribution that was told.
    pub distribution_id: String,
    /// CloudFront's id of the invalidation. `None`: CloudFront rejected it, and the dead-letter queue has the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation_id: Option<String>,
    /// CloudFront's state of it: `InProgress` or `Completed`, or [`REJECTED`].
    pub invalidation_status: String,
    /// When it was seen that CloudFront had completed a final purge: no request of a viewer that begins later is
    /// served from what the changes replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When the first variant was stored that was rendered after the purge, as far as somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refill_seen_at: Option<Timestamp>,
    /// When DynamoDB may forget the row, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// What came of one request to CloudFront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// CloudFront's id of the invalidation.
    pub id: String,
    /// `InProgress` or `Completed`.
    pub status: String,
}

/// CloudFront's status of an invalidation that no edge still has to carry out.
pub const COMPLETED: &str = "Completed";

/// The status of a purge that CloudFront does not take.
pub const REJECTED: &str = "Rejected";

impl Invalidation {
    /// Whether every edge has carried it out.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == COMPLETED
    }
}

/// What the end of an invalidation adds to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// See [`LedgerRow::completed_at`]. `None`: the purge had not settled, so that another one follows.
    pub completed_at: Option<Timestamp>,
    /// See [`LedgerRow::refill_seen_at`].
    pub refill_seen_at: Option<Timestamp>,
}

/// The sort key of the row of `entry`, served by the request called `caller_reference`.
#[must_use]
pub fn purge_key(entry: &OutboxEntry, caller_reference: &str) -> String {
    format!("{}#{:013}#{caller_reference}", entry.target, entry.began_at.as_millis())
}

/// Makes the row of one entry of `request`; `invalidation` is CloudFront's response, `None` if it rejected the request.
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
        started_at: entry.began_at,
        is_final: entry.is_final,
        variants_deleted: entry.variants_deleted,
        distribution_id: request.distribution.distribution_id.clone(),
        invalidation_id: invalidation.map(|invalidation| invalidation.id.clone()),
        invalidation_status: invalidation.map_or(REJECTED, |invalidation| &invalidation.status).to_owned(),
        completed_at: None,
        refill_seen_at: None,
        expires_at: entry.began_at.plus(retention).as_secs(),
    }
}
