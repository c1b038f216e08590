//! The queue's table: one row per pack, the requests in flight, the lease and the wake-ups.

use crate::request::OutboxRequest;

/// A pack that waits to be purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Unique for every enqueue to this pack.
    pub version: u8,
    /// The time left until `lastEventAt + settle delay`. A purge that begins at `0` has settled: the protocol's
    /// comparison `began_at >= last_event_at + settle_delay`, kept as what is left of it so that equal situations at
    /// different times are one state.
    pub settles_in: u8,
    /// The purges of this version that are done.
    pub done: Done,
    /// Whether a DELETE or a POST is among the reasons.
    pub is_manual: bool,
    /// See [`crate::request::Served::promises`].
    pub promises: u8,
    /// Whether the wake-up for this version succeeded, and no fault has taken it back. Part of the proof, not of the
    /// protocol.
    pub is_woken: bool,
}

/// The writer of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The stream's handler.
    Stream,
    /// An admin's DELETE, which executes the early purge itself.
    Delete,
    /// An admin's POST, which leaves both purges to a purge run.
    Post,
}

/// The purges of a row's version that are done. An early purge may be noted after the final one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Done {
    /// None.
    Nothing,
    /// The early purge is done, or is being done by an admin's DELETE.
    Early,
    /// The final purge is completed; the variants are to be deleted.
    Final,
}

/// The requests, the lease and the wake-ups. The rows lie with their packs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    /// The requests of the outbox, sorted.
    pub outbox: Vec<OutboxRequest>,
    /// The lease.
    pub lease: Lease,
    /// Whether the tenant was woken since a purge run took the wake-ups. The counter itself is only compared: each
    /// purge run remembers whether it has moved (`crate::worker::Worker::is_behind`).
    pub is_tenant_woken: bool,
    /// The suppression of further invocations.
    pub invoked_at: InvokedAt,
    /// The invocations that Lambda has accepted and not begun.
    pub invocations: u8,
}

/// The attribute `invokedAt`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum InvokedAt {
    /// Absent or expired: the next wake-up invokes.
    #[default]
    Absent,
    /// Set: an invocation is on its way, so other wake-ups do not invoke.
    Set,
    /// Set, and a fault has lost that invocation.
    Stale,
}

/// The lease of purge runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lease {
    /// Released, or never taken.
    #[default]
    Free,
    /// Taken and unexpired. A purge run renews its lease, so only a crash or a stall lets it expire.
    Held,
    /// Expired without a release: the wake-ups that its purge run took may not be served.
    Expired,
}
