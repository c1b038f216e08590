//! The reduction of many changes to one queue write for each target.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::detection::Change;
use crate::identifier::TenantId;
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// A meaningful change and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The target to purge and the reasons.
    pub change: Change,
    /// The time of the write.
    pub written_at: Timestamp,
    /// The stream's sequence number.
    pub sequence: String,
}

/// One upsert of the invalidation queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueue {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The target to purge.
    pub target: Target,
    /// The row's new version: `<sequence>@<delivery>`. A stream record that is delivered again yields another version,
    /// so a late repetition never makes a changed row look like the one that a purge in flight read.
    pub version: String,
    /// The time at which these changes were enqueued.
    pub last_event_at: Timestamp,
    /// The changes that this upsert adds to the row. A row that exists keeps its own `first_event_at`.
    pub cause: PurgeCause,
    /// Whether the function that enqueues it also purges it at once. A purge run then leaves out the early purge.
    pub is_purged_at_once: bool,
    /// The sequences of the changes, so that a failed upsert can name its records.
    pub sequences: Vec<String>,
}

impl Enqueue {
    /// The row that this upsert creates if the queue has none for the target.
    #[must_use]
    pub fn into_new_row(self) -> QueueEntry {
        QueueEntry {
            tenant: self.tenant,
            target: self.target,
            early_purge_version: self.is_purged_at_once.then(|| self.version.clone()),
            version: self.version,
            last_event_at: self.last_event_at,
            cause: self.cause,
            early_purge_count: 0,
            final_purge: None,
            deletion_cursor: None,
        }
    }
}

/// Reduces `events`, in stream order, to one upsert per target, in the order of the targets' first events: if the
/// writes end before the last one, the stream repeats as few of those before as possible.
///
/// `now` is the time of the enqueueing, `delivery` identifies this attempt (the Lambda request id), and `requested_by`
/// is the requester.
#[must_use]
pub fn reduce(events: Vec<Event>, now: Timestamp, delivery: &str, requested_by: &str) -> Vec<Enqueue> {
    let mut upserts: Vec<Enqueue> = Vec::new();
    let mut positions: BTreeMap<(TenantId, Target), usize> = BTreeMap::new();
    for Event { change: Change { tenant, target, reasons }, written_at, sequence } in events {
        let position = *positions.entry((tenant.clone(), target.clone())).or_insert_with(|| {
            upserts.push(Enqueue {
                tenant,
                target,
                version: String::new(),
                last_event_at: now,
                cause: PurgeCause {
                    first_event_at: written_at,
                    changes: 0,
                    reasons: BTreeSet::new(),
                    requested_by: [requested_by.to_owned()].into(),
                },
                is_purged_at_once: false,
                sequences: Vec::new(),
            });
            upserts.len() - 1
        });
        let upsert = &mut upserts[position];
        upsert.version = format!("{sequence}@{delivery}");
        upsert.cause.first_event_at = upsert.cause.first_event_at.min(written_at);
        upsert.last_event_at = upsert.last_event_at.max(written_at);
        upsert.cause.changes += 1;
        upsert.cause.reasons.extend(reasons);
        upsert.sequences.push(sequence);
    }
    upserts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::detection::Reason;

    fn event(tenant: &str, pack: &str, reason: Reason, written_at: u64, sequence: &str) -> Event {
        Event {
            change: Change {
                tenant: TenantId::parse(tenant).unwrap(),
                target: Target::parse(&format!("pack#{pack}")).unwrap(),
                reasons: vec![reason],
            },
            written_at: Timestamp::from_millis(written_at),
            sequence: sequence.to_owned(),
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn writes_to_one_pack_become_one_upsert_with_the_last_sequence_as_its_version() {
        let upserts = reduce(
            vec![
                event("acme", "p1", Reason::ImageLocationsChanged, 20, "100"),
                event("acme", "p1", Reason::MainImageLocationChanged, 10, "101"),
                event("acme", "p1", Reason::ImageLocationsChanged, 30, "102"),
            ],
            NOW,
            "delivery-1",
            "stream",
        );
        let [upsert] = upserts.as_slice() else { panic!("{upserts:?}") };
        assert_eq!(upsert.version, "102@delivery-1");
        assert_eq!((upsert.cause.first_event_at.as_millis(), upsert.last_event_at), (10, NOW));
        assert_eq!(upsert.cause.changes, 3);
        let reasons: Vec<_> = upsert.cause.reasons.iter().copied().collect();
        assert_eq!(reasons, [Reason::ImageLocationsChanged, Reason::MainImageLocationChanged]);
        assert_eq!(upsert.sequences, ["100", "101", "102"]);
    }

    #[test]
    fn a_hundred_writes_to_twenty_packs_become_twenty_upserts() {
        let events = (0..100_u64)
            .map(|write| {
                let pack = format!("p{}", write % 20);
                event("acme", &pack, Reason::ImageLocationsChanged, write, &write.to_string())
            })
            .collect();
        let upserts = reduce(events, NOW, "d", "stream");
        assert_eq!(upserts.len(), 20);
        assert!(upserts.iter().all(|upsert| upsert.cause.changes == 5));
    }

    #[test]
    fn the_same_pack_id_of_two_tenants_becomes_two_upserts_in_the_order_of_their_first_events() {
        let event = |tenant, sequence| event(tenant, "p1", Reason::PackRemoved, 1, sequence);
        let upserts = reduce(vec![event("globex", "1"), event("acme", "2"), event("globex", "3")], NOW, "d", "stream");
        let upserts: Vec<_> = upserts.iter().map(|upsert| (upsert.tenant.as_str(), &upsert.sequences[..])).collect();
        assert_eq!(upserts, [("globex", &["1".to_owned(), "3".to_owned()][..]), ("acme", &["2".to_owned()])]);
    }

    #[test]
    fn a_second_delivery_of_the_same_record_is_another_version() {
        let events = vec![event("acme", "p1", Reason::PackRemoved, 1, "1")];
        let first = reduce(events.clone(), NOW, "delivery-1", "stream");
        let second = reduce(events, NOW, "delivery-2", "stream");
        assert_ne!(first[0].version, second[0].version);
    }

    #[test]
    fn a_writer_whose_clock_runs_ahead_does_not_shorten_the_settle_delay() {
        let upserts = reduce(vec![event("acme", "p1", Reason::PackRemoved, 5_000, "1")], NOW, "d", "stream");
        assert_eq!(upserts[0].last_event_at.as_millis(), 5_000);
    }
}
