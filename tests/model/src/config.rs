//! The size of a model: the number of events and faults, and the durations.

use crate::mutation::Mutation;

/// The most packs of one model.
pub const PACKS_MAX: usize = 2;

/// The most writes to one pack.
pub const WRITES_MAX: usize = 2;

/// One model to check.
#[derive(Debug, Clone)]
pub struct Config {
    /// The number of writes to each pack, one element for each pack.
    pub writes: Vec<u8>,
    /// The number of repeated deliveries of the stream, each at any later time.
    pub redeliveries: u8,
    /// The number of DELETE requests.
    pub deletes: u8,
    /// The most purge runs that are alive at once. There may be more of them, one after the other.
    pub purge_runs: usize,
    /// The number of crashes of a purge run or a DELETE between two steps. A call that fails, or whose response is lost, ends it
    /// likewise.
    pub crashes: u8,
    /// The number of purge runs that are paused until their lease expires.
    pub stalls: u8,
    /// The durations.
    pub timing: Timing,
    /// The rule that is broken.
    pub mutation: Option<Mutation>,
}

/// Durations, in ticks of the model's clock. What happens within a tick happens in any order, so a tick is
/// also what the clocks of two instances differ by: a wait is one tick longer than the longest duration that it covers.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From when image-processing has read the pack until it has stored its variant and responded.
    pub processing_max: u8,
    /// From when an edge has sent a request to the origin until it has stored the response.
    pub edge_fetch_max: u8,
    /// The duration of a purge run's lease.
    pub lease: u8,
}

/// Image-processing and an edge's fetch may go on in the tick after the one that they began in; a purge run that pauses
/// keeps within its lease.
pub const TIMING: Timing = Timing { processing_max: 1, edge_fetch_max: 1, lease: 3 };

impl Timing {
    /// The shortest time from a change to a purge after which nothing stale comes back. An edge's fetch need not
    /// be covered here: a purge pauses for it before the invalidation.
    #[must_use]
    pub fn settle(&self, mutation: Option<Mutation>) -> u8 {
        match mutation {
            Some(Mutation::NoSettleRule) => 0,
            Some(Mutation::SettleDelayWithoutClockSkew) => self.processing_max,
            _ => self.processing_max + 1,
        }
    }

    /// The pause of a purge run between the deletes and the invalidation.
    #[must_use]
    pub fn pause(&self, mutation: Option<Mutation>) -> u8 {
        match mutation {
            Some(Mutation::NoPauseForEdgeFetches) => 0,
            Some(Mutation::PauseWithoutClockSkew) => self.edge_fetch_max,
            _ => self.edge_fetch_max + 1,
        }
    }
}

impl Config {
    /// One pack that is written once, purged by purge runs that neither crash nor overlap.
    #[must_use]
    pub fn one_write() -> Self {
        Self {
            writes: vec![1],
            redeliveries: 0,
            deletes: 0,
            purge_runs: 1,
            crashes: 0,
            stalls: 0,
            timing: TIMING,
            mutation: None,
        }
    }

    /// The same with a rule broken.
    #[must_use]
    pub fn with(self, mutation: Mutation) -> Self {
        Self { mutation: Some(mutation), ..self }
    }

    /// The bounds in words.
    #[must_use]
    pub fn bounds(&self) -> String {
        let Self { writes, redeliveries, deletes, purge_runs, crashes, stalls, .. } = self;
        let writes: Vec<_> = writes.iter().map(u8::to_string).collect();
        format!(
            "writes by pack: {}; redeliveries: {redeliveries}; DELETEs: {deletes}; purge runs at once: {purge_runs}; crashes: \
             {crashes}; leases that expire under a purge run: {stalls}",
            writes.join("+")
        )
    }
}
