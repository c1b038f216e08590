//! `make simulate SEED=n` replays one seed and prints all that happened; `make simulate SEEDS=n` plays n seeds from a
//! random base on, and prints those that have a violation.

use std::hash::{BuildHasher, RandomState};
use std::io::IsTerminal;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use simulation::{Fault, Situation, Sum, play_all, replay};

/// The number of seeds between two lines of progress where no terminal shows a bar.
const SEEDS_PER_LINE: u64 = 10_000;

/// The least number of seeds that must have every kind of fault and every situation.
const SEEDS_WITH_EVERY_FAULT: u64 = 5_000;

const USAGE: &str = "\
Say which seed, or how many:
  make simulate SEED=4711              replays one seed and prints all that happened
  make simulate SEEDS=1000000          plays that many seeds from a random base on
  make simulate SEEDS=1000000 BASE=7   plays the same seeds again";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match arguments.as_slice() {
        [seed] if number(seed).is_some() => replay_one(number(seed).unwrap_or_default()),
        ["--seeds", count] if number(count).is_some() => {
            // A number of ten digits at most, so that it is easy to type again.
            play_many(RandomState::new().hash_one("base") >> 32, number(count).unwrap_or_default())
        }
        ["--seeds", count, "--base", base] if number(count).and(number(base)).is_some() => {
            play_many(number(base).unwrap_or_default(), number(count).unwrap_or_default())
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

/// Replays one seed.
fn replay_one(seed: u64) -> ExitCode {
    let outcome = replay(seed, None);
    for line in &outcome.lines {
        println!("{line}");
    }
    println!();
    let faults: Vec<_> = outcome.faults.iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    println!("{} steps, {} responses, faults: {}", outcome.steps, outcome.responses, faults.join(", "));
    if outcome.violations.is_empty() {
        println!("Seed {seed}: no violation.");
        return ExitCode::SUCCESS;
    }
    for (violation, how) in outcome.violations {
        println!("Seed {seed}: violation ({violation:?}): {how}");
    }
    ExitCode::FAILURE
}

/// Plays `count` seeds from `base` on.
fn play_many(base: u64, count: u64) -> ExitCode {
    println!("Playing {count} seeds from base {base} on. The same again: make simulate SEEDS={count} BASE={base}");
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    let template = "{bar:40} {pos} of {len} seeds, {per_sec}, {eta} left; {msg}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let is_terminal = std::io::stderr().is_terminal();
    let sum = play_all(base..base.saturating_add(count), |sum| {
        bar.set_position(sum.seeds);
        bar.set_message(format!("{} violations", sum.violations.len()));
        if !is_terminal && sum.seeds.is_multiple_of(SEEDS_PER_LINE) {
            println!("{} of {count} seeds, {} violations", sum.seeds, sum.violations.len());
        }
    });
    bar.finish_and_clear();
    report(&sum, base)
}

/// Prints the outcome of many seeds.
fn report(sum: &Sum, base: u64) -> ExitCode {
    for failure in sum.failures() {
        println!("{failure}");
    }
    println!("{} seeds from base {base} on, {} steps, {} responses", sum.seeds, sum.steps, sum.responses);
    for kind in Fault::ALL {
        println!("{:>12} {}", sum.faults.get(kind).copied().unwrap_or_default(), kind.name());
    }
    for kind in Situation::ALL {
        println!("{:>12} {}", sum.situations.get(kind).copied().unwrap_or_default(), kind.name());
    }
    let missing = sum.missing();
    if sum.seeds >= SEEDS_WITH_EVERY_FAULT && !missing.is_empty() {
        println!("These faults and situations never occurred: {}", missing.join(", "));
        return ExitCode::FAILURE;
    }
    println!("{} violations.", sum.violations.len());
    if sum.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
