//! Handles one request: the stored variant, or a new one.

use lambda_http::http::Method;
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};

use crate::api_error::ApiError;
use crate::ports::{Ports, Variants};
use crate::rendering::{Kept, Served};
use crate::request::ImageRequest;
use crate::response;

/// What handling a request needs.
#[derive(Debug, Clone)]
pub struct Handler<P> {
    /// The world outside.
    pub ports: P,
    /// The response header that CloudFront reads cache tags from.
    pub cache_tag_header: HeaderName,
}

impl<P: Ports> Handler<P> {
    /// Handles one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        let mut response = match ImageRequest::parse(request) {
            Ok(request) => self.respond(&request).await,
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
                    tracing::error!(?error, ?request, "an image cannot be served");
                } else {
                    tracing::info!(?error, ?request, "there is no image to serve");
                }
                response::error(&error, &self.cache_tag_header, Some(&request.cache_tags()))
            }
        }
    }

    /// The image that is requested: what is stored, or else what is rendered now.
    async fn image(&self, request: &ImageRequest) -> Result<Served, ApiError> {
        let spec = self.spec(self.resolve(request, None).await?).await?;
        let key = spec.resolved.key();
        let stored = self.ports.variants().read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "serving a variant");
        match stored {
            Some(variant) => {
                // A variant that is about to be purged must not be kept: this response may reach an edge behind the
                // purge.
                let is_lasting =
                    variant.fingerprint.as_ref().is_none_or(|fingerprint| *fingerprint == spec.fingerprint());
                let kept = if is_lasting { Kept::UntilPurged } else { Kept::Never };
                Ok(Served { variant, cache_tags: spec.resolved.cache_tags(), kept })
            }
            None => self.render_coalesced(request, spec).await,
        }
    }
}
