//! `imagecache why`: the layer that has an old image, and when it is fresh.

mod diagnosis;
mod evidence;
mod explanation;

use domain::{LocationName, TenantId};

use aws_adapters::now;

use crate::arguments;
use crate::exit::{Exit, Failure, UsageError};
use crate::image_address::ImageAddress;
use crate::output::columns;
use crate::session::Session;
use crate::viewer::Viewer;
use diagnosis::{Cause, diagnose};
pub(crate) use explanation::Explanation;

/// Explains why viewers see what they see.
///
/// It reads the pack table, the variants bucket, queue, outbox, ledger and stream, and requests the image as a viewer does,
/// through the cache of CloudFront and past it. The first line is the verdict; the evidence follows, layer by layer; then
/// the next step. It changes nothing. The exit code is 1 if a layer has an old image, or the last write is not visible.
/// docs/troubleshooting.md lists the causes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// URL of the image, as viewers request it; or the tenant, before the pack.
    #[arg(value_name = "URL|TENANT")]
    pub(crate) url_or_tenant: String,
    /// Image pack, suffix included.
    #[arg(value_name = "PACK")]
    pub(crate) pack: Option<String>,
    /// Location of the image in the pack, instead of its main location.
    #[arg(long, value_parser = arguments::location, requires = "pack")]
    pub(crate) location: Option<LocationName>,
    /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    pub(crate) viewer_endpoint: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let explanation = explain(args, session).await?;
    session.output.print(&explanation, &explanation.text(columns()))?;
    Ok(if explanation.diagnosis.cause == Cause::EveryLayerCurrent { Exit::Done } else { Exit::Remains })
}

/// Reads every layer and diagnoses.
pub(crate) async fn explain(args: Args, session: &Session) -> Result<Explanation, Failure> {
    let Args { url_or_tenant, pack, location, viewer_endpoint } = args;
    let address = address(&url_or_tenant, pack.as_deref(), location, session).map_err(UsageError)?;
    let viewer = Viewer::new(address.host.clone(), viewer_endpoint.as_deref())?;
    let evidence = evidence::gather(session, &address, &viewer).await?;
    let diagnosis = diagnose(now(), &evidence);
    Ok(Explanation::of(now(), diagnosis, &evidence))
}

fn address(
    url_or_tenant: &str,
    pack: Option<&str>,
    location: Option<LocationName>,
    session: &Session,
) -> Result<ImageAddress, String> {
    match pack {
        None => ImageAddress::of_url(url_or_tenant, &session.installation),
        Some(pack) => {
            let tenant = TenantId::parse(url_or_tenant).map_err(|error| error.to_string())?;
            ImageAddress::of_pack(tenant, pack, location, &session.installation)
        }
    }
}
