//! The end-to-end tests: the whole system deployed on this machine, and played with.

mod browser;
mod existing_installation;
mod faults;
mod figures;
mod function;
mod logs;
mod permissions;
mod scenario;

use std::process::ExitCode;

use clap::Parser;
use local_cloud::LocalCloud;
use local_cloud::session;
use local_cloud::timeline::Timeline;

/// Deploys the whole system on this machine and tests it. Needs no AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parser)]
enum Command {
    /// Plays the scenario and the forbidden calls; with options, further parts after them.
    Play {
        /// Then tests the console in Chromium, which `make setup-browser` installs.
        #[arg(long)]
        browser: bool,
        /// Then injects faults, with the default number of queue entries.
        #[arg(long)]
        faults: bool,
        /// Then deploys the pipeline against an existing installation.
        #[arg(long)]
        existing: bool,
    },
    /// Injects faults.
    Faults {
        /// The number of entries that fill the queue.
        #[arg(long, default_value_t = faults::ENTRIES)]
        entries: usize,
    },
    /// Deploys the pipeline against an existing installation.
    Existing,
    /// Tests the console in Chromium.
    Browse,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    session::run(async |checkout, run_dir, report, timeline| {
        let cloud = LocalCloud::start(checkout, run_dir, report).await?;
        match command {
            Command::Play { browser, faults, existing } => {
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
    .await
}
