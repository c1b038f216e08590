//! Handles one request: responds with the stored variant, or renders it.

use domain::{Context, Target};
use lambda_http::http::Method;
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
}

impl<P: Ports> Handler<P> {
    /// Responds to one request with an image or with an error in JSON.
    pub async fn handle(&self, request: &Request, context: &Context) -> Response<Body> {
        let mut response = match ImageRequest::parse(request) {
            Ok(request) => {
                let (request_id, tenant) = (&context.id, &request.tenant);
                // At ERROR, so that no log level hides the fields.
                let span = tracing::error_span!("image", request_id, %tenant, target = Empty, location = Empty);
                self.respond(&request).instrument(span).await
            }
            Err(error) => response::error(&error, &self.cache_tag_header, None),
        };
        if request.method() == Method::HEAD {
            *response.body_mut() = Body::Empty;
        }
        response
    }

    async fn respond(&self, request: &ImageRequest) -> Response<Body> {
        match self.image(request).await {
            Ok(served) => response::image(served, &self.cache_tag_header),
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
        match stored {
            Some(variant) => {
                // A variant that is about to be purged must not be cached: this response may reach an edge after the
                // purge.
                let is_lasting =
                    variant.fingerprint.as_ref().is_none_or(|fingerprint| *fingerprint == spec.fingerprint());
                let caching = if is_lasting { Caching::UntilPurged } else { Caching::Never };
                Ok(Served { variant, cache_tags: spec.resolved.cache_tags(), caching })
            }
            None => self.render_coalesced(request, spec).await,
        }
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
