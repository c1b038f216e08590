//! Answers one request: the stored variant, or a new one.

use lambda_http::http::Method;
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};

use crate::making::{Kept, Served};
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
        match self.picture(asked).await {
            Ok(served) => response::picture(served, &self.cache_tag_header),
            Err(refusal) => {
                if refusal.status().is_server_error() {
                    tracing::error!(?refusal, ?asked, "a picture cannot be served");
                } else {
                    tracing::info!(?refusal, ?asked, "there is no picture to serve");
                }
                response::error(&refusal, &self.cache_tag_header, Some(&asked.cache_tags()))
            }
        }
    }

    /// The picture that is asked for: what is stored, or else what is made now.
    async fn picture(&self, asked: &ImageRequest) -> Result<Served, Refusal> {
        let recipe = self.recipe(self.wanted(asked, None).await?).await?;
        let key = recipe.wanted.key();
        let stored = self.ports.variants().read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "serving a variant");
        match stored {
            Some(variant) => {
                // A variant that is about to be purged must not be kept: this answer may reach an edge behind the purge.
                let is_lasting = variant.revision.as_ref().is_none_or(|revision| *revision == recipe.revision());
                let kept = if is_lasting { Kept::UntilPurged } else { Kept::Never };
                Ok(Served { variant, cache_tags: recipe.wanted.cache_tags(), kept })
            }
            None => self.make(asked, recipe).await,
        }
    }
}
