//! Renders a variant that is not stored: once, and from what the pack shows when it is stored.

use imaging::render;
use purging::ports::Clock;

use crate::Handler;
use crate::api_error::ApiError;
use crate::coalescing::Coalesced;
use crate::ports::{LockOf, Originals, Ports, RenderLocks, StoredVariant, Variants};
use crate::request::ImageRequest;
use crate::variant_spec::VariantSpec;

/// How often a variant is re-rendered because what it is rendered from changed meanwhile. An editor at work writes
/// every few seconds and a rendering takes less than one: the second try nearly always holds.
const RERENDERS_MAX: usize = 3;

/// An image to respond with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) variant: StoredVariant,
    pub(crate) cache_tags: String,
    pub(crate) kept: Kept,
}

/// How long an edge may keep an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It stays good until it is purged.
    UntilPurged,
    /// It changes too fast to be stored and must soon be requested again.
    Briefly,
    /// It is about to be purged. A response that takes long reaches the edge behind the purge.
    Never,
}

impl<P: Ports> Handler<P> {
    /// Renders the variant and stores it, or takes what another instance stores meanwhile.
    ///
    /// A purge deletes what is stored; a variant that was begun before the purge and is stored after it would stay. So
    /// what it was rendered from is read again behind the write: a change that came before that read is seen here, and
    /// the purge of a later one finds the variant stored.
    pub(crate) async fn render_coalesced(
        &self,
        request: &ImageRequest,
        mut spec: VariantSpec,
    ) -> Result<Served, ApiError> {
        // Half of the time is for waiting, the other half is left for rendering it all the same.
        let wait_until = self.ports.clock().now().plus(self.ports.render_locks().duration() / 2);
        let mut rerenders = 0;
        loop {
            let (key, cache_tags) = (spec.resolved.key(), spec.resolved.cache_tags());
            let lock = match self.coalesce(request, &spec, wait_until).await? {
                Coalesced::Stored(variant) => return Ok(Served { variant, cache_tags, kept: Kept::UntilPurged }),
                Coalesced::Outdated(now) => {
                    spec = *now;
                    continue;
                }
                Coalesced::Render(lock) => lock,
            };
            let variant = self.store(&spec, lock).await?;
            let now = self.current_spec(request, &spec).await;
            if now.as_ref().is_ok_and(|now| now.is_same_as(&spec)) {
                return Ok(Served { variant, cache_tags, kept: Kept::UntilPurged });
            }
            tracing::info!(key, rerenders, "image changed while its variant was rendered: re-rendering it");
            self.ports.variants().remove(&key).await?;
            spec = now?;
            if rerenders == RERENDERS_MAX {
                return Ok(Served { variant, cache_tags, kept: Kept::Briefly });
            }
            rerenders += 1;
        }
    }

    /// Renders and stores the variant, then releases the lock, whatever came of it.
    async fn store(&self, spec: &VariantSpec, lock: Option<LockOf<P>>) -> Result<StoredVariant, ApiError> {
        let stored = self.render_and_store(spec).await;
        self.release(lock).await;
        stored
    }

    async fn render_and_store(&self, spec: &VariantSpec) -> Result<StoredVariant, ApiError> {
        let VariantSpec { resolved, config } = spec;
        let original = self.ports.originals().read(&resolved.image.original).await?;
        let original = original.ok_or_else(|| ApiError::MissingOriginal(resolved.location.clone()))?;
        // Lambda sends one request at a time to an instance, so nobody waits while this thread computes.
        let rendered = render(&original, resolved.image.crop, *config)?;
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

    /// A lock that is not released expires; until then others wait longer than they need to.
    pub(crate) async fn release(&self, lock: Option<LockOf<P>>) {
        if let Some(lock) = lock
            && let Err(error) = self.ports.render_locks().release(lock).await
        {
            tracing::warn!(%error, "render lock not released: other requests for the variant wait until it expires");
        }
    }
}
