//! One row of the invalidation queue.

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::queue::purge_cause::PurgeCause;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the invalidation queue: one target that waits to be purged. Writing it again is the deduplication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueEntry {
    /// Whose images.
    pub tenant: TenantId,
    /// Which of them.
    pub target: Target,
    /// Changes with every write to the row; a row is removed only while it is what the purge saw.
    pub version: String,
    /// When the row was last written. Never before the change it stands for, so the settle delay counts from here.
    pub last_event_at: Timestamp,
    /// The changes that wait here.
    #[serde(flatten)]
    pub cause: PurgeCause,
    /// How many early purges the row has had: they leave it in the queue, because it has not settled.
    #[serde(default)]
    pub early_purge_count: u64,
    /// The version whose early purge is done, or is being done by an admin's request: a row that has not settled is
    /// purged once meanwhile, not at every purge run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_purge_version: Option<String>,
    /// How far the deletion of its variants has come, if one purge run could not finish it. A change that is enqueued
    /// meanwhile begins it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_cursor: Option<DeletionCursor>,
}

/// A deletion of many variants that goes on in the next purge run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionCursor {
    /// When it began at the first key. Whether the purge has settled counts from here.
    pub started_at: Timestamp,
    /// The last key that was looked at: the next purge run lists what comes after it.
    pub after_key: String,
    /// How many variants it has deleted so far.
    pub variants_deleted: u64,
}
