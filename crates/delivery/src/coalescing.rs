//! Request coalescing: one of several requests for a variant renders it, the others wait.

use std::iter::successors;
use std::time::Duration;

use domain::Timestamp;
use purging::ports::Clock;

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{LockOf, Ports, RenderLocks, StoredVariant, Variants};
use crate::request::ImageRequest;
use crate::variant_spec::VariantSpec;

/// The first pause of a request that waits for the holder of a render lock. Each pause is twice as long as the one
/// before.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause of a waiting request.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// The next step of a request for a variant that is not stored.
#[derive(Debug)]
pub(crate) enum Coalesced<L> {
    /// Respond with the variant that another request has stored.
    Stored(StoredVariant),
    /// Render the variant: with the lock, or without one if the table did not respond or the wait took too long.
    Render(Option<L>),
    /// Start again with this specification: the image changed while the request waited.
    Outdated(Box<VariantSpec>),
}

impl<P: Ports> Handler<P> {
    /// Acquires the render lock of the variant, or waits for its holder: until the variant is stored, the lock is
    /// released or expires, or until `wait_until`. If the table does not respond, the request renders the variant
    /// without a lock: an image matters more than a saving.
    pub(crate) async fn coalesce(
        &self,
        request: &ImageRequest,
        spec: &VariantSpec,
        wait_until: Timestamp,
    ) -> Result<Coalesced<LockOf<P>>, ApiError> {
        let (key, fingerprint) = (spec.resolved.key(), spec.fingerprint());
        let mut has_waited = false;
        for pause in successors(Some(PAUSE_MIN), |pause| Some((*pause * 2).min(PAUSE_MAX))) {
            let now = self.ports.clock().now();
            let lock = match self.ports.render_locks().acquire(&spec.resolved.tenant, &key, &fingerprint, now).await {
                Ok(lock) => lock,
                Err(error) => {
                    tracing::warn!(%error, key, "render lock not available: rendering without it");
                    let stored = self.result_of_another(spec).await?;
                    return Ok(stored.map_or(Coalesced::Render(None), Coalesced::Stored));
                }
            };
            // Read after the attempt to lock, so that the result of the last holder is found.
            match self.result_of_another(spec).await {
                Ok(None) => {}
                Ok(Some(variant)) => {
                    self.release(lock).await;
                    return Ok(Coalesced::Stored(variant));
                }
                Err(error) => {
                    self.release(lock).await;
                    return Err(error);
                }
            }
            if lock.is_some() {
                return if has_waited { self.resume(request, spec, lock).await } else { Ok(Coalesced::Render(lock)) };
            }
            if self.ports.clock().now() >= wait_until {
                tracing::warn!(key, "waited too long for the holder of the render lock: rendering without it");
                break;
            }
            self.ports.clock().sleep(pause).await;
            has_waited = true;
        }
        Ok(Coalesced::Render(None))
    }

    /// Reads the result of another request for the same variant: the variant, or an error if a marker says that it cannot
    /// be rendered.
    async fn result_of_another(&self, spec: &VariantSpec) -> Result<Option<StoredVariant>, ApiError> {
        let stored = self.ports.variants().read(&spec.resolved.key()).await?;
        if let Some(variant) = stored.filter(|stored| stored.fingerprint.as_ref() == Some(&spec.fingerprint())) {
            return Ok(Some(variant));
        }
        match self.marked(spec).await? {
            Some(reason) => Err(ApiError::CannotRender(reason)),
            None => Ok(None),
        }
    }

    /// Continues with the lock after a wait in which no variant was stored: the former holder may have stored none
    /// because the image changed.
    async fn resume(
        &self,
        request: &ImageRequest,
        spec: &VariantSpec,
        lock: Option<LockOf<P>>,
    ) -> Result<Coalesced<LockOf<P>>, ApiError> {
        let now = self.current_spec(request, spec).await;
        if now.as_ref().is_ok_and(|now| now.is_same_as(spec)) {
            return Ok(Coalesced::Render(lock));
        }
        self.release(lock).await;
        Ok(Coalesced::Outdated(Box::new(now?)))
    }
}
