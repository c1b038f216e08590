//! The Lambda function `image-purge`: `DELETE …/images/{tenant}/{imagePackId}` purges a pack, `?dryRun=true` previews the
//! purge, and `GET` returns the status of the pack's purges. The pack may be named as an image's URL names it, with a
//! suffix: the purge covers the whole pack. The contract is `docs/purge-api.md`.
//!
//! The protocol is in `purging::manual_purge`; this crate parses the request and renders the response.

mod request;
mod response;

use contract::Authorizer;
use domain::Context;
use lambda_http::{Body, Request, Response};
use purging::manual_purge::{ManualPurge, ManualPurgeError};
use purging::ports::{Packs, Ports, PurgeRuns};
use tracing::Instrument;

use crate::request::{Action, AdminRequest};

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
        let request = match AdminRequest::of(request, &self.authorizer) {
            Ok(request) => request,
            Err(error) => return error.into_response(),
        };
        let (tenant, target) = (&request.pack.tenant, request.target());
        let span = tracing::error_span!("admin_request", request_id = context.id, %tenant, target);
        self.respond(&request, context).instrument(span).await
    }

    async fn respond(&self, request: &AdminRequest, context: &Context) -> Response<Body> {
        let AdminRequest { action, pack } = request;
        let result = match action {
            Action::Status => self.manual_purge.status(pack, context).await.map(|found| response::status(pack, &found)),
            Action::Preview => {
                self.manual_purge.preview(pack, context).await.map(|preview| response::preview(&preview))
            }
            Action::Purge => self.manual_purge.purge(pack, context).await.map(response::accepted),
        };
        result.unwrap_or_else(|error| rejected(request, &error))
    }
}

fn rejected(request: &AdminRequest, error: &ManualPurgeError) -> Response<Body> {
    let AdminRequest { action, pack } = request;
    let api_error = match error {
        ManualPurgeError::UnknownTenant => response::unknown_tenant(&pack.tenant),
        ManualPurgeError::UnknownPack => response::unknown_pack(pack),
        ManualPurgeError::TooManyPurges { retry_after } => {
            tracing::warn!(%error, "The purge was rejected.");
            response::too_many_purges(&pack.tenant, *retry_after)
        }
        ManualPurgeError::Call(_)
        | ManualPurgeError::Queue(_)
        | ManualPurgeError::Steps(_)
        | ManualPurgeError::StillBeginning => {
            tracing::error!(%error, ?action, "The request failed.");
            match action {
                Action::Purge => response::purge_failed(error.is_queued()),
                Action::Status | Action::Preview => response::unavailable(),
            }
        }
    };
    api_error.into_response()
}
