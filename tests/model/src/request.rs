//! An invalidation request and the name under which CloudFront gets it.

use crate::config::PACKS_MAX;
use crate::mutation::Mutation;

/// One of the two purges of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PurgeKind {
    /// The early purge, at once, so that viewers see the change soon; the row stays.
    Early,
    /// The final purge, when nothing stale can be stored any more; the row may be removed.
    Final,
}

/// One row of the queue, as a request serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Served {
    /// The row's version.
    pub version: u8,
    /// The purge: early or final.
    pub kind: PurgeKind,
    /// Whether the variants are deleted before the purge.
    pub deletes_first: bool,
    /// The data that was current when this version was enqueued: the completed final purge promises it. Part of the
    /// proof, not of the protocol.
    pub promises: u8,
}

/// The entries that a request serves, by pack. Its content is its name: the caller reference is a hash of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// The entries, by pack.
    pub entries: [Option<Served>; PACKS_MAX],
}

/// A request as it is in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxRequest {
    /// The request.
    pub request: Request,
    /// Whether CloudFront's id is noted in it, so that no worker sends it again.
    pub is_accepted: bool,
}

impl Request {
    /// The packs that it covers, with their entries.
    pub fn served(&self) -> impl Iterator<Item = (usize, Served)> + '_ {
        self.entries.iter().enumerate().filter_map(|(pack, served)| served.map(|served| (pack, served)))
    }

    /// Whether it serves nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(Option::is_none)
    }

    /// Whether it has final purges that come after a deletion.
    #[must_use]
    pub fn waits_after_deletion(&self) -> bool {
        self.served().any(|(_, served)| served.deletes_first && served.kind == PurgeKind::Final)
    }

    /// The first pack from `pack` on whose variants are deleted before the purge.
    #[must_use]
    pub fn next_deletion(&self, pack: usize) -> Option<usize> {
        self.served().find(|(of_served, served)| *of_served >= pack && served.deletes_first).map(|(pack, _)| pack)
    }

    /// The first pack that it covers from `pack` on.
    #[must_use]
    pub fn next_pack(&self, pack: usize) -> Option<usize> {
        self.served().map(|(served, _)| served).find(|served| *served >= pack)
    }

    /// Whether CloudFront, and the queue's table, take it for the same request as `other`.
    #[must_use]
    pub fn has_the_name_of(&self, other: &Self, mutation: Option<Mutation>) -> bool {
        let name_of = |request: &Self| {
            request.entries.map(|entry| {
                entry.map(|Served { version, kind, .. }| {
                    (version, (mutation != Some(Mutation::PurgesShareTheirReference)).then_some(kind))
                })
            })
        };
        name_of(self) == name_of(other)
    }

    /// The entries that none of `in_flight` serves already: a final purge that is on its way makes the early one
    /// needless.
    #[must_use]
    pub fn without_in_flight(&self, in_flight: &[OutboxRequest]) -> Self {
        let is_in_flight = |pack: usize, version: u8, kind: PurgeKind| {
            in_flight.iter().any(|written| {
                written.request.entries[pack].is_some_and(|served| served.version == version && served.kind == kind)
            })
        };
        let mut left = *self;
        for (pack, served) in self.served() {
            if is_in_flight(pack, served.version, PurgeKind::Final)
                || (served.kind == PurgeKind::Early && is_in_flight(pack, served.version, PurgeKind::Early))
            {
                left.entries[pack] = None;
            }
        }
        left
    }
}
