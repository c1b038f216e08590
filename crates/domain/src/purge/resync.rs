//! The resync after an outage in which the stream lost records: the targets to enqueue without it.
//!
//! Assumption: the stream works again when a resync begins. So no later change is lost, and a target that was purged
//! for an earlier resync of the same outage needs no other purge.

use std::time::Duration;

use crate::change::detection::{Change, Reason};
use crate::identifier::TenantId;
use crate::purge::ledger::LedgerRow;
use crate::queue::enqueue::Event;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// The oldest possible write of an item, in milliseconds since 1970: the year 2000. A smaller number is not a time in
/// milliseconds; it may be one in seconds.
const OLDEST_WRITE_MILLIS: u64 = 946_684_800_000;

/// A pack or location configuration of the image-pack table, with the attributes that a resync reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The pack or location configuration that it is.
    pub target: &'a Target,
    /// Its number `updatedAt`, if it has one: milliseconds since 1970.
    pub updated_at: Option<&'a str>,
    /// Its number `generation`, if it has one.
    pub generation: Option<&'a str>,
}

/// A target that may have changed while the stream lost records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The target.
    pub target: Target,
    /// The time of the change.
    pub changed: Changed,
}

/// The time of a change, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The last change was at this time.
    At(Timestamp),
    /// The item does not say at which time.
    Sometime,
    /// The pack has variants and is no longer in the table.
    Removed,
}

/// The decision about a [`Suspect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It must be enqueued.
    Enqueue,
    /// The queue has it already.
    Queued,
    /// It was purged after its change.
    Purged,
}

/// The time of a change since `since` of an item that exists. `None`: the item has not changed, or its change is not
/// visible: a location's configuration that was never forced. A new pack counts as changed, whether or not its first
/// image is meaningful: the item does not say what it was before.
#[must_use]
pub fn changed_since(item: Item<'_>, since: Timestamp) -> Option<Changed> {
    let is_forced = item.generation.is_some_and(|generation| generation != "0");
    if item.target.spans_packs() && !is_forced {
        return None;
    }
    match written_at(item.updated_at) {
        Some(at) if at < since => None,
        Some(at) => Some(Changed::At(at)),
        None => Some(Changed::Sometime),
    }
}

/// The time of `updatedAt`. `None`: the attribute is not a time in milliseconds, so the time is unknown.
fn written_at(updated_at: Option<&str>) -> Option<Timestamp> {
    let millis = updated_at?.parse().ok()?;
    (millis >= OLDEST_WRITE_MILLIS).then(|| Timestamp::from_millis(millis))
}

impl Suspect {
    /// Decides by the target's row in the queue and, if that does not cover the change, by its `purges` in the ledger.
    /// Read the queue first, then the ledger: a purge is in the ledger before its row leaves the queue.
    #[must_use]
    pub fn verdict(
        &self,
        since: Timestamp,
        queued: Option<&QueueEntry>,
        purges: &[LedgerRow],
        settle: Duration,
    ) -> Verdict {
        if let Some(row) = queued.filter(|row| self.is_covered_by_row(row, since)) {
            return if row.completed_purge().is_some() { Verdict::Purged } else { Verdict::Queued };
        }
        let is_complete = |row: &&LedgerRow| row.is_final && row.completed_at.is_some();
        if purges.iter().filter(is_complete).any(|row| self.is_covered_by_purge(row, since, settle)) {
            return Verdict::Purged;
        }
        Verdict::Enqueue
    }

    /// The final purge of a row begins after the row was last written.
    fn is_covered_by_row(&self, row: &QueueEntry, since: Timestamp) -> bool {
        let has = |reason| row.cause.reasons.contains(&reason);
        match self.changed {
            Changed::At(at) => row.last_event_at >= at,
            Changed::Sometime => has(Reason::Resync) && row.last_event_at >= since,
            Changed::Removed => (has(Reason::Resync) || has(Reason::PackRemoved)) && row.last_event_at >= since,
        }
    }

    fn is_covered_by_purge(&self, row: &LedgerRow, since: Timestamp, settle: Duration) -> bool {
        match self.changed {
            Changed::At(at) => row.started_at >= at.plus(settle),
            Changed::Sometime => row.cause.reasons.contains(&Reason::Resync) && row.started_at >= since.plus(settle),
            // Variants exist in spite of the purge.
            Changed::Removed => false,
        }
    }

    /// The event to enqueue. A change of unknown time may have been the first of the outage.
    #[must_use]
    pub fn event(self, since: Timestamp) -> Event {
        let (written_at, reasons) = match self.changed {
            Changed::At(at) => (at, vec![Reason::Resync]),
            Changed::Sometime => (since, vec![Reason::Resync]),
            Changed::Removed => (since, vec![Reason::Resync, Reason::PackRemoved]),
        };
        let change = Change { tenant: self.tenant, target: self.target, reasons };
        Event { change, written_at, sequence: Reason::Resync.as_str().to_owned() }
    }
}

#[cfg(test)]
mod tests;
