//! One row of the invalidation queue.

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::null_attribute;
use crate::queue::purge_cause::PurgeCause;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// One row of the invalidation queue: one target that waits for its purge. Another change of the target updates the
/// same row, which deduplicates the changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueEntry {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The target to purge.
    pub target: Target,
    /// Changes with each write to the row. A row is removed only while it has the version that the purge read.
    pub version: String,
    /// The time of the newest change. Never before the write itself, so the settle delay counts from here.
    pub last_event_at: Timestamp,
    /// The changes that wait here.
    #[serde(flatten)]
    pub cause: PurgeCause,
    /// The number of early purges of the row. They leave it in the queue, because it has not settled.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub early_purge_count: u64,
    /// The version whose early purge is done, or is being done by an admin's request. A row that has not settled is
    /// purged once, not in each purge run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_purge_version: Option<String>,
    /// The final purge that CloudFront has completed. The row stays until the variants from before the change are
    /// deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_purge: Option<FinalPurge>,
    /// The progress of the deletion of its variants, if one purge run could not finish it. A change that is enqueued
    /// during the deletion restarts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_cursor: Option<DeletionCursor>,
}

/// A final purge that CloudFront has completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinalPurge {
    /// The version of the row that was purged. A row with another version needs another purge.
    pub version: String,
    /// The sort key of its row in the ledger, which gets the number of variants deleted.
    pub ledger_key: String,
}

impl QueueEntry {
    /// The final purge of the row at its version, if CloudFront has completed it.
    #[must_use]
    pub fn completed_purge(&self) -> Option<&FinalPurge> {
        self.final_purge.as_ref().filter(|purge| purge.version == self.version)
    }
}

/// The progress of a deletion of many variants that the next purge run continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionCursor {
    /// The time at which the deletion began at the first key. It decides whether the purge has settled.
    pub started_at: Timestamp,
    /// The last key that was listed. The next purge run lists the keys after it.
    pub after_key: String,
    /// The number of variants deleted so far.
    pub variants_deleted: u64,
}

#[cfg(test)]
impl QueueEntry {
    /// A row that one change wrote `at`, and that no purge has served.
    pub(crate) fn written(tenant: &str, target: &str, at: Timestamp) -> Self {
        Self {
            tenant: TenantId::parse(tenant).unwrap(),
            target: Target::parse(target).unwrap(),
            version: "1@d".to_owned(),
            last_event_at: at,
            cause: PurgeCause {
                first_event_at: at,
                changes: 1,
                reasons: [crate::change::detection::Reason::ImageLocationsChanged].into(),
                requested_by: ["stream".to_owned()].into(),
            },
            early_purge_count: 0,
            early_purge_version: None,
            final_purge: None,
            deletion_cursor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_stored_with_the_attributes_of_its_cause_beside_its_own() {
        let stored = json!({
            "tenant": "acme",
            "target": "pack#p1",
            "version": "1@d",
            "lastEventAt": 20,
            "firstEventAt": 10,
            "changes": u64::MAX,
            "reasons": ["image-locations-changed", "manual"],
            "requestedBy": ["admin:anna", "stream"],
            "earlyPurgeCount": 1,
            "earlyPurgeVersion": "1@d",
            "finalPurge": {"version": "1@d", "ledgerKey": "pack#p1#0000000000015#abc"},
            "deletionCursor": {"startedAt": 15, "afterKey": "acme/p1/main", "variantsDeleted": 3},
        });
        let row: QueueEntry = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&row).unwrap(), stored);

        let mut oldest = stored;
        for optional in ["requestedBy", "earlyPurgeCount", "earlyPurgeVersion", "finalPurge", "deletionCursor"] {
            oldest.as_object_mut().unwrap().remove(optional);
        }
        assert!(serde_json::from_value::<QueueEntry>(oldest).unwrap().cause.requested_by.is_empty());
    }
}
