//! The admin's purge: `DELETE …/images/{tenant}/{imagePackId}`, what it would do (`?dryRun=true`), and `GET`, which says
//! where the purges of a pack stand. The pack may be named as an image's URL names it, with a suffix: all of the pack is
//! purged, whatever the suffix. The contract is `docs/purge-api.md`.
//!
//! A purge is enqueued like any other and then carried out at once, by the same code as a purge run. What fails on
//! the way is therefore in the queue and is repeated by the next purge run; and the next purge run repeats the purge
//! once in any case, because an image that was being rendered while it ran could have brought the old one back.

mod preview;
mod purge;
mod request;
mod response;
mod status;

use admin_api::ApiError;
use domain::image::image_url::Reading;
use domain::image::variant_key::VariantScope;
use domain::{ImagePackId, Target, TenantId};
use lambda_http::{Body, Request, Response};
use purging::ports::{CallFailed, Packs, Ports, QueueFailed, Tenants, Variants};
use purging::purger::Purger;

use crate::request::{Action, AdminRequest};
use crate::response::{of_failure, unavailable, unknown_pack, unknown_tenant};

/// What handling a request touches.
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
    Rejected(ApiError),
    #[error(transparent)]
    Call(#[from] CallFailed),
    #[error(transparent)]
    Queue(#[from] QueueFailed),
    #[error("the purge is in the queue and the next purge run repeats it; it failed now: {}", .0.join("; "))]
    Steps(Vec<String>),
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Rejected(error)
    }
}

impl<P: Ports, K: Packs> Handler<P, K> {
    /// Handles one request, which `request_id` identifies.
    pub async fn handle(&self, request: &Request, request_id: &str) -> Response<Body> {
        let request = match AdminRequest::of(request, &self.tenant_claim) {
            Ok(request) => request,
            Err(error) => return error.into_response(),
        };
        match self.respond(&request, request_id).await {
            Ok(response) => response,
            Err(Failed::Rejected(error)) => error.into_response(),
            Err(failure) => {
                tracing::error!(%failure, action = ?request.action, "a request failed");
                let is_queued = matches!(failure, Failed::Steps(_) | Failed::Queue(QueueFailed::Row { .. }));
                let error = if request.action == Action::Purge { of_failure(is_queued) } else { unavailable() };
                error.into_response()
            }
        }
    }

    async fn respond(&self, request: &AdminRequest, request_id: &str) -> Result<Response<Body>, Failed> {
        let Some(distribution) = self.ports().tenants().tenants().await?.remove(&request.tenant) else {
            return Err(unknown_tenant(&request.tenant).into());
        };
        if request.action == Action::Status {
            return self.status(request).await;
        }
        let pack = self.first_existing(&request.tenant, &request.readings).await?;
        let pack = pack.ok_or_else(|| unknown_pack(&request.tenant, &request.readings))?;
        match request.action {
            Action::Preview => self.preview(request, pack, distribution, request_id).await,
            Action::Purge | Action::Status => self.purge(request, pack, distribution, request_id).await,
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
