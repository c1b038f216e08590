//! The deletion of stored variants, as it is planned.

use std::collections::BTreeMap;

use crate::identifier::TenantId;
use crate::purge::limits::Rules;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// The deletion of the variants of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The queue's row as it was read. Its deletion cursor is that of this deletion, or absent.
    pub entry: QueueEntry,
    /// The time at which the deletion began: now, or earlier if it continues at the cursor.
    pub began_at: Timestamp,
    /// Its purpose.
    pub purpose: DeletionPurpose,
    /// Only variants that were stored before this time are deleted: later ones are current. `None`: all.
    pub stored_before: Option<Timestamp>,
}

/// The purpose of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletionPurpose {
    /// A purge follows it.
    Purge {
        /// Whether that is the final purge.
        is_final: bool,
    },
    /// The final purge is completed. The row is removed afterwards, and the ledger gets the number.
    AfterPurge {
        /// The sort key of the purge in the ledger.
        ledger_key: String,
    },
    /// No edge has an object from before the change any more. The row is removed afterwards.
    Expired,
}

/// One purge of one version of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PurgeId {
    tenant: TenantId,
    target: Target,
    version: String,
    is_final: bool,
}

/// A finished deletion that precedes a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletionDone {
    /// The time at which it began.
    pub began_at: Timestamp,
    /// The time at which it was finished.
    pub finished_at: Timestamp,
    /// The number of variants deleted.
    pub variants_deleted: u64,
}

/// The finished deletions that precede a purge.
pub type Deleted = BTreeMap<PurgeId, DeletionDone>;

/// The deletions in the order in which they begin: those that a purge waits for, of them an admin's, and of each kind one of
/// each tenant in turn, so that no tenant waits for all of another's.
#[must_use]
pub fn in_turn(mut deletions: Vec<Deletion>) -> Vec<Deletion> {
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    deletions.sort_by_cached_key(|Deletion { entry, purpose, .. }| {
        let kind = (!matches!(purpose, DeletionPurpose::Purge { .. }), !entry.cause.is_manual());
        let turn = counts.entry((kind, entry.tenant.clone())).or_default();
        *turn += 1;
        (kind, *turn)
    });
    deletions
}

impl PurgeId {
    /// The purge of `entry` at its version.
    #[must_use]
    pub fn of(entry: &QueueEntry, is_final: bool) -> Self {
        let QueueEntry { tenant, target, version, .. } = entry;
        Self { tenant: tenant.clone(), target: target.clone(), version: version.clone(), is_final }
    }
}

impl Deletion {
    /// The deletion for `purpose` that begins `now`, or continues at the row's cursor.
    pub(crate) fn of(entry: &QueueEntry, purpose: DeletionPurpose, now: Timestamp, rules: &Rules) -> Self {
        let settled_at = entry.last_event_at.plus(rules.delays.settle);
        let is_early = matches!(purpose, DeletionPurpose::Purge { is_final: false });
        // A deletion that began before the row had settled does not count for the final purge, which restarts it.
        let cursor = entry.deletion_cursor.clone().filter(|cursor| is_early || cursor.started_at >= settled_at);
        let is_after = matches!(purpose, DeletionPurpose::AfterPurge { .. });
        Self {
            began_at: cursor.as_ref().map_or(now, |cursor| cursor.started_at),
            entry: QueueEntry { deletion_cursor: cursor, ..entry.clone() },
            purpose,
            stored_before: is_after.then_some(entry.last_event_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::change::detection::Reason;

    #[test]
    fn deletions_begin_in_turn_and_those_that_a_purge_waits_for_first() {
        let after = || DeletionPurpose::AfterPurge { ledger_key: "key".to_owned() };
        let before = || DeletionPurpose::Purge { is_final: true };
        let deletions = [
            ("acme", "pack#a1", after(), false),
            ("acme", "pack#a2", before(), false),
            ("acme", "pack#a3", before(), false),
            ("acme", "pack#a4", before(), true),
            ("acme", "pack#a5", before(), false),
            ("globex", "pack#g1", after(), true),
            ("globex", "pack#g2", before(), false),
            ("initech", "pack#i1", DeletionPurpose::Expired, false),
            ("initech", "pack#i2", before(), false),
            ("initech", "pack#i3", before(), false),
        ];
        let deletions = deletions.map(|(tenant, target, purpose, is_manual)| {
            let mut entry = QueueEntry::written(tenant, target, Timestamp::from_millis(0));
            if is_manual {
                entry.cause.reasons = [Reason::Manual].into();
            }
            let began_at = Timestamp::from_millis(0).plus(Duration::from_secs(1));
            Deletion { entry, began_at, purpose, stored_before: None }
        });
        let order: Vec<_> =
            in_turn(deletions.into()).iter().map(|deletion| deletion.entry.target.to_string()).collect();
        assert_eq!(
            order,
            [
                "pack#a4", "pack#a2", "pack#g2", "pack#i2", "pack#a3", "pack#i3",
                "pack#a5", // a purge waits for them
                "pack#g1", "pack#a1", "pack#i1",
            ]
        );
    }
}
