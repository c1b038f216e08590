//! How large the model is: how much happens, what goes wrong how often, and how long things take.

use crate::mutation::Mutation;

/// The most packs of one model.
pub const PACKS_MAX: usize = 2;

/// The most writes to one pack.
pub const WRITES_MAX: usize = 2;

/// One model to check.
#[derive(Debug, Clone)]
pub struct Config {
    /// How often each pack is written. The number of its elements is the number of packs.
    pub writes: Vec<u8>,
    /// How often the stream delivers a record once more, at any later time.
    pub redeliveries: u8,
    /// How often an admin sends DELETE.
    pub deletes: u8,
    /// How many purge runs are alive at once. There may be more of them, one after the other.
    pub purge_runs: usize,
    /// How often a purge run or a DELETE ends between two steps. A call that fails, or whose response is lost, ends it
    /// likewise.
    pub crashes: u8,
    /// How often a purge run is paused for so long that its lease expires.
    pub stalls: u8,
    /// How long things take.
    pub timing: Timing,
    /// The rule that is broken.
    pub mutation: Option<Mutation>,
}

/// How long things take, in ticks of the model's clock. What happens within a tick happens in any order, so a tick is
/// also what the clocks of two instances differ by: whoever waits for something waits one tick longer than it may take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From when image-processing has read the pack until it has stored its variant and responded.
    pub processing_max: u8,
    /// From when an edge has sent a request to the origin until it has stored the response.
    pub edge_fetch_max: u8,
    /// How long the lease of a purge run lasts.
    pub lease: u8,
}

/// Image-processing and an edge's fetch may go on in the tick after the one that they began in; a purge run that pauses
/// keeps within its lease.
pub const TIMING: Timing = Timing { processing_max: 1, edge_fetch_max: 1, lease: 3 };

impl Timing {
    /// How long after a change a purge has to begin so that nothing stale comes back after it. An edge's fetch need not
    /// be waited for here: a purge that begins pauses for it before CloudFront is told.
    #[must_use]
    pub fn settle(&self, mutation: Option<Mutation>) -> u8 {
        match mutation {
            Some(Mutation::NoSettleRule) => 0,
            Some(Mutation::SettleDelayWithoutClockSkew) => self.processing_max,
            _ => self.processing_max + 1,
        }
    }

    /// How long a purge run pauses between the deletes and the invalidation.
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
