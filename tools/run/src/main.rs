//! `make run` and `make dev`.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Parser;
use run::checkout::Checkout;
use run::console::browser;
use run::local_cloud::LocalCloud;
use run::report::{Cause, Report, StepFailed, Summary, with_causes};
use run::run_dir::RunDir;
use run::timeline::Timeline;
use run::{existing_installation, faults, invitation, permissions, scenario};
use tokio::signal::unix::{SignalKind, signal};

/// What is going on when everything is about to end.
const CLEANING_UP: &str = "cleaning up";

/// Starts the whole system on this machine. Needs no AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parser)]
enum Command {
    /// Deploys everything, plays the scenario, cleans up. Succeeds only if every step held.
    Play {
        /// Then deploys the pipeline against what another stack made, and plays that too.
        #[arg(long)]
        existing: bool,
        /// Plays with the console in Chromium too, which `make setup` installs.
        #[arg(long)]
        browser: bool,
        /// Then lets things go wrong, with as many entries in the queue as `faults` has by default.
        #[arg(long)]
        faults: bool,
    },
    /// Deploys everything, lets things go wrong, cleans up. Succeeds only if nothing was lost.
    Faults {
        /// How many entries fill the queue.
        #[arg(long, default_value_t = faults::ENTRIES)]
        entries: usize,
    },
    /// Deploys everything and then the pipeline against what another stack made, plays that, cleans up.
    Existing,
    /// Deploys everything, plays with the console in Chromium, cleans up.
    Browse,
    /// Deploys everything and leaves it up until Ctrl-C.
    Dev,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(Summary { ok: true, .. }) => ExitCode::SUCCESS,
        // What did not hold has been told.
        Ok(_) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("error: {}", with_causes(&*cause));
            ExitCode::FAILURE
        }
    }
}

/// Runs `command` until it ends or is interrupted.
async fn run(command: Command) -> Result<Summary, Cause> {
    let checkout = Checkout::find(&std::env::current_dir()?)?;
    let run_dir = RunDir::take(&checkout)?;
    let report = Report::default();
    let timeline = OnceLock::new();

    // However this ends, the first future is dropped with everything that it started: that is the clean-up.
    tokio::select! {
        _ = carry_out(command, &checkout, &run_dir, &report, &timeline) => {}
        name = interruption(&report) => report.interrupt(name?),
    }

    let summary = report.summary();
    let path = run_dir.path().join("summary.json");
    summary.write(&path)?;
    if command != Command::Dev {
        tell(&summary, timeline.get(), path.strip_prefix(checkout.root()).unwrap_or(&path));
    }
    Ok(summary)
}

/// A step that does not hold ends this early; the report has it.
async fn carry_out(
    command: Command,
    checkout: &Checkout,
    run_dir: &RunDir,
    report: &Report,
    timeline: &OnceLock<Timeline>,
) -> Result<(), StepFailed> {
    let cloud = LocalCloud::start(checkout, run_dir, report).await?;
    match command {
        Command::Play { existing, browser, faults } => {
            let played = async {
                scenario::play(&cloud, checkout, report, timeline.get_or_init(Timeline::begin)).await?;
                permissions::play(&cloud, checkout, report).await?;
                if browser {
                    browser::play(&cloud, run_dir.path(), report).await?;
                }
                if faults {
                    faults::play(&cloud, checkout, faults::ENTRIES, report).await?;
                }
                if existing {
                    existing_installation::play(&cloud, checkout, run_dir.path(), report).await?;
                }
                Ok(())
            };
            let played = played.await;
            report.progress.begin(CLEANING_UP);
            played
        }
        Command::Faults { entries } => {
            let played = faults::play(&cloud, checkout, entries, report).await;
            report.progress.begin(CLEANING_UP);
            played
        }
        Command::Existing => {
            let played = existing_installation::play(&cloud, checkout, run_dir.path(), report).await;
            report.progress.begin(CLEANING_UP);
            played
        }
        Command::Browse => {
            let played = browser::play(&cloud, run_dir.path(), report).await;
            report.progress.begin(CLEANING_UP);
            played
        }
        Command::Dev => {
            let invite = async { Ok((invitation::prepare(&cloud).await?, String::new())) };
            let (_console, text) =
                report.step("the first pictures are uploaded, the console is served", invite).await?;
            report.progress.print(&text);
            report.progress.begin("up; Ctrl-C ends everything");
            std::future::pending().await
        }
    }
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

fn tell(summary: &Summary, timeline: Option<&Timeline>, path: &Path) {
    if let Some(timeline) = timeline {
        println!("\nWhat happened, in milliseconds since the deployment:\n\n{timeline}");
    }
    let held = summary.steps.iter().filter(|step| step.ok).count();
    let verdict = if summary.ok { "Every step held" } else { "NOT every step held" };
    println!("{verdict}: {held} of {} played. Details: {}", summary.steps.len(), path.display());
}
