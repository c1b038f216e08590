//! `imagecache doctor`: looks for the causes of stale images in the deployment.

mod examination;
mod findings;

use domain::TenantId;
use futures_util::StreamExt;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::print_error;
use crate::session::Session;
use examination::Examination;

/// Looks for what keeps images stale, and says how to correct it.
///
/// Of the pipeline it checks the subscribers of the alarms, the schedule, the stream's mapping, the cache-tag header of
/// image-processing, dead letters, the age of the queue, and the clock of this machine. Of each tenant it checks that the
/// distribution exists, reads the cache-tag header, serves the tenant's host and has the tag that grants to purge it, that
/// the host leads to it, and that CloudFront accepts its purges. It changes nothing, except with `--probe`. The exit code is
/// 1 if a check fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Limits the tenants to these.
    #[arg(value_parser = arguments::tenant)]
    tenant: Vec<TenantId>,
    /// Also edits a probe image of each tenant and watches its purge, like `verify`; about six invalidation items each.
    #[arg(long)]
    probe: bool,
    /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    viewer_endpoint: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let Args { tenant, probe, viewer_endpoint } = args;
    let examination = Examination::new(session, viewer_endpoint);
    let (mut held, mut failed) = (0_u64, 0_u64);
    let mut checks = std::pin::pin!(examination.run(&tenant, probe).await?);
    while let Some(checks) = checks.next().await {
        for check in checks {
            if check.action.is_none() {
                held += 1;
            } else {
                failed += 1;
            }
            session.output.print(&check, &check)?;
        }
    }
    print_error(format_args!("{held} checks hold, {failed} failed."));
    Ok(if failed == 0 { Exit::Done } else { Exit::Remains })
}
