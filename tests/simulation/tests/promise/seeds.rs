//! Thousands of seeds, each with a world, a storm and a calm of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::json;
use simulation::{Breach, Outcome, play};

/// How many seeds are played.
const SEEDS: u64 = 10_000;

/// What came of all seeds together.
#[derive(Default)]
struct Sum {
    steps: u64,
    answers: u64,
    invalidations: u64,
    faults: BTreeMap<&'static str, u64>,
    /// The seeds that broke the promise, and how.
    breaches: BTreeMap<(u64, Breach), String>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.steps += outcome.steps;
        self.answers += outcome.answers;
        self.invalidations += outcome.invalidations;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.breaches.extend(outcome.breaches.into_iter().map(|(breach, how)| ((seed, breach), how)));
    }

    fn count(&self, breach: Breach) -> usize {
        self.breaches.keys().filter(|(_, of_seed)| *of_seed == breach).count()
    }

    /// Keeps the figures where the end of `make test` prints them.
    fn write_figures(&self) {
        let figures = json!({
            "seeds": SEEDS,
            "steps": self.steps,
            "answers": self.answers,
            "invalidations": self.invalidations,
            "faults": self.faults,
            "stale": self.count(Breach::Stale),
            "lost": self.count(Breach::Lost),
            "billedTwice": self.count(Breach::BilledTwice),
            "foreign": self.count(Breach::Foreign),
            "wrongDeadLetters": self.count(Breach::DeadLetter),
            "panics": self.count(Breach::Panic),
        });
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("simulation.json"), figures.to_string()).unwrap();
        println!("{figures:#}");
    }
}

#[test]
fn ten_thousand_seeds_keep_the_promise() {
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
    sum.write_figures();
    let broken = sum.breaches.iter().take(20).map(|((seed, breach), how)| {
        format!("seed {seed} breaks the promise ({breach:?}): {how}\n  Replay it with: make simulate SEED={seed}")
    });
    let broken: Vec<_> = broken.collect();
    assert!(broken.is_empty(), "{} of {SEEDS} seeds:\n{}", sum.breaches.len(), broken.join("\n"));
}

#[test]
fn a_seed_that_is_played_again_does_the_same_again() {
    for seed in 0..20 {
        let (first, second) = (play(seed, None), play(seed, None));
        assert_eq!((first.fingerprint, first.steps), (second.fingerprint, second.steps), "seed {seed}");
    }
}
