//! Answers one request: the stored variant, or a new one.

use lambda_http::http::Method;
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};

use crate::rendering::{Kept, Served};
use crate::ports::{Ports, Variants};
use crate::refusal::Refusal;
use crate::request::ImageRequest;
use crate::response;

/// What answering a request needs.
#[derive(Debug, Clone)]
pub struct Handler<P> {
    /// The world outside.
    pub ports: P,
    /// The response header that CloudFront reads cache tags from.
    pub cache_tag_header: HeaderName,
}

impl<P: Ports> Handler<P> {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        let mut response = match ImageRequest::parse(request) {
            Ok(asked) => self.answer(&asked).await,
            Err(refusal) => response::error(&refusal, &self.cache_tag_header, None),
        };
        if request.method() == Method::HEAD {
            *response.body_mut() = Body::Empty;
        }
        response
    }

    async fn answer(&self, asked: &ImageRequest) -> Response<Body> {
        match self.image(asked).await {
            Ok(served) => response::image(served, &self.cache_tag_header),
            Err(refusal) => {
                if refusal.status().is_server_error() {
                    tracing::error!(?refusal, ?asked, "an image cannot be served");
                } else {
                    tracing::info!(?refusal, ?asked, "there is no image to serve");
                }
                response::error(&refusal, &self.cache_tag_header, Some(&asked.cache_tags()))
            }
        }
    }

    /// The image that is asked for: what is stored, or else what is rendered now.
    async fn image(&self, asked: &ImageRequest) -> Result<Served, Refusal> {
        let spec = self.spec(self.resolve(asked, None).await?).await?;
        let key = spec.resolved.key();
        let stored = self.ports.variants().read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "serving a variant");
        match stored {
            Some(variant) => {
                // A variant that is about to be purged must not be kept: this answer may reach an edge behind the purge.
                let is_lasting = variant.fingerprint.as_ref().is_none_or(|fingerprint| *fingerprint == spec.fingerprint());
                let kept = if is_lasting { Kept::UntilPurged } else { Kept::Never };
                Ok(Served { variant, cache_tags: spec.resolved.cache_tags(), kept })
            }
            None => self.render_coalesced(asked, spec).await,
        }
    }
}
