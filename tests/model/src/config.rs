//! The size of a model: the number of events and faults, and the durations.

use crate::mutation::Mutation;
use crate::queue::{Done, Row};

/// The most packs of one model.
pub const PACKS_MAX: usize = 2;

/// The most old versions of the data of one pack: writes, DELETEs and POSTs together.
pub const DATA_MAX: usize = 3;

/// One model to check.
#[derive(Debug, Clone)]
pub struct Config {
    /// The number of writes to each pack, one element for each pack. All packs are of one tenant.
    pub writes: Vec<u8>,
    /// The number of repeated deliveries of the stream, each at any later time.
    pub redeliveries: u8,
    /// The number of DELETE requests.
    pub deletes: u8,
    /// The number of POST requests, of one pack each. One of several packs is as many, which crash between two of them:
    /// it writes one row after another.
    pub posts: u8,
    /// The most purge runs that are alive at once. There may be more of them, one after the other.
    pub purge_runs: usize,
    /// The number of crashes of a purge run or a DELETE between two steps. A call that fails, whose response is lost,
    /// or the end of the purge run's time ends it likewise.
    pub crashes: u8,
    /// The number of purge runs that are paused until their lease expires.
    pub stalls: u8,
    /// The number of wake-ups that fail at one of their calls, and of invocations that Lambda loses.
    pub lost_wake_ups: u8,
    /// The start of purge runs.
    pub starts: Starts,
    /// The most unsettled rows with which a row gets an early purge.
    pub early_purge_targets_max: usize,
    /// The owner of the variants bucket.
    pub bucket: VariantsBucket,
    /// The durations.
    pub timing: Timing,
    /// The rule that is broken.
    pub mutation: Option<Mutation>,
}

/// The start of purge runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// By wake-ups, and by the schedule.
    WakeUpsAndSchedule,
    /// By the schedule alone (`purge.wake = false`).
    Schedule,
}

/// The owner of the variants bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariantsBucket {
    /// This system: the key of a variant contains its fingerprint. Variants are deleted after the final purge, except
    /// for a DELETE.
    Own,
    /// Another program, which knows no fingerprints and no `answer_max`. Variants are deleted before each purge.
    Existing,
}

/// Durations, in time units of the model's clock. What happens within a time unit happens in any order, so a time unit is also what
/// the clocks of two instances differ by: a delay is one time unit longer than the durations that it covers.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the read of the pack until the cacheable response that rests on it has left image-processing. With an
    /// existing bucket, the time limit of the program that fills it.
    pub answer_max: u8,
    /// From when a response has left image-processing until an edge location has stored it.
    pub edge_fetch_max: u8,
}

/// An activity may go on in the time unit after the one that it began in.
pub const TIMING: Timing = Timing { answer_max: 1, edge_fetch_max: 1 };

/// The time that a response may take where `answer_max` is not enforced, on top of it.
const LATE: u8 = 2;

/// The difference of two clocks.
const MARGIN: u8 = 1;

impl Config {
    /// One pack that is written once, in a bucket of this system. Purge runs neither crash nor overlap, and each
    /// wake-up succeeds.
    #[must_use]
    pub fn one_write() -> Self {
        Self {
            writes: vec![1],
            redeliveries: 0,
            deletes: 0,
            posts: 0,
            purge_runs: 1,
            crashes: 0,
            stalls: 0,
            lost_wake_ups: 0,
            starts: Starts::WakeUpsAndSchedule,
            early_purge_targets_max: PACKS_MAX,
            bucket: VariantsBucket::Own,
            timing: TIMING,
            mutation: None,
        }
    }

    /// The same with a rule broken.
    #[must_use]
    pub fn with(self, mutation: Mutation) -> Self {
        Self { mutation: Some(mutation), ..self }
    }

    /// Whether this rule is broken.
    #[must_use]
    pub fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The time in which a response that may be cached leaves image-processing.
    #[must_use]
    pub fn answer_max(&self) -> u8 {
        self.timing.answer_max + if self.has(Mutation::AnswerMaxNotEnforced) { LATE } else { 0 }
    }

    /// The settle delay: the time from a change until no edge location stores anything old any more.
    #[must_use]
    pub fn settle_delay(&self) -> u8 {
        let Timing { answer_max, edge_fetch_max } = self.timing;
        match self.mutation {
            Some(Mutation::SettleDelayWithoutAnswerMax) => edge_fetch_max + MARGIN,
            Some(Mutation::SettleDelayWithoutEdgeFetchMax) => answer_max + MARGIN,
            Some(Mutation::SettleDelayWithoutMargin) => answer_max + edge_fetch_max,
            _ => answer_max + edge_fetch_max + MARGIN,
        }
    }

    /// The time between a deletion that comes first and the final purge: the deleted variants have to settle, too.
    #[must_use]
    pub fn delay_after_deletion(&self) -> u8 {
        match self.mutation {
            Some(Mutation::NoDelayAfterDeletion) => 0,
            Some(Mutation::EdgeFetchMaxAfterDeletion) => self.timing.edge_fetch_max + MARGIN,
            _ => self.settle_delay(),
        }
    }

    /// Whether a POST joins the purge of `row`: an admin has requested it, and its final purge begins later, by any clock.
    #[must_use]
    pub fn joins(&self, row: &Row) -> bool {
        let is_to_begin = row.settles_in > MARGIN || self.has(Mutation::PostJoinsWhatHasBegun);
        row.is_manual && row.done != Done::Final && is_to_begin
    }

    /// The bounds in words.
    #[must_use]
    pub fn bounds(&self) -> String {
        let Self { redeliveries, deletes, posts, purge_runs, crashes, stalls, lost_wake_ups, .. } = self;
        let writes: Vec<_> = self.writes.iter().map(u8::to_string).collect();
        let starts = match self.starts {
            Starts::WakeUpsAndSchedule => "wake-ups and the schedule",
            Starts::Schedule => "the schedule",
        };
        let bucket = match self.bucket {
            VariantsBucket::Own => "own",
            VariantsBucket::Existing => "existing",
        };
        format!(
            "writes by pack: {}; redeliveries: {redeliveries}; DELETEs: {deletes}; POSTs: {posts}; purge runs at once: \
             {purge_runs}, started by {starts}; crashes: {crashes}; leases that expire under a purge run: {stalls}; wake-ups that fail: \
             {lost_wake_ups}; most unsettled rows with early purges: {}; bucket: {bucket}",
            writes.join("+"),
            self.early_purge_targets_max,
        )
    }
}
