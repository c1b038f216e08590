//! One row of the invalidation queue.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::change_detection::Reason;
use crate::identifier::TenantId;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the invalidation queue: one target that waits to be purged. Writing it again is the deduplication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueEntry {
    /// Whose pictures.
    pub tenant: TenantId,
    /// Which of them.
    pub target: Target,
    /// Changes with every write to the row; a row is removed only while it is what the purge saw.
    pub version: String,
    /// When the oldest change that waits here was written.
    pub first_event_at: Timestamp,
    /// When the row was last written. Never before the change it stands for, so the settle delay counts from here.
    pub last_event_at: Timestamp,
    /// How many changes wait here.
    pub changes: u64,
    /// Why.
    pub reasons: BTreeSet<Reason>,
    /// How many purges left this row in the queue, because it had not settled.
    #[serde(default)]
    pub attempts: u64,
}
