//! `imagecache check`: whether viewers of this edge get the current image of a URL.

mod freshness;

use aws_adapters::now;
use contract::TenantSource;
use contract::names::Installation;
use domain::TenantId;
use domain::purge::cache_tag::header_value;
use purging::ports::Tenants;
use serde::Serialize;

use crate::exit::{Exit, Failure, UsageError};
use crate::image_address::ImageAddress;
use crate::output::columns;
use crate::session::Session;
use crate::verify::check::{Check, Subject, tags};
use crate::verify::origin;
use crate::viewer::{Seen, Viewer};
use freshness::{Freshness, freshness};

/// Checks whether viewers of this edge get the current image.
///
/// It requests the image through the cache of CloudFront and, with a new `date`, past it, and compares fingerprint, `ETag`
/// and age. It also asks image-processing for the cache tags of the image, which CloudFront removes from responses. It
/// changes nothing. The exit code is 1 if viewers get an older image, or none. `imagecache why` says why.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// URL of the image, as viewers request it.
    url: String,
    /// Address that serves the tenants' hosts instead of their own, for example `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    viewer_endpoint: Option<String>,
}

/// The result of a check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    verdict: String,
    is_current: bool,
    through_the_cache: Seen,
    past_the_cache: Seen,
    tags: Option<Check>,
    /// `None`: there is nothing to do.
    next: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let address = ImageAddress::of_url(&args.url, &session.installation).map_err(UsageError)?;
    let viewer = Viewer::new(address.host.clone(), args.viewer_endpoint.as_deref())?;
    let looks = look(&viewer, &address).await?;
    let Freshness { verdict, is_current, next } = freshness(&looks, &address.url());
    let tags = if looks.past.is_image() { cache_tags(session, &address).await? } else { None };
    let failed_tags = tags.as_ref().and_then(|check| check.action.clone());
    let checked = Checked {
        verdict,
        is_current,
        through_the_cache: looks.through,
        past_the_cache: looks.past,
        next: next.or(failed_tags),
        tags,
    };
    session.output.print(&checked, &checked.text(columns()))?;
    Ok(if checked.next.is_none() { Exit::Done } else { Exit::Remains })
}

/// The responses that one viewer of a URL gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Through the cache of CloudFront.
    pub(crate) through: Seen,
    /// The same once more.
    pub(crate) again: Seen,
    /// Past the cache of CloudFront.
    pub(crate) past: Seen,
}

impl Looks {
    /// Whether a cache in front of CloudFront answered: no two requests of CloudFront have the same id.
    pub(crate) fn is_replayed(&self) -> bool {
        self.through.request_id.is_some() && self.through.request_id == self.again.request_id
    }
}

/// Requests the image twice through the cache and once past it.
pub(crate) async fn look(viewer: &Viewer, address: &ImageAddress) -> Result<Looks, String> {
    let path = address.path();
    let (through, again) = (viewer.look(&path).await?, viewer.look(&path).await?);
    Ok(Looks { through, again, past: viewer.look(&address.path_past_the_cache(now())).await? })
}

/// The check of the tags of an image that image-processing has. `None`: another image service may serve the tenant.
async fn cache_tags(session: &Session, address: &ImageAddress) -> Result<Option<Check>, Failure> {
    let Installation { image_processing_arn, cache_tag_header, tenants_with_existing_distribution, .. } =
        &session.installation;
    let tenant = &address.tenant;
    if tenants_with_existing_distribution.0.contains(tenant) {
        return Ok(None);
    }
    let registered = session.registry().tenant(tenant).await?;
    let source = match registered.as_ref().and_then(|registered| registered.distribution_tenant_id.as_ref()) {
        None => TenantSource::Header,
        Some(_) => TenantSource::Path,
    };
    let lambda = aws_sdk_lambda::Client::new(&session.sdk);
    let path = address.path_past_the_cache(now());
    let response = origin::request(&lambda, image_processing_arn, source, tenant, &path).await?;
    let subject = Subject::of_tenant(tenant, registered.as_ref(), &session.environment);
    let verdict = tags(
        &subject,
        cache_tag_header.as_str(),
        response.header(cache_tag_header.as_str()),
        &expected(address, tenant),
    );
    Ok(Some(subject.check("an image carries its cache tags", verdict)))
}

/// The tags that a purge of the image may name. Without a location in the URL, that of the main location is not known.
fn expected(address: &ImageAddress, tenant: &TenantId) -> String {
    header_value(tenant, address.readings.iter().map(|reading| &reading.pack), address.location.as_ref())
}
