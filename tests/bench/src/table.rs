//! Measures the candidates for one task alternately and prints them as a table.

use std::time::{Duration, Instant};

/// The number of runs of each candidate. The first run is a warm-up.
const ROUNDS: usize = 12;

/// A candidate for a task. Running it returns the number of bytes of its result.
pub struct Candidate<'a> {
    pub name: &'a str,
    pub run: Box<dyn FnMut() -> usize + 'a>,
}

impl<'a> Candidate<'a> {
    pub fn new(name: &'a str, run: impl FnMut() -> usize + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Runs the candidates alternately, so that load of the machine affects all of them, and prints a table. The ratio is
/// that of the medians to the first candidate's.
pub fn compare(task: &str, mut candidates: Vec<Candidate<'_>>) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); candidates.len()];
    let mut bytes = vec![0; candidates.len()];
    for round in 0..ROUNDS {
        for (index, candidate) in candidates.iter_mut().enumerate() {
            let start = Instant::now();
            bytes[index] = std::hint::black_box((candidate.run)());
            if round > 0 {
                times[index].push(start.elapsed());
            }
        }
    }
    println!("\n{task}\n  {:<34} {:>9} {:>9} {:>7} {:>11}", "", "min ms", "median ms", "ratio", "bytes");
    times.iter_mut().for_each(|times| times.sort());
    let first = median(&times[0]);
    for ((candidate, times), bytes) in candidates.iter().zip(&times).zip(bytes) {
        let (min, median) = (times[0].as_secs_f64() * 1e3, median(times));
        println!("  {:<34} {min:>9.1} {median:>9.1} {:>7.2} {bytes:>11}", candidate.name, median / first);
    }
}

fn median(sorted: &[Duration]) -> f64 {
    sorted[sorted.len() / 2].as_secs_f64() * 1e3
}
