//! One run of the local deployment: from the first step to the clean-up and the summary.

use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::cause::{Cause, with_causes};
use crate::checkout::Checkout;
use crate::report::{Report, StepError, Summary};
use crate::run_dir::RunDir;
use crate::timeline::Timeline;

const CLEANING_UP: &str = "cleaning up";

/// Runs `work` as the run `name` until it ends or is interrupted, writes `summary.json`, and prints the verdict after the
/// timeline, if `work` has begun one. Runs of different names can be made at the same time.
///
/// The future of `work` is dropped with everything that it started: that is the clean-up.
pub async fn run(
    name: &str,
    work: impl AsyncFnOnce(&Checkout, &RunDir, &Report, &mut Option<Timeline>) -> Result<(), StepError>,
) -> ExitCode {
    let mut timeline = None;
    match summary_of(name, work, &mut timeline).await {
        Ok(summary) => {
            if let Some(timeline) = timeline {
                println!("\nTimeline, in milliseconds since the deployment:\n\n{timeline}");
            }
            println!("{}", summary.verdict(name));
            if summary.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(cause) => {
            eprintln!("error: {}", with_causes(&*cause));
            ExitCode::FAILURE
        }
    }
}

async fn summary_of(
    name: &str,
    work: impl AsyncFnOnce(&Checkout, &RunDir, &Report, &mut Option<Timeline>) -> Result<(), StepError>,
    timeline: &mut Option<Timeline>,
) -> Result<Summary, Cause> {
    let checkout = Checkout::find(&std::env::current_dir()?)?;
    let run_dir = RunDir::take(&checkout, name)?;
    let report = Report::of(name);
    tokio::select! {
        // The report has the step that failed.
        _ = async {
            let result = work(&checkout, &run_dir, &report, timeline).await;
            report.progress.begin(CLEANING_UP);
            result
        } => {}
        signal = interruption(&report) => report.interrupt(signal?),
    }
    let summary = report.summary();
    summary.write(&run_dir.path().join("summary.json"))?;
    Ok(summary)
}

/// Waits for SIGTERM or Ctrl-C and returns its name.
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
