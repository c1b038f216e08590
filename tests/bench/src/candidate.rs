//! Measures the candidates for one task alternately.

use std::time::{Duration, Instant};

use crate::section::{Cell, Table};

/// The number of runs of each candidate. The first run is a warm-up.
const ROUNDS: usize = 12;

/// A candidate for a task. Running it returns the number of bytes of its result.
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'a str,
    pub(crate) run: Box<dyn FnMut() -> usize + 'a>,
}

impl<'a> Candidate<'a> {
    pub(crate) fn new(name: &'a str, run: impl FnMut() -> usize + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Runs the candidates alternately, so that load of the machine affects all of them, and returns a table. The ratio
/// is that of the medians to the first candidate's.
pub(crate) fn compare(task: &str, mut candidates: Vec<Candidate<'_>>) -> Table {
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
    for times in &mut times {
        times.sort();
    }
    let first = median(&times[0]);
    let mut table = Table::new(task, ["min ms", "median ms", "ratio", "bytes"]);
    for ((candidate, times), bytes) in candidates.iter().zip(&times).zip(bytes) {
        let (min, median) = (times[0].as_secs_f64() * 1e3, median(times));
        let ratio = Cell::number(median / first, 2);
        table.push(
            candidate.name,
            [Cell::number(min, 1), Cell::number(median, 1), ratio, Cell::number(bytes as f64, 0)],
        );
    }
    table
}

fn median(sorted: &[Duration]) -> f64 {
    sorted[sorted.len() / 2].as_secs_f64() * 1e3
}
