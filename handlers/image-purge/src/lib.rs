//! The admin's purge: `DELETE …/images/{tenant}/{imagePackId}`, what it would do (`?dryRun=true`), and `GET`, which says
//! where the purges of a pack stand. The pack may be named as an image's URL names it, with a suffix: all of the pack is
//! purged, whatever the suffix. The contract is `docs/purge-api.md`.
//!
//! A purge is enqueued like any other and then carried out at once, by the same code as a purge run. What fails on
//! the way is therefore in the queue and is repeated by the next purge run; and the next purge run repeats the purge
//! once in any case, because an image that was being rendered while it ran could have brought the old one back.

mod answer;
mod asked;
mod preview;
mod purge;
mod status;

use admin_api::Refusal;
use domain::image::image_url::Reading;
use domain::image::variant_key::VariantScope;
use domain::{ImagePackId, Target, TenantId};
use lambda_http::{Body, Request, Response};
use purging::ports::{CallFailed, Packs, Ports, QueueFailed, Tenants, Variants};
use purging::purger::Purger;

use crate::answer::{of_failure, unanswered, unknown_pack, unknown_tenant};
use crate::asked::{Action, Asked};

/// What answering a request touches.
#[derive(Debug, Clone)]
pub struct Handler<P, K> {
    /// Says whether a pack exists, and what it shows.
    pub packs: K,
    /// Plans and carries out.
    pub purger: Purger<P>,
    /// The token's claim that names its tenants.
    pub tenant_claim: String,
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0:?}")]
    Refused(Refusal),
    #[error(transparent)]
    Call(#[from] CallFailed),
    #[error(transparent)]
    Queue(#[from] QueueFailed),
    #[error("the purge is in the queue and the next purge run repeats it; it failed now: {}", .0.join("; "))]
    Steps(Vec<String>),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<P: Ports, K: Packs> Handler<P, K> {
    /// Answers one request, which `request_id` identifies.
    pub async fn handle(&self, request: &Request, request_id: &str) -> Response<Body> {
        let asked = match Asked::of(request, &self.tenant_claim) {
            Ok(asked) => asked,
            Err(refusal) => return refusal.into_response(),
        };
        match self.answer(&asked, request_id).await {
            Ok(response) => response,
            Err(Failed::Refused(refusal)) => refusal.into_response(),
            Err(failure) => {
                tracing::error!(%failure, action = ?asked.action, "a request failed");
                let is_queued = matches!(failure, Failed::Steps(_) | Failed::Queue(QueueFailed::Row { .. }));
                let refusal = if asked.action == Action::Purge { of_failure(is_queued) } else { unanswered() };
                refusal.into_response()
            }
        }
    }

    async fn answer(&self, asked: &Asked, request_id: &str) -> Result<Response<Body>, Failed> {
        let Some(distribution) = self.ports().tenants().tenants().await?.remove(&asked.tenant) else {
            return Err(unknown_tenant(&asked.tenant).into());
        };
        if asked.action == Action::Status {
            return self.status(asked).await;
        }
        let pack = self.first_existing(&asked.tenant, &asked.readings).await?;
        let pack = pack.ok_or_else(|| unknown_pack(&asked.tenant, &asked.readings))?;
        match asked.action {
            Action::Preview => self.preview(asked, pack, distribution, request_id).await,
            Action::Purge | Action::Status => self.purge(asked, pack, distribution, request_id).await,
        }
    }

    /// The pack that is meant: of what stands in an image's URL, an admin may have copied the suffix too.
    async fn first_existing(&self, tenant: &TenantId, readings: &[Reading]) -> Result<Option<ImagePackId>, Failed> {
        for Reading { pack, .. } in readings {
            if self.exists(tenant, pack).await? {
                return Ok(Some(pack.clone()));
            }
        }
        Ok(None)
    }

    /// Whether there is anything to purge: a pack that was removed may have left variants behind.
    async fn exists(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<bool, Failed> {
        if self.packs.exists(tenant, pack).await? {
            return Ok(true);
        }
        let scope = VariantScope::of(tenant, &Target::Pack(pack.clone()));
        Ok(self.ports().variants().stored_at(&scope).await?.is_some())
    }

    fn ports(&self) -> &P {
        &self.purger.executor.ports
    }
}
