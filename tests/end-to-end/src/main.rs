//! The end-to-end tests: everything deployed on this machine.

use std::process::ExitCode;

use clap::Parser;
use end_to_end::{browser, existing_installation, faults, permissions, scenario};
use local_cloud::LocalCloud;
use local_cloud::report::{Summary, with_causes};
use local_cloud::session;
use local_cloud::timeline::Timeline;

/// Deploys the whole system on this machine and tests it. Needs no AWS account.
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
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    let mut timeline = None;
    let played = session::run(async |checkout, run_dir, report| {
        let cloud = LocalCloud::start(checkout, run_dir, report).await?;
        match command {
            Command::Play { existing, browser, faults } => {
                let timeline = timeline.insert(Timeline::begin());
                scenario::play(&cloud, checkout, report, timeline).await?;
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
            }
            Command::Faults { entries } => faults::play(&cloud, checkout, entries, report).await,
            Command::Existing => existing_installation::play(&cloud, checkout, run_dir.path(), report).await,
            Command::Browse => browser::play(&cloud, run_dir.path(), report).await,
        }
    })
    .await;
    match played {
        Ok(summary) => {
            if let Some(timeline) = timeline {
                println!("\nWhat happened, in milliseconds since the deployment:\n\n{timeline}");
            }
            println!("{}", session::verdict(&summary));
            if matches!(summary, Summary { ok: true, .. }) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(cause) => {
            eprintln!("error: {}", with_causes(&*cause));
            ExitCode::FAILURE
        }
    }
}
