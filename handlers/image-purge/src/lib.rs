//! The Lambda function `image-purge`, the purge API. `DELETE …/images/{tenant}/{imagePackId}` purges a pack at once, and
//! `GET` returns the status of the pack's purges; the pack may be named as an image's URL names it, with a suffix.
//! `POST …/purges/{tenant}` enqueues purges of packs, of a location or of everything, and `GET` returns the status of the
//! tenant's purges. `?dryRun=true` previews a purge. The contract is `docs/purge-api.md`.
//!
//! The protocol is in `purging::manual_purge`; this crate parses the request and renders the response.

mod openapi;
mod pack_bodies;
mod request;
mod response;
mod tenant_bodies;

use contract::Authorizer;
use domain::Context;
use lambda_http::{Body, Request, Response};
use purging::manual_purge::{ManualPurge, ManualPurgeError};
use purging::ports::{Packs, Ports, PurgeRuns};
use tracing::Instrument;

pub use crate::openapi::openapi;
use crate::request::Action;
pub use crate::request::targets;

/// The handler of the API's requests.
#[derive(Debug, Clone)]
pub struct Handler<P, K, R> {
    /// The manual purge.
    pub manual_purge: ManualPurge<P, K, R>,
    /// The API's authorizer.
    pub authorizer: Authorizer,
}

impl<P: Ports, K: Packs, R: PurgeRuns> Handler<P, K, R> {
    /// Handles one request.
    pub async fn handle(&self, request: &Request, context: &Context) -> Response<Body> {
        let action = match Action::of(request, &self.authorizer) {
            Ok(action) => action,
            Err(error) => return error.into_response(),
        };
        let (tenant, target) = (action.tenant().map(ToString::to_string), action.target());
        let span = tracing::error_span!("admin_request", request_id = context.id, tenant, target);
        self.respond(&action, context).instrument(span).await
    }

    async fn respond(&self, action: &Action, context: &Context) -> Response<Body> {
        let purge = &self.manual_purge;
        let result = match action {
            Action::PackStatus(pack) => purge.status(pack, context).await.map(|found| response::status(pack, &found)),
            Action::PreviewPurge(pack) => purge.preview(pack, context).await.map(response::preview),
            Action::PurgePack(pack) => purge.purge(pack, context).await.map(response::accepted),
            Action::TenantStatus(tenant) => {
                let status = purge.tenant_status(tenant, context).await;
                status.map(|status| response::tenant_status(status, purge.limit))
            }
            Action::PreviewEnqueue(targets) => {
                purge.preview_enqueue(targets, context).await.map(response::enqueue_preview)
            }
            Action::EnqueuePurges(targets) => {
                let enqueued = purge.enqueue(targets, context).await;
                enqueued.map(|enqueued| response::enqueued(&targets.tenant, &enqueued))
            }
            Action::ReadOpenApi => Ok(response::openapi()),
        };
        result.unwrap_or_else(|error| rejected(action, &error))
    }
}

fn rejected(action: &Action, error: &ManualPurgeError) -> Response<Body> {
    let tenant = action.tenant();
    let api_error = match (error, action) {
        (ManualPurgeError::UnknownTenant, _) => response::unknown_tenant(tenant),
        (
            ManualPurgeError::UnknownPack,
            Action::PackStatus(pack) | Action::PreviewPurge(pack) | Action::PurgePack(pack),
        ) => response::unknown_pack(pack),
        (ManualPurgeError::UnknownPacks(packs), _) => response::unknown_packs(tenant, packs),
        (ManualPurgeError::TooManyPurges { retry_after }, _) => {
            tracing::warn!(%error, "The purge was rejected.");
            response::too_many_purges(tenant, *retry_after)
        }
        (error, action) => {
            tracing::error!(%error, ?action, "The request failed.");
            match (error, action) {
                (ManualPurgeError::Enqueueing { written, of, .. }, _) => response::partly_enqueued(*written, *of),
                (error, Action::PurgePack(_)) => response::purge_failed(error.is_queued()),
                _ => response::unavailable(),
            }
        }
    };
    api_error.into_response()
}
