//! The queue's table: one row per pack, the requests in flight, and the lease.

use crate::request::OutboxRequest;

/// A pack that waits to be purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Unique for every enqueue to this pack.
    pub version: u8,
    /// The time left until `lastEventAt + settle`. A purge that begins at `0` has settled: the protocol's comparison
    /// `began_at >= last_event_at + settle`, kept as what is left of it so that equal situations at different times are
    /// one state.
    pub settles_in: u8,
    /// Whether this version's early purge is done, or is being done by an admin's DELETE.
    pub is_early_purge_done: bool,
    /// See [`crate::request::Served::promises`].
    pub promises: u8,
}

/// The requests and the lease. The rows lie with their packs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    /// The requests of the outbox, sorted.
    pub outbox: Vec<OutboxRequest>,
    /// The time left until the lease expires; `0`: it can be taken.
    pub lease_left: u8,
}
