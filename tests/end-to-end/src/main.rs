//! The end-to-end tests: the whole system deployed on this machine, and played with.

mod api_document;
mod browser;
mod commands;
mod defects;
mod documents;
mod events;
mod existing_installation;
mod faults;
mod figures;
mod function;
mod imagecache;
mod logs;
mod operators_console;
mod permissions;
mod removal;
mod scenario;
mod switches;
mod troubleshooting;
mod verification;

use std::process::ExitCode;

use clap::Parser;
use local_cloud::LocalCloud;
use local_cloud::checkout::Checkout;
use local_cloud::report::{Report, StepError};
use local_cloud::run_dir::RunDir;
use local_cloud::session;
use local_cloud::timeline::Timeline;

/// Deploys the whole system on this machine and tests it. Needs no AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parser)]
enum Command {
    /// Plays the scenario, the forbidden calls and, not in multi-tenant mode, the requests of the OpenAPI document.
    Scenario {
        /// In multi-tenant mode.
        #[arg(long)]
        multi_tenant: bool,
    },
    /// Verifies the deployment and defects of it, purges, and adds and removes a tenant, with `imagecache`. Not in multi-tenant
    /// mode, runs commands of the documents before.
    Operations {
        /// In multi-tenant mode.
        #[arg(long)]
        multi_tenant: bool,
    },
    /// Runs commands of the documents.
    Documents,
    /// Brings the symptoms of docs/troubleshooting.md about, for which `imagecache` must name cause and fix.
    Troubleshooting,
    /// Injects faults.
    Faults {
        /// The number of entries that fill the queue.
        #[arg(long, default_value_t = faults::ENTRIES)]
        entries: usize,
    },
    /// Brings the cause of each alarm about.
    Alarms,
    /// Follows purges by their events, and finds images that were requested in advance.
    Events,
    /// Sends the requests that are generated from the OpenAPI document.
    Api,
    /// Deploys the pipeline against an existing installation.
    Existing,
    /// Tests the consoles in Chromium, which `make setup-browser` installs.
    Browse,
}

/// The subscriber of the alarms. With one, the alarm on CloudFront's errors is deployed, too.
const OPERATOR: &str = "operators@example.com";

impl Command {
    /// The name of the run, and of its folder in `target`.
    fn run_name(self) -> &'static str {
        match self {
            Self::Scenario { multi_tenant: false } => "run",
            Self::Scenario { multi_tenant: true } => "run-multi-tenant",
            Self::Operations { multi_tenant: false } => "run-operations",
            Self::Operations { multi_tenant: true } => "run-operations-multi-tenant",
            Self::Documents => "run-documents",
            Self::Troubleshooting => "run-troubleshooting",
            Self::Faults { .. } => "run-faults",
            Self::Alarms => "run-alarms",
            Self::Events => "run-events",
            Self::Api => "run-api",
            Self::Existing => "run-existing",
            Self::Browse => "run-browse",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    session::run(command.run_name(), async |checkout, run_dir, report, timeline| {
        let further = match command {
            Command::Scenario { multi_tenant: true } | Command::Operations { multi_tenant: true } => {
                vec![("viewer.mode", Some("multi-tenant".into()))]
            }
            // Each of them has an alarm of its own. No purge run is woken before a step has prepared its alarm.
            Command::Alarms => vec![
                ("alarms.emails", Some(vec![OPERATOR].into())),
                ("events.purge_completed", Some(true.into())),
                ("purge.wake", Some(false.into())),
            ],
            // A woken purge run would purge what a console is to show as waiting.
            Command::Browse => vec![("purge.wake", Some(false.into()))],
            Command::Events => events::overrides(),
            _ => Vec::new(),
        };
        let cloud = LocalCloud::start_with(checkout, run_dir, report, further).await?;
        let played = play(command, &cloud, checkout, run_dir, report, timeline).await;
        if played.is_err() {
            // The logs end with the local AWS, and a rare failure may not occur again.
            let path = run_dir.path().join("functions.log");
            match logs::write(&cloud, &path).await {
                Ok(()) => report.progress.print(&format!("The logs of the functions are in {}.", path.display())),
                Err(cause) => report.progress.print(&format!("The logs of the functions cannot be written: {cause}")),
            }
        }
        played
    })
    .await
}

async fn play(
    command: Command,
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &RunDir,
    report: &Report,
    timeline: &mut Option<Timeline>,
) -> Result<(), StepError> {
    match command {
        Command::Scenario { multi_tenant } => {
            let timeline = timeline.insert(Timeline::begin());
            scenario::play(cloud, checkout, run_dir.path(), report, timeline).await?;
            permissions::play(cloud, checkout, report).await?;
            // The document says nothing of distributions.
            if multi_tenant { Ok(()) } else { api_document::play(cloud, checkout, run_dir.path(), report).await }
        }
        Command::Operations { multi_tenant } => {
            if !multi_tenant {
                documents::play(cloud, checkout, run_dir.path(), report).await?;
            }
            play_operations(cloud, checkout, run_dir, report).await
        }
        Command::Documents => documents::play(cloud, checkout, run_dir.path(), report).await,
        Command::Troubleshooting => troubleshooting::play(cloud, checkout, report).await,
        Command::Faults { entries } => faults::play(cloud, checkout, run_dir.path(), entries, report).await,
        Command::Alarms => faults::play_alarms(cloud, report).await,
        Command::Events => events::play(cloud, report).await,
        Command::Api => api_document::play(cloud, checkout, run_dir.path(), report).await,
        Command::Existing => existing_installation::play(cloud, checkout, run_dir.path(), report).await,
        Command::Browse => {
            browser::play(cloud, run_dir.path(), report).await?;
            operators_console::play(cloud, checkout, run_dir.path(), report).await
        }
    }
}

/// Plays what operators do with `imagecache`.
async fn play_operations(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &RunDir,
    report: &Report,
) -> Result<(), StepError> {
    verification::play(cloud, report).await?;
    commands::play(cloud, run_dir.path(), report).await?;
    removal::play(cloud, checkout, run_dir.path(), report).await
}
