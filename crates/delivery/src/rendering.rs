//! Renders a variant that is not stored, once, and checks after storing it that the image has not changed.

use imaging::{RenderError, render};
use purging::ports::Clock;

use crate::Handler;
use crate::api_error::ApiError;
use crate::coalescing::Coalesced;
use crate::ports::{FoundOriginal, LockOf, Originals, Ports, RenderLocks, StoredVariant, Variants};
use crate::request::ImageRequest;
use crate::unrenderable::Unrenderable;
use crate::variant_spec::VariantSpec;

/// The number of times that one request re-renders a variant because the image changed meanwhile. An editor writes
/// every few seconds and a rendering takes less than one, so the first re-rendering is nearly always the last.
const RERENDERS_MAX: usize = 3;

/// An image to respond with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) variant: StoredVariant,
    pub(crate) cache_tags: String,
    pub(crate) caching: Caching,
}

/// The time for which CloudFront may cache an image, the shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caching {
    /// Not at all: it is about to be purged, and a slow response would reach the edge after the purge.
    Never,
    /// For a few seconds: it changes too fast to be stored, or the request has a date.
    Briefly,
    /// Until it is purged.
    UntilPurged,
}

impl<P: Ports> Handler<P> {
    /// Renders the variant and stores it, or returns the one that another instance stores meanwhile.
    ///
    /// A purge deletes the stored variants, so a variant whose rendering started before the purge and that is stored
    /// after it would stay. Therefore the pack is read again after the write: a change before that read is detected
    /// here, and the purge of a later change finds the variant stored.
    pub(crate) async fn render_coalesced(
        &self,
        request: &ImageRequest,
        mut spec: VariantSpec,
    ) -> Result<Served, ApiError> {
        // The first half of the time limit is for waiting; the second half suffices to render the variant without the
        // lock.
        let wait_until = self.ports.clock().now().plus(self.ports.render_locks().duration() / 2);
        let mut rerenders = 0;
        loop {
            let (key, cache_tags) = (spec.resolved.key(), spec.resolved.cache_tags());
            let lock = match self.coalesce(request, &spec, wait_until).await? {
                Coalesced::Stored(variant) => return Ok(Served { variant, cache_tags, caching: Caching::UntilPurged }),
                Coalesced::Outdated(now) => {
                    spec = *now;
                    continue;
                }
                Coalesced::Render(lock) => lock,
            };
            let variant = self.store(&spec, lock).await?;
            let now = self.current_spec(request, &spec).await;
            if now.as_ref().is_ok_and(|now| now.is_same_as(&spec)) {
                return Ok(Served { variant, cache_tags, caching: Caching::UntilPurged });
            }
            tracing::info!(key, rerenders, "image changed while its variant was rendered: re-rendering it");
            self.ports.variants().remove(&key).await?;
            spec = now?;
            if rerenders == RERENDERS_MAX {
                return Ok(Served { variant, cache_tags, caching: Caching::Briefly });
            }
            rerenders += 1;
        }
    }

    /// Renders and stores the variant, then releases the lock, also after an error.
    async fn store(&self, spec: &VariantSpec, lock: Option<LockOf<P>>) -> Result<StoredVariant, ApiError> {
        let stored = self.render_and_store(spec).await;
        self.release(lock).await;
        stored
    }

    async fn render_and_store(&self, spec: &VariantSpec) -> Result<StoredVariant, ApiError> {
        let VariantSpec { resolved, config } = spec;
        let original = match self.ports.originals().read(&resolved.image.original).await? {
            FoundOriginal::Absent => return Err(ApiError::MissingOriginal(resolved.location.clone())),
            FoundOriginal::TooLarge => return Err(self.mark(spec, Unrenderable::original_too_large()).await),
            FoundOriginal::Bytes(bytes) => bytes,
        };
        // Lambda sends one request at a time to an instance, so this computation blocks no other request.
        let rendered = match render(&original, resolved.image.crop, *config) {
            Ok(rendered) => rendered,
            Err(error) => {
                tracing::info!(?error, key = resolved.key(), "the variant cannot be rendered");
                let reason = Unrenderable::new(&error);
                return Err(match error {
                    // The cause may be a lack of memory, so another attempt may succeed.
                    RenderError::Unencodable(_) => ApiError::CannotRender(reason),
                    _ => self.mark(spec, reason).await,
                });
            }
        };
        let (cache_tags, fingerprint) = (resolved.cache_tags(), spec.fingerprint());
        let bytes = rendered.bytes.clone();
        let etag = self
            .ports
            .variants()
            .store(&resolved.key(), bytes, rendered.content_type, &cache_tags, &fingerprint)
            .await?;
        Ok(StoredVariant {
            bytes: rendered.bytes,
            content_type: rendered.content_type.to_owned(),
            fingerprint: Some(fingerprint),
            etag,
        })
    }

    /// Releases the lock. A failure is logged: the lock expires.
    pub(crate) async fn release(&self, lock: Option<LockOf<P>>) {
        if let Some(lock) = lock
            && let Err(error) = self.ports.render_locks().release(lock).await
        {
            tracing::warn!(%error, "render lock not released: other requests for the variant wait until it expires");
        }
    }
}
