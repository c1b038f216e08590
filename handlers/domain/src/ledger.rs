//! What is kept of every purge.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::change_detection::Reason;
use crate::identifier::TenantId;
use crate::planner::{Batch, PlannedEntry};
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the purge ledger: one target, purged once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRow {
    /// Whose pictures.
    pub tenant: TenantId,
    /// The sort key: `<target>#<startedAt>#<callerReference>`. A target's rows lie together, in the order of time. A run
    /// that repeats what a crashed one began adds a row of its own, with the same invalidation.
    pub purge: String,
    /// Which pictures.
    pub target: Target,
    /// Why.
    pub reasons: BTreeSet<Reason>,
    /// Who asked: `stream`, or `admin:<subject of the token>`.
    pub requested_by: String,
    /// When the oldest change that this purge answers was written.
    pub first_event_at: Timestamp,
    /// How many changes it answers.
    pub changes: u64,
    /// When the purge began.
    pub started_at: Timestamp,
    /// Whether nothing stale could be stored after it; if not, a later purge follows.
    pub is_settled: bool,
    /// How many variants were deleted for this target.
    pub variants_deleted: u64,
    /// The distribution that was told.
    pub distribution_id: String,
    /// CloudFront's id of the invalidation.
    pub invalidation_id: String,
    /// CloudFront's state of it when this row was written: `InProgress` or `Completed`.
    pub invalidation_status: String,
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

/// Makes the row of one purged entry.
#[must_use]
pub fn ledger_row(
    batch: &Batch,
    planned: &PlannedEntry,
    requested_by: &str,
    variants_deleted: u64,
    invalidation: &Invalidation,
    retention: Duration,
) -> LedgerRow {
    let PlannedEntry { entry, began_at: started_at, .. } = planned;
    LedgerRow {
        tenant: batch.tenant.clone(),
        purge: format!("{}#{:013}#{}", entry.target, started_at.as_millis(), batch.caller_reference),
        target: entry.target.clone(),
        reasons: entry.reasons.clone(),
        requested_by: requested_by.to_owned(),
        first_event_at: entry.first_event_at,
        changes: entry.changes,
        started_at: *started_at,
        is_settled: planned.is_settled,
        variants_deleted,
        distribution_id: batch.distribution.distribution_id.clone(),
        invalidation_id: invalidation.id.clone(),
        invalidation_status: invalidation.status.clone(),
        expires_at: started_at.plus(retention).as_secs(),
    }
}
