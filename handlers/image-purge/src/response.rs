//! Responses, in JSON.

use std::time::Duration;

use domain::access::allowance::AllowanceLimit;
use domain::{ImagePackId, TenantId};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use purging::manual_purge::{EnqueuePreview, Enqueued, PackRequest, PackStatus, Preview, Purged, TenantStatus};

use crate::pack_bodies::{AcceptedPurge, PackPreview, PackPurges};
use crate::tenant_bodies::{EnqueuedPurges, PurgesPreview, TenantPurges};

/// The OpenAPI document `docs/openapi.json`. It is committed, so that the function does not build it.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// 202: CloudFront has accepted the invalidation and executes it.
pub(crate) fn accepted(purged: Purged) -> Response<Body> {
    http_api::json(StatusCode::ACCEPTED, &AcceptedPurge::from(purged))
}

/// 200: the effect that a purge would have.
pub(crate) fn preview(preview: Preview) -> Response<Body> {
    http_api::json(StatusCode::OK, &PackPreview::from(preview))
}

/// 200: the status of the purges of a pack.
pub(crate) fn status(request: &PackRequest, status: &PackStatus) -> Response<Body> {
    http_api::json(StatusCode::OK, &PackPurges::of(request, status))
}

/// 202: the purges are in the queue.
pub(crate) fn enqueued(tenant: &TenantId, enqueued: &Enqueued) -> Response<Body> {
    http_api::json(StatusCode::ACCEPTED, &EnqueuedPurges::of(tenant, enqueued))
}

/// 200: the effect that enqueueing purges would have.
pub(crate) fn enqueue_preview(preview: EnqueuePreview) -> Response<Body> {
    http_api::json(StatusCode::OK, &PurgesPreview::from(preview))
}

/// 200: the status of the purges of a tenant.
pub(crate) fn tenant_status(status: TenantStatus, limit: AllowanceLimit) -> Response<Body> {
    http_api::json(StatusCode::OK, &TenantPurges::of(status, limit))
}

/// 200: the OpenAPI document.
pub(crate) fn openapi() -> Response<Body> {
    http_api::json_text(StatusCode::OK, OPENAPI)
}

/// 502: a service that this function calls failed before the purge.
pub(crate) fn unavailable() -> ApiError {
    let message = "The request could not be processed now. Nothing was purged; send it again.";
    ApiError::new(StatusCode::BAD_GATEWAY, "unavailable", message)
}

/// 404: the tenant has no distribution.
pub(crate) fn unknown_tenant(tenant: Option<&TenantId>) -> ApiError {
    let message = format!("Tenant {:?} has no registered distribution in this environment.", name(tenant));
    ApiError::new(StatusCode::NOT_FOUND, "unknown-tenant", message)
}

/// 404: the tenant has no such pack.
pub(crate) fn unknown_pack(PackRequest { tenant, readings, .. }: &PackRequest) -> ApiError {
    let packs: Vec<_> = readings.iter().map(|reading| format!("{:?}", reading.pack.as_str())).collect();
    let packs = packs.join(" or ");
    let message = format!("Tenant {:?} has no image pack {packs}, and no variants of it.", tenant.as_str());
    ApiError::new(StatusCode::NOT_FOUND, "unknown-image-pack", message)
}

/// 404: the tenant has some of the packs not.
pub(crate) fn unknown_packs(tenant: Option<&TenantId>, packs: &[ImagePackId]) -> ApiError {
    let message = format!(
        "Nothing was purged: tenant {:?} has {} of the image packs not, and no variants of them; see details.",
        name(tenant),
        packs.len()
    );
    let details = packs.iter().map(|pack| format!("no image pack {:?}", pack.as_str())).collect();
    ApiError::new(StatusCode::NOT_FOUND, "unknown-image-pack", message).details(details)
}

/// 429: the tenant has begun too many purges.
pub(crate) fn too_many_purges(tenant: Option<&TenantId>, retry_after: Duration) -> ApiError {
    let message = format!(
        "Tenant {:?} has begun too many purges. Send the request again after the seconds in Retry-After. Many packs \
         take less of the allowance in one POST.",
        name(tenant)
    );
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too-many-purges", message).retry_after(retry_after)
}

/// 502: the purge failed. The details are in the log, not in the response.
pub(crate) fn purge_failed(is_queued: bool) -> ApiError {
    let message = if is_queued {
        "The purge could not be completed now. It is in the queue, and the next purge run repeats it."
    } else {
        "The purge could not be started. Nothing was purged, and most likely nothing is queued; send the request again."
    };
    ApiError::new(StatusCode::BAD_GATEWAY, "purge-failed", message)
}

/// 502: some purges of a request were not enqueued.
pub(crate) fn partly_enqueued(written: usize, of: usize) -> ApiError {
    let message = format!("{written} of {of} purges are in the queue. Send the request again: it joins those.");
    ApiError::new(StatusCode::BAD_GATEWAY, "purge-failed", message)
}

fn name(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("", TenantId::as_str)
}
