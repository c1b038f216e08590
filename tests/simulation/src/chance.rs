//! The random choices, all drawn from the seed: durations, and faults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::fault::Fault;

/// By when a call has taken effect, counted from when it was made, in milliseconds; after that it never will. One of the
/// promise's assumptions: settle delay and `edge_fetch_max` together leave that much room.
pub(crate) const EFFECT_MAX_MS: u64 = 2_500;

/// The fate of one call to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It takes effect and its response arrives.
    Good,
    /// Its response arrives after seconds.
    Slow,
    /// It fails and has no effect.
    Rejected,
    /// The service throttles it.
    Throttled,
    /// It takes effect, and its response is lost: the caller sees a failure.
    ResponseLost,
    /// The caller gives up, and it takes effect afterwards.
    Late,
    /// Its first response is lost and the client sends it again: it takes effect twice.
    Repeated,
}

/// The seed's random numbers, and a count of what went wrong by them.
#[derive(Debug)]
pub(crate) struct Chance {
    rng: SmallRng,
    /// The number of failing calls among a thousand. Zero: faults have ended.
    pub(crate) faults_per_mille: u32,
    /// The number of injected faults, by kind.
    pub(crate) faults: BTreeMap<Fault, u64>,
}

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed), faults_per_mille: 0, faults: BTreeMap::new() }
    }

    /// A number in `range`.
    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.rng.random_range(range)
    }

    /// One of `choices`.
    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.random_range(0..choices.len())]
    }

    /// `true` in `per_mille` of a thousand cases.
    pub(crate) fn happens(&mut self, per_mille: u32) -> bool {
        self.rng.random_range(0..1_000) < per_mille
    }

    /// A number that orders events of the same time.
    pub(crate) fn tie(&mut self) -> u32 {
        self.rng.random()
    }

    /// Whether the fault `kind` happens, `weight` times as likely as a failing call.
    pub(crate) fn fault(&mut self, kind: Fault, weight: u32) -> bool {
        let is_due = self.faults_per_mille > 0 && self.happens((self.faults_per_mille * weight).min(900));
        if is_due {
            self.count(kind);
        }
        is_due
    }

    /// Counts a fault.
    pub(crate) fn count(&mut self, kind: Fault) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// The fate of the next call.
    pub(crate) fn fate(&mut self) -> Fate {
        if self.faults_per_mille == 0 || !self.happens(self.faults_per_mille) {
            return Fate::Good;
        }
        let (fate, kind) = *self.one_of(&[
            (Fate::Slow, Fault::SlowCall),
            (Fate::Rejected, Fault::ErrorBeforeEffect),
            (Fate::Throttled, Fault::CallThrottled),
            (Fate::ResponseLost, Fault::ErrorAfterEffect),
            (Fate::Late, Fault::LateEffect),
            (Fate::Repeated, Fault::RepeatedByClient),
        ]);
        self.count(kind);
        fate
    }

    /// The duration of something that usually takes milliseconds.
    pub(crate) fn latency_ms(&mut self) -> u64 {
        if self.happens(30) { self.within(20..=400) } else { self.within(1..=15) }
    }
}
