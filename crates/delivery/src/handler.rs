//! Handles one request: responds with the stored variant, or renders it.

use std::time::Duration;

use domain::image::stored_variant::{StoredUse, stored_use};
use domain::{Context, Target};
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::api_error::ApiError;
use crate::ports::{Ports, Variants};
use crate::rendering::{Caching, Served};
use crate::request::ImageRequest;
use crate::response;
use crate::variant_spec::ResolvedVariant;

/// The handler of image-processing.
#[derive(Debug, Clone)]
pub struct Handler<P> {
    /// The AWS services that it uses.
    pub ports: P,
    /// The response header from which CloudFront reads cache tags.
    pub cache_tag_header: HeaderName,
    /// The longest time that an edge may keep an image.
    pub cached_max: Duration,
}

impl<P: Ports> Handler<P> {
    /// Responds to one request with an image or with an error in JSON.
    ///
    /// The response to a HEAD has the body of the response to a GET: the function URL computes `Content-Length` from the
    /// body and sends the headers alone. It would rename a `Content-Length` that a function sets.
    pub async fn handle(&self, request: &Request, context: &Context) -> Response<Body> {
        match ImageRequest::parse(request) {
            Ok(request) => {
                let (request_id, tenant) = (&context.id, &request.tenant);
                // At ERROR, so that no log level hides the fields.
                let span = tracing::error_span!("image", request_id, %tenant, target = Empty, location = Empty);
                self.respond(&request).instrument(span).await
            }
            Err(error) => response::error(&error, &self.cache_tag_header, None),
        }
    }

    async fn respond(&self, request: &ImageRequest) -> Response<Body> {
        match self.image(request).await {
            Ok(mut served) => {
                if request.has_date {
                    served.caching = served.caching.min(Caching::Briefly);
                }
                response::image(served, &self.cache_tag_header, self.cached_max)
            }
            Err(error) => {
                if error.status().is_server_error() {
                    tracing::error!(?error, "image not delivered");
                } else {
                    tracing::info!(?error, "no image to deliver");
                }
                response::error(&error, &self.cache_tag_header, Some(&request.cache_tags()))
            }
        }
    }

    /// The requested image: the stored variant, or else a variant that is rendered now.
    async fn image(&self, request: &ImageRequest) -> Result<Served, ApiError> {
        let resolved = self.resolve(request, None).await;
        record(request, resolved.as_ref().ok().map(|(variant, _)| variant));
        let spec = self.spec(resolved?).await?;
        let key = spec.resolved.key();
        let stored = self.ports.variants().read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "variant looked up");
        let Some(variant) = stored else { return self.render_coalesced(request, spec).await };
        let stored = variant.fingerprint.as_deref();
        let caching = match stored_use(stored, &spec.fingerprint(), spec.resolved.has_suffix()) {
            StoredUse::Response => Caching::UntilPurged,
            StoredUse::ResponseBeforePurge => Caching::Never,
            StoredUse::Replaced => return self.render_coalesced(request, spec).await,
        };
        Ok(Served { variant, cache_tags: spec.resolved.cache_tags(), caching })
    }
}

/// Adds the image's pack and location to the span. A request that resolves to no pack has the longest pack id that its
/// URL can mean.
fn record(request: &ImageRequest, resolved: Option<&ResolvedVariant>) {
    let span = Span::current();
    let pack = resolved.map(ResolvedVariant::pack).or(request.readings.first().map(|reading| &reading.pack));
    if let Some(pack) = pack {
        span.record("target", display(Target::Pack(pack.clone())));
    }
    if let Some(location) = resolved.map(|variant| &variant.location).or(request.location.as_ref()) {
        span.record("location", display(location));
    }
}
