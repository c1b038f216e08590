//! The machine on which a benchmark runs.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::available_parallelism;

use crate::error::BenchError;
use crate::python::succeed;

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

/// Runs this program, and those that it starts from now on, on the first processor only.
pub(crate) fn pin_to_one_processor() -> Result<(), BenchError> {
    pin_to("0")
}

/// Ends [`pin_to_one_processor`].
pub(crate) fn unpin() -> Result<(), BenchError> {
    let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    pin_to(online.trim())
}

/// `taskset` is a part of util-linux.
fn pin_to(processors: &str) -> Result<(), BenchError> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--pid", "--cpu-list", processors, &std::process::id().to_string()]);
    succeed(taskset.stdout(Stdio::null()))
}
