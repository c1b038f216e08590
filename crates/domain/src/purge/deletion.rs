//! The deletion of stored variants, as it is planned.

use std::collections::{BTreeMap, VecDeque};

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

impl PurgeId {
    /// The purge of `entry` at its version.
    #[must_use]
    pub fn of(entry: &QueueEntry, is_final: bool) -> Self {
        let QueueEntry { tenant, target, version, .. } = entry;
        Self { tenant: tenant.clone(), target: target.clone(), version: version.clone(), is_final }
    }
}

impl Deletion {
    /// Whether a purge waits for it.
    #[must_use]
    pub const fn precedes_purge(&self) -> bool {
        matches!(self.purpose, DeletionPurpose::Purge { .. })
    }

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

/// The planned deletions, which begin in turn: those that a purge waits for before all others, of them the manual ones, and
/// of each kind one of the tenant whose last one began the longest ago. So no tenant waits for all of another's.
#[derive(Debug, Default)]
pub struct DeletionTurns {
    /// The deletions of each tenant, apart by whether a purge waits for them.
    planned: BTreeMap<(TenantId, bool), VecDeque<Deletion>>,
    /// The turn in which the last one of each tenant began.
    last: BTreeMap<TenantId, u64>,
    turn: u64,
}

impl DeletionTurns {
    /// Replaces the planned deletions.
    pub fn plan(&mut self, deletions: impl IntoIterator<Item = Deletion>) {
        self.planned.clear();
        for deletion in deletions {
            let planned = self.planned.entry((deletion.entry.tenant.clone(), deletion.precedes_purge())).or_default();
            let is_first = deletion.entry.cause.is_manual();
            let index =
                if is_first { planned.partition_point(|other| other.entry.cause.is_manual()) } else { planned.len() };
            planned.insert(index, deletion);
        }
    }

    /// Whether none is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// Removes the next deletion from the plan and returns it. `has_place` says whether a deletion may begin, by its tenant
    /// and by whether a purge waits for it. `None`: no planned deletion may begin.
    pub fn begin(&mut self, has_place: impl Fn(&TenantId, bool) -> bool) -> Option<Deletion> {
        let with_place = self.planned.iter().filter(|((tenant, precedes_purge), _)| has_place(tenant, *precedes_purge));
        let next = with_place.min_by_key(|((tenant, precedes_purge), planned)| {
            let is_manual = planned.front().is_some_and(|deletion| deletion.entry.cause.is_manual());
            (!precedes_purge, !is_manual, self.last.get(tenant))
        });
        let key = next?.0.clone();
        let planned = self.planned.get_mut(&key)?;
        let deletion = planned.pop_front();
        if planned.is_empty() {
            self.planned.remove(&key);
        }
        self.turn += 1;
        self.last.insert(key.0, self.turn);
        deletion
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::detection::Reason;

    /// A deletion of a tenant. Its purpose: `p`, a purge waits for it; `m`, that is an admin's; `a`, none waits; `n`, none
    /// waits, and the purge was an admin's.
    fn deletion((tenant, target, purpose): (&str, &str, char)) -> Deletion {
        let mut entry = QueueEntry::written(tenant, &format!("pack#{target}"), Timestamp::from_millis(0));
        if matches!(purpose, 'm' | 'n') {
            entry.cause.reasons = [Reason::Manual].into();
        }
        let purpose = match purpose {
            'p' | 'm' => DeletionPurpose::Purge { is_final: true },
            _ => DeletionPurpose::AfterPurge { ledger_key: "key".to_owned() },
        };
        Deletion { entry, began_at: Timestamp::from_millis(0), purpose, stored_before: None }
    }

    fn begin(turns: &mut DeletionTurns, has_place: impl Fn(&TenantId, bool) -> bool) -> String {
        turns.begin(has_place).map(|deletion| deletion.entry.target.to_string()).unwrap_or_default()
    }

    #[test]
    fn those_that_a_purge_waits_for_begin_first_and_tenants_take_turns() {
        let mut turns = DeletionTurns::default();
        let planned = [
            ("acme", "a1", 'a'),
            ("acme", "a2", 'p'),
            ("acme", "a3", 'p'),
            ("acme", "a4", 'm'),
            ("acme", "a5", 'p'),
            ("globex", "g1", 'n'),
            ("globex", "g2", 'p'),
            ("initech", "i1", 'a'),
            ("initech", "i2", 'p'),
            ("initech", "i3", 'p'),
        ];
        turns.plan(planned.map(deletion));
        let order: Vec<_> = (0..planned.len()).map(|_| begin(&mut turns, |_, _| true)).collect();
        let expected = ["a4", "g2", "i2", "a2", "i3", "a3", "a5", "g1", "i1", "a1"];
        assert_eq!(order, expected.map(|target| format!("pack#{target}")));
        assert!(turns.is_empty());
    }

    #[test]
    fn a_new_plan_keeps_the_turns_and_a_tenant_without_a_place_keeps_no_other_back() {
        let mut turns = DeletionTurns::default();
        let planned = || [("acme", "a1", 'p'), ("acme", "a2", 'p'), ("globex", "g1", 'p'), ("initech", "i1", 'a')];
        let mut order = Vec::new();
        for _ in 0..3 {
            turns.plan(planned().map(deletion));
            order.push(begin(&mut turns, |_, _| true));
        }
        assert_eq!(order, ["pack#a1", "pack#g1", "pack#a1"]);
        turns.plan(planned().map(deletion));
        assert_eq!(begin(&mut turns, |tenant, _| tenant.as_str() == "acme"), "pack#a1");
        assert_eq!(begin(&mut turns, |_, precedes_purge| !precedes_purge), "pack#i1");
        assert_eq!(begin(&mut turns, |_, _| false), "");
    }
}
