//! One run of the local deployment: from the first step to the clean-up and the summary.

use std::io;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::checkout::Checkout;
use crate::report::{Cause, Report, StepFailed, Summary};
use crate::run_dir::RunDir;

/// Shown while everything ends.
const CLEANING_UP: &str = "cleaning up";

/// Runs `work` until it ends or is interrupted, and writes `summary.json`.
///
/// However it ends, the future of `work` is dropped with everything that it started: that is the clean-up.
pub async fn run(
    work: impl AsyncFnOnce(&Checkout, &RunDir, &Report) -> Result<(), StepFailed>,
) -> Result<Summary, Cause> {
    let checkout = Checkout::find(&std::env::current_dir()?)?;
    let run_dir = RunDir::take(&checkout)?;
    let report = Report::default();
    tokio::select! {
        // The report has the step that failed.
        _ = async {
            let done = work(&checkout, &run_dir, &report).await;
            report.progress.begin(CLEANING_UP);
            done
        } => {}
        name = interruption(&report) => report.interrupt(name?),
    }
    let summary = report.summary();
    summary.write(&summary_path(&run_dir))?;
    Ok(summary)
}

/// The verdict on a run, for a terminal.
#[must_use]
pub fn verdict(summary: &Summary) -> String {
    let held = summary.steps.iter().filter(|step| step.ok).count();
    let verdict = if summary.ok { "Every step held" } else { "NOT every step held" };
    format!("{verdict}: {held} of {} played. Details: target/run/summary.json", summary.steps.len())
}

fn summary_path(run_dir: &RunDir) -> std::path::PathBuf {
    Path::new(run_dir.path()).join("summary.json")
}

/// Waits until the user or the system wants this program to end, and names how.
async fn interruption(report: &Report) -> io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "Ctrl-C",
    };
    report.progress.begin(CLEANING_UP);
    Ok(name)
}
