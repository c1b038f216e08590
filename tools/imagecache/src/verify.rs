//! `imagecache verify`: checks a deployment by what it does.

pub(crate) mod check;
pub(crate) mod origin;
mod probe;
mod purge;
pub(crate) mod verification;

use domain::TenantId;
use futures_util::StreamExt;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::print_error;
use crate::progress::progress;
use crate::session::Session;
use verification::Verification;

/// Checks a deployment by what it does, and removes what it wrote.
///
/// Use it after each deployment. It checks that the alarms' topic has subscribers, the schedule and the stream's mapping
/// are enabled, each tenant's distribution reads the cache-tag header that image-processing sends, an image carries its
/// tags, and an edit turns a viewer's Hit into the new image while another image stays a Hit. It prints one line for each
/// check; the exit code is 1 if one of them failed. The purges of a tenant cost about six invalidation items.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Limits the tenants to this one; may be repeated.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: Vec<TenantId>,
    /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    viewer_endpoint: Option<String>,
}

/// Prints each check when its tenant is verified.
pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let Args { tenant: tenants, viewer_endpoint } = args;
    let verification = Verification::new(session, viewer_endpoint);
    let progress = progress("{spinner} {pos} checks");
    let (mut held, mut failed) = (0_u64, 0_u64);
    let mut checks = std::pin::pin!(verification.run(&tenants).await?);
    while let Some(checks) = checks.next().await {
        for check in checks {
            if check.action.is_none() {
                held += 1;
            } else {
                failed += 1;
            }
            progress.suspend(|| session.output.print(&check, &check))?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    print_error(format_args!("{held} checks hold, {failed} failed."));
    Ok(if failed == 0 { Exit::Done } else { Exit::Remains })
}
