//! After an outage in which the stream lost records: what must be enqueued without it.
//!
//! It rests on one assumption: when a resync begins, the stream works again. So nothing changes unseen any more, and
//! whatever was purged for an earlier resync of the same outage needs none.

use std::time::Duration;

use crate::change::detection::{Change, Reason};
use crate::identifier::TenantId;
use crate::purge::ledger::LedgerRow;
use crate::queue::enqueue::Event;
use crate::queue::queue_entry::QueueEntry;
use crate::target::{InvalidTarget, Target};
use crate::timestamp::Timestamp;

/// No write of an item is older, in milliseconds since 1970: the year 2000. A smaller number counts something else, for
/// example seconds.
const OLDEST_WRITE_MILLIS: u64 = 946_684_800_000;

/// One item of the image-pack table, as far as a resync looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its sort key.
    pub entity: &'a str,
    /// Its number `updatedAt`, if it has one: milliseconds since 1970.
    pub updated_at: Option<&'a str>,
    /// Its number `generation`, if it has one.
    pub generation: Option<&'a str>,
}

/// What may have changed unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Whose images.
    pub tenant: TenantId,
    /// Which of them.
    pub target: Target,
    /// When it changed.
    pub changed: Changed,
}

/// When something changed, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Then, for the last time.
    At(Timestamp),
    /// The item does not say when.
    Sometime,
    /// It has variants and is not in the table any more.
    Removed,
}

/// What becomes of a [`Suspect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is enqueued.
    Enqueue,
    /// The queue has it already.
    Queued,
    /// It was purged after its change.
    Purged,
}

/// When and whether an item that is there may have changed since `since`. `None`: it has not, or no viewer could tell: a
/// location's configuration that was never forced, or a record that no image depends on.
pub fn changed_since(item: Item<'_>, since: Timestamp) -> Result<Option<(Target, Changed)>, InvalidTarget> {
    let target = match Target::parse(item.entity) {
        Err(InvalidTarget::UnknownKind(_)) => return Ok(None),
        target => target?,
    };
    let is_forced = item.generation.is_some_and(|generation| generation != "0");
    if target.spans_packs() && !is_forced {
        return Ok(None);
    }
    let changed = match written_at(item.updated_at) {
        Some(at) if at < since => return Ok(None),
        Some(at) => Changed::At(at),
        None => Changed::Sometime,
    };
    Ok(Some((target, changed)))
}

/// `None` for what is no time: whoever wrote it, nobody here can tell when.
fn written_at(updated_at: Option<&str>) -> Option<Timestamp> {
    let millis = updated_at?.parse().ok()?;
    (millis >= OLDEST_WRITE_MILLIS).then(|| Timestamp::from_millis(millis))
}

impl Suspect {
    /// Decides by the target's row in the queue and, where it has none, by its `purges` in the ledger. To be read in
    /// this order: a purge is in the ledger before its row leaves the queue.
    #[must_use]
    pub fn verdict(
        &self,
        since: Timestamp,
        queued: Option<&QueueEntry>,
        purges: &[LedgerRow],
        settle: Duration,
    ) -> Verdict {
        if queued.is_some_and(|row| self.is_covered_by_row(row, since)) {
            return Verdict::Queued;
        }
        let is_complete = |row: &&LedgerRow| row.is_final && row.completed_at.is_some();
        if purges.iter().filter(is_complete).any(|row| self.is_covered_by_purge(row, since, settle)) {
            return Verdict::Purged;
        }
        Verdict::Enqueue
    }

    /// The final purge of a row begins later than the row was last written.
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
            // Whatever was purged, there are variants still.
            Changed::Removed => false,
        }
    }

    /// What is enqueued for it. A change that does not say when it was may have been the first of the outage.
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
