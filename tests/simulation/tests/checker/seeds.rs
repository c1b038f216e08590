//! Thousands of seeds, each with a world, a storm and a calm of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};
use simulation::{Outcome, Violation, play};

/// The number of seeds.
const SEEDS: u64 = 10_000;

/// The outcomes of all seeds together.
#[derive(Default)]
struct Sum {
    steps: u64,
    responses: u64,
    invalidations: u64,
    faults: BTreeMap<&'static str, u64>,
    /// The seeds with a violation, and how it came about.
    violations: BTreeMap<(u64, Violation), String>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.steps += outcome.steps;
        self.responses += outcome.responses;
        self.invalidations += outcome.invalidations;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.violations.extend(outcome.violations.into_iter().map(|(violation, how)| ((seed, violation), how)));
    }

    fn count(&self, violation: Violation) -> usize {
        self.violations.keys().filter(|(_, of_seed)| *of_seed == violation).count()
    }

    /// The figures, as the end of `make test` prints them.
    fn figures(&self) -> Value {
        json!({
            "seeds": SEEDS,
            "steps": self.steps,
            "responses": self.responses,
            "invalidations": self.invalidations,
            "faults": self.faults,
            "stale": self.count(Violation::Stale),
            "lost": self.count(Violation::Lost),
            "billedTwice": self.count(Violation::BilledTwice),
            "foreign": self.count(Violation::Foreign),
            "wrongDeadLetters": self.count(Violation::DeadLetter),
            "panics": self.count(Violation::Panic),
        })
    }
}

#[test]
fn ten_thousand_seeds_have_no_violation() {
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= SEEDS {
                        return;
                    }
                    let outcome = play(seed, None);
                    sum.lock().unwrap().add(seed, outcome);
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    let figures = sum.figures();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("simulation.json"), figures.to_string()).unwrap();
    println!("{figures:#}");
    let violations = sum.violations.iter().take(20).map(|((seed, violation), how)| {
        format!("seed {seed}: violation ({violation:?}): {how}\n  Replay it with: make simulate SEED={seed}")
    });
    let violations: Vec<_> = violations.collect();
    assert!(violations.is_empty(), "{} of {SEEDS} seeds:\n{}", sum.violations.len(), violations.join("\n"));
}

#[test]
fn a_seed_that_is_played_again_does_the_same_again() {
    for seed in 0..20 {
        let (first, second) = (play(seed, None), play(seed, None));
        assert_eq!((first.fingerprint, first.steps), (second.fingerprint, second.steps), "seed {seed}");
    }
}
