//! Many seeds, played in parallel, and their outcomes together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::checker::Violation;
use crate::episode::{Outcome, play};
use crate::fault::Fault;
use crate::situation::Situation;

/// The outcomes of many seeds together.
#[derive(Debug, Default)]
pub struct Sum {
    /// The number of seeds.
    pub seeds: u64,
    /// The number of events.
    pub steps: u64,
    /// The number of responses that were checked.
    pub responses: u64,
    /// The number of invalidations that CloudFront accepted.
    pub invalidations: u64,
    /// The number of injected faults, by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// The situations of purges of many that occurred, by kind.
    pub situations: BTreeMap<Situation, u64>,
    /// The violations, each with its seed and the way in which it came about.
    pub violations: BTreeMap<(u64, Violation), String>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.responses += outcome.responses;
        self.invalidations += outcome.invalidations;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for (situation, count) in outcome.situations {
            *self.situations.entry(situation).or_default() += count;
        }
        self.violations.extend(outcome.violations.into_iter().map(|(violation, how)| ((seed, violation), how)));
    }

    /// The kinds of faults and the situations that never occurred: these seeds show nothing about them.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let faults = Fault::ALL.iter().filter(|kind| !self.faults.contains_key(kind)).map(|kind| kind.name());
        let situations = Situation::ALL.iter().filter(|kind| !self.situations.contains_key(kind));
        faults.chain(situations.map(|kind| kind.name())).collect()
    }

    /// One line for each violation, and one with the command that replays its seed.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let violations = self.violations.iter().map(|((seed, violation), how)| {
            format!("seed {seed}: violation ({violation:?}): {how}\n  Replay it with: make simulate SEED={seed}")
        });
        violations.collect()
    }
}

/// Plays `seeds` with as many threads as there are cores. `on_seed` is called after each one with the sum so far.
pub fn play_all(seeds: Range<u64>, on_seed: impl Fn(&Sum) + Sync) -> Sum {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = play(seed, None);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.add(seed, outcome);
                    on_seed(&sum);
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}
