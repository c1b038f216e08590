//! The program behind `make run` and `make dev`: deploys the whole system on this machine, without an AWS account.

mod invitation;
mod tour;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Parser;
use local_cloud::LocalCloud;
use local_cloud::session;
use local_cloud::timeline::Timeline;

/// Deploys the whole system on this machine. Needs no AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parser)]
enum Command {
    /// Plays a tour: an image is replaced, and a purge run brings the new one to viewers: woken within seconds, and then
    /// without wake-ups. Cleans up.
    Run {
        /// Time at which `make run` began, in seconds since 1970: the tour prints how long the first fresh image took.
        #[arg(long, value_name = "SECONDS", value_parser = since_1970)]
        began: Option<SystemTime>,
    },
    /// Serves the consoles of editors and operators, and leaves everything up until Ctrl-C.
    Up,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    session::run("run", async |checkout, run_dir, report, timeline| {
        let cloud = LocalCloud::start(checkout, run_dir, report).await?;
        if let Command::Run { began } = command {
            let cdk = cloud.parts.cdk(checkout, run_dir.path());
            return tour::play(&cloud, &cdk, report, timeline.insert(Timeline::begin()), began).await;
        }
        let invite = async { Ok((invitation::prepare(&cloud, run_dir.path()).await?, String::new())) };
        let (_consoles, text) = report.step("the first images are uploaded, the consoles are served", invite).await?;
        report.progress.print(&text);
        report.progress.begin("up; Ctrl-C ends everything");
        std::future::pending().await
    })
    .await
}

fn since_1970(text: &str) -> Result<SystemTime, std::num::ParseIntError> {
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(text.parse()?))
}
