//! Request coalescing: one of several requests for a variant renders it, the others wait.

use purging::ports::Clock;

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{Ports, RenderLocks, StoredVariant, Variants};
use crate::variant_spec::VariantSpec;

/// The result of one attempt to get a variant.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The bucket has the variant.
    Stored(StoredVariant),
    /// This request has rendered and stored the variant.
    Rendered(StoredVariant),
    /// Another request is rendering the variant.
    Locked,
}

impl<P: Ports> Handler<P> {
    /// Reads the variant of `spec`, or renders it under its render lock. If another request has the lock, a request that
    /// `may_wait` does not render. If the table of locks does not respond, the request renders without a lock: an image
    /// matters more than a saving.
    pub(crate) async fn attempt(&self, spec: &VariantSpec, may_wait: bool) -> Result<Attempt, ApiError> {
        let key = spec.key();
        let stored = self.ports.variants().read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "variant looked up");
        if let Some(variant) = stored {
            return Ok(Attempt::Stored(variant));
        }
        let (render_locks, now) = (self.ports.render_locks(), self.ports.clock().now());
        let (lock, is_locked_by_another) = match render_locks.acquire(&spec.tenant, &key, now).await {
            Ok(Some(lock)) => (Some(lock), false),
            Ok(None) => (None, true),
            Err(error) => {
                tracing::warn!(%error, key, "render lock not available: rendering without it");
                (None, false)
            }
        };
        // Read after the attempt to lock, so that the result of the last holder is found.
        let attempt = match self.result_of_another(spec).await {
            Ok(Some(variant)) => Ok(Attempt::Stored(variant)),
            Ok(None) if is_locked_by_another && may_wait => Ok(Attempt::Locked),
            Ok(None) => self.render_and_store(spec).await.map(Attempt::Rendered),
            Err(error) => Err(error),
        };
        if let Some(lock) = lock
            && let Err(error) = render_locks.release(lock).await
        {
            tracing::warn!(%error, key, "render lock not released: other requests wait until it expires");
        }
        attempt
    }

    /// Reads the result of another request for the same variant: the variant, or an error if a marker says that it cannot
    /// be rendered.
    async fn result_of_another(&self, spec: &VariantSpec) -> Result<Option<StoredVariant>, ApiError> {
        if let Some(variant) = self.ports.variants().read(&spec.key()).await? {
            return Ok(Some(variant));
        }
        self.marked(spec).await?.map_or(Ok(None), |reason| Err(ApiError::CannotRender(reason)))
    }
}
