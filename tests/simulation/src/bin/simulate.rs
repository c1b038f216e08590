//! `make simulate SEED=n`: replays one seed and prints all that happened.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(seed) = std::env::args().nth(1).and_then(|seed| seed.parse().ok()) else {
        eprintln!("Say which seed, a number: make simulate SEED=4711");
        return ExitCode::FAILURE;
    };
    let outcome = simulation::replay(seed, None);
    for line in &outcome.lines {
        println!("{line}");
    }
    println!();
    println!("{} steps, {} responses, faults: {:?}", outcome.steps, outcome.responses, outcome.faults);
    if outcome.violations.is_empty() {
        println!("Seed {seed}: no violation.");
        return ExitCode::SUCCESS;
    }
    for (violation, how) in outcome.violations {
        println!("Seed {seed}: violation ({violation:?}): {how}");
    }
    ExitCode::FAILURE
}
