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
    /// Plays the scenario, the forbidden calls and the requests of the OpenAPI document (not in multi-tenant mode); with
    /// options, further parts after them.
    Play {
        /// Then tests the consoles in Chromium, which `make setup-browser` installs.
        #[arg(long)]
        browser: bool,
        /// Then runs commands of the documents (not in multi-tenant mode), verifies the deployment and defects of it, purges,
        /// and adds and removes a tenant, with `imagecache`.
        #[arg(long)]
        operations: bool,
        /// In multi-tenant mode.
        #[arg(long)]
        multi_tenant: bool,
    },
    /// Verifies the deployment and defects of it, purges, and adds and removes a tenant, with `imagecache`.
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
        /// Then deploys the pipeline against an existing installation.
        #[arg(long)]
        existing: bool,
    },
    /// Brings the cause of each alarm about.
    Alarms,
    /// Follows purges by their events, and finds images that were requested in advance.
    Events,
    /// Sends the requests that are generated from the OpenAPI document.
    Api,
    /// Deploys the pipeline against an existing installation.
    Existing,
    /// Tests the consoles in Chromium.
    Browse,
}

/// The subscriber of the alarms. With one, the alarm on CloudFront's errors is deployed, too.
const OPERATOR: &str = "operators@example.com";

impl Command {
    /// The name of the run, and of its folder in `target`.
    fn run_name(self) -> &'static str {
        match self {
            Self::Play { multi_tenant: false, .. } => "run",
            Self::Play { multi_tenant: true, .. } => "run-multi-tenant",
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
            Command::Play { multi_tenant: true, .. } | Command::Operations { multi_tenant: true } => {
                vec![("viewer.mode", Some("multi-tenant".into()))]
            }
            // Each of them has an alarm of its own.
            Command::Alarms => {
                vec![("alarms.emails", Some(vec![OPERATOR].into())), ("events.purge_completed", Some(true.into()))]
            }
            Command::Events => events::overrides(),
            _ => Vec::new(),
        };
        let cloud = LocalCloud::start_with(checkout, run_dir, report, further).await?;
        match command {
            Command::Play { browser, operations, multi_tenant } => {
                let timeline = timeline.insert(Timeline::begin());
                scenario::play(&cloud, checkout, run_dir.path(), report, timeline).await?;
                permissions::play(&cloud, checkout, report).await?;
                // The document says nothing of distributions.
                if !multi_tenant {
                    api_document::play(&cloud, checkout, run_dir.path(), report).await?;
                }
                // The scenario leaves the pipeline without wake-ups, so that the console can show what waits.
                if browser {
                    play_consoles(&cloud, checkout, run_dir, report).await?;
                }
                if operations {
                    deploy_wake(&cloud, checkout, run_dir, report, true).await?;
                    if !multi_tenant {
                        documents::play(&cloud, checkout, run_dir.path(), report).await?;
                    }
                    play_operations(&cloud, checkout, run_dir, report).await?;
                }
                Ok(())
            }
            Command::Operations { .. } => play_operations(&cloud, checkout, run_dir, report).await,
            Command::Documents => documents::play(&cloud, checkout, run_dir.path(), report).await,
            Command::Troubleshooting => troubleshooting::play(&cloud, checkout, report).await,
            Command::Faults { entries, existing } => {
                faults::play(&cloud, checkout, run_dir.path(), entries, report).await?;
                if existing {
                    existing_installation::play(&cloud, checkout, run_dir.path(), report).await?;
                }
                Ok(())
            }
            Command::Alarms => {
                deploy_wake(&cloud, checkout, run_dir, report, false).await?;
                faults::play_alarms(&cloud, report).await
            }
            Command::Events => events::play(&cloud, report).await,
            Command::Api => api_document::play(&cloud, checkout, run_dir.path(), report).await,
            Command::Existing => existing_installation::play(&cloud, checkout, run_dir.path(), report).await,
            Command::Browse => {
                deploy_wake(&cloud, checkout, run_dir, report, false).await?;
                play_consoles(&cloud, checkout, run_dir, report).await
            }
        }
    })
    .await
}

/// Tests the consoles of editors and operators in Chromium.
async fn play_consoles(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &RunDir,
    report: &Report,
) -> Result<(), StepError> {
    browser::play(cloud, run_dir.path(), report).await?;
    operators_console::play(cloud, checkout, run_dir.path(), report).await
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

/// Deploys the pipeline with or without wake-ups.
async fn deploy_wake(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &RunDir,
    report: &Report,
    wake: bool,
) -> Result<(), StepError> {
    let name =
        if wake { "the pipeline is deployed with wake-ups" } else { "the pipeline is deployed without wake-ups" };
    let cdk = cloud.parts.cdk(checkout, run_dir.path());
    report.check(name, cloud.deploy_wake(&cdk, wake, |line| report.progress.note(line))).await
}
