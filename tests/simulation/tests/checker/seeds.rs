//! Thousands of seeds, each with a world, a storm and a calm of its own.

use std::path::Path;

use serde_json::{Map, Value, json};
use simulation::{Fault, Situation, Sum, Violation, play, play_all};

/// The first of the seeds. They are fixed, so that a failure is one of the change that is tested.
const BASE: u64 = 0;

/// The number of seeds.
const SEEDS: u64 = 10_000;

/// The figures, as the end of `make test` prints them.
fn figures(sum: &Sum) -> Value {
    let faults: Map<_, _> =
        Fault::ALL.iter().map(|kind| (kind.name().to_owned(), json!(sum.faults.get(kind)))).collect();
    let situations: Map<_, _> =
        Situation::ALL.iter().map(|kind| (kind.name().to_owned(), json!(sum.situations.get(kind)))).collect();
    let count = |violation| sum.violations.keys().filter(|(_, of_seed)| *of_seed == violation).count();
    json!({
        "seeds": sum.seeds,
        "base": BASE,
        "steps": sum.steps,
        "responses": sum.responses,
        "invalidations": sum.invalidations,
        "faults": faults,
        "situations": situations,
        "stale": count(Violation::Stale),
        "lost": count(Violation::Lost),
        "billedTwice": count(Violation::BilledTwice),
        "foreign": count(Violation::Foreign),
        "wrongDeadLetters": count(Violation::DeadLetter),
        "panics": count(Violation::Panic),
        "failedRuns": count(Violation::FailedRun),
        "keptBack": count(Violation::KeptBack),
        "slow": count(Violation::Slow),
        "wronglyCharged": count(Violation::Charged),
        "misinformed": count(Violation::Misinformed),
    })
}

#[test]
fn ten_thousand_seeds_have_no_violation_and_every_kind_of_fault() {
    let sum = play_all(BASE..BASE + SEEDS, |_| {});
    let figures = figures(&sum);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("simulation.json"), figures.to_string()).unwrap();
    println!("{figures:#}");
    let failures = sum.failures();
    let shown = &failures[..failures.len().min(20)];
    assert!(failures.is_empty(), "{} of {SEEDS} seeds:\n{}", failures.len(), shown.join("\n"));
    assert_eq!(sum.missing(), Vec::<&str>::new(), "these faults and situations never occurred");
}

#[test]
fn a_seed_that_is_played_again_does_the_same_again() {
    for seed in 0..20 {
        let (first, second) = (play(seed, None), play(seed, None));
        assert_eq!((first.fingerprint, first.steps), (second.fingerprint, second.steps), "seed {seed}");
    }
}
