//! The machine on which a benchmark runs.

use std::fs;
use std::thread::available_parallelism;

/// The load averages of the last 1, 5 and 15 minutes, as Linux prints them.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The conditions of a section, whose run began at the load `before`.
pub(crate) fn conditions(before: &str) -> String {
    let cores = available_parallelism().map_or(1, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let (architecture, now) = (std::env::consts::ARCH, load());
    format!("{cores} cores, {architecture}, {model}; load averages before: {before}, after: {now}")
}
