//! Responses, in JSON.

use std::time::Duration;

use domain::purge::ledger::LedgerRow;
use domain::purge::purge_preview::{PRICE_PER_ITEM_USD_MILLIS, PURGES_PER_DELETE, QuotaUse};
use domain::purge::purge_status::{Pending, Running};
use domain::{Target, TenantId, Timestamp};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use purging::manual_purge::{PackRequest, PackStatus, Preview, Purged};
use serde_json::{Value, json};

/// 202: CloudFront has accepted the invalidation and executes it.
pub(crate) fn accepted(purged: Purged) -> Response<Body> {
    let Purged { pack, request, invalidation, is_joined } = purged;
    // A purge run sends the final purges of several packs in one request.
    let target = Target::Pack(pack.clone());
    let entry = request.entries.iter().find(|entry| entry.target == target);
    let body = json!({
        "tenant": request.for_tenant,
        "imagePackId": pack,
        "joined": is_joined,
        "variantsDeleted": entry.map(|entry| entry.variants_deleted),
        "invalidation": {
            "id": invalidation.id,
            "status": invalidation.status,
            "distributionId": request.distribution.invalidated_id(),
            "items": request.items,
        },
        "finalPurge": "The pack is purged once more after the settle delay, in case an image was rendered meanwhile.",
    });
    http_api::json(StatusCode::ACCEPTED, &body)
}

/// 200: the effect that a purge would have.
pub(crate) fn preview(Preview { pack, request, stored, joined }: &Preview) -> Response<Body> {
    let dollars = |millis: u32| json!(f64::from(millis) / 1000.0);
    let per_purge = request.price_per_purge_usd_millis;
    let body = json!({
        "dryRun": true,
        "tenant": request.tenant,
        "imagePackId": pack,
        "wouldJoin": joined.as_ref().map(|joined| json!({"invalidationId": joined.invalidation_id})),
        "wouldDelete": {"variants": stored.count, "firstKeys": stored.first},
        "wouldInvalidate": {"distributionId": request.distribution_id, "items": request.items},
        "quota": {
            "exactItems": quota(request.exact_items),
            "wildcards": quota(request.wildcards),
        },
        "priceUsd": {
            "perItem": dollars(PRICE_PER_ITEM_USD_MILLIS),
            "earlyPurge": dollars(per_purge),
            "finalPurge": dollars(per_purge),
            "together": dollars(per_purge * PURGES_PER_DELETE),
            "note": "The first 1,000 items of an account in a month are free.",
        },
        "note": "Nothing was purged and nothing was written. Without dryRun, this request purges.",
    });
    http_api::json(StatusCode::OK, &body)
}

fn quota(used: QuotaUse) -> Value {
    json!({"inProgress": used.in_progress, "needed": used.needed, "quota": used.quota, "leftAfterwards": used.left()})
}

/// 200: the status of the purges of a pack.
pub(crate) fn status(request: &PackRequest, PackStatus { pack, status }: &PackStatus) -> Response<Body> {
    let body = json!({
        "tenant": request.tenant,
        "imagePackId": pack,
        "verdict": status.verdict,
        "pending": status.pending.iter().map(pending).collect::<Vec<_>>(),
        "running": status.running.iter().map(running).collect::<Vec<_>>(),
        "lastCompleted": status.last_completed.as_ref().map(completed),
    });
    http_api::json(StatusCode::OK, &body)
}

fn pending(pending: &Pending) -> Value {
    let mut json = json!({
        "target": pending.target,
        "changes": pending.cause.changes,
        "firstChangeAt": utc(pending.cause.first_event_at),
        "reasons": pending.cause.reasons,
        "requestedBy": pending.cause.requested_by,
        "settlesAt": utc(pending.settles_at),
        "waitsFor": pending.waits_for.unwrap_or("nothing: its purge is due"),
        "waitsUntil": pending.waits_until.map(utc),
        "earlyPurges": pending.early_purge_count,
    });
    if let Some(count) = pending.variants_deleted_so_far {
        json["variantsDeletedSoFar"] = json!(count);
    }
    json
}

fn running(running: &Running) -> Value {
    json!({
        "target": running.target,
        "isFinalPurge": running.is_final,
        "startedAt": utc(running.since),
        "variantsDeleted": running.variants_deleted,
        "invalidation": running.invalidation_id.as_ref().map(|id| json!({
            "id": id,
            "status": running.invalidation_status.as_deref().unwrap_or("unknown to CloudFront"),
        })),
    })
}

fn completed(row: &LedgerRow) -> Value {
    json!({
        "target": row.target,
        "changes": row.cause.changes,
        "firstChangeAt": utc(row.cause.first_event_at),
        "reasons": row.cause.reasons,
        "requestedBy": row.cause.requested_by,
        "startedAt": utc(row.started_at),
        "completedAt": row.completed_at.map(utc),
        "variantsDeleted": row.variants_deleted,
        "invalidationId": row.invalidation_id,
        "newVariantSeenAt": row.refill_seen_at.map(utc),
    })
}

/// A time in RFC 3339: `2026-11-24T18:00:00.5Z`.
fn utc(time: Timestamp) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| "never".to_owned(), |time| time.to_string())
}

/// 502: a service that this function calls failed before the purge.
pub(crate) fn unavailable() -> ApiError {
    let message = "The request could not be processed now. Nothing was purged; send it again.";
    ApiError::new(StatusCode::BAD_GATEWAY, "unavailable", message)
}

/// 404: the tenant has no distribution.
pub(crate) fn unknown_tenant(tenant: &TenantId) -> ApiError {
    let message = format!("Tenant {:?} has no registered distribution in this environment.", tenant.as_str());
    ApiError::new(StatusCode::NOT_FOUND, "unknown-tenant", message)
}

/// 404: the tenant has no such pack.
pub(crate) fn unknown_pack(PackRequest { tenant, readings, .. }: &PackRequest) -> ApiError {
    let packs: Vec<_> = readings.iter().map(|reading| format!("{:?}", reading.pack.as_str())).collect();
    let packs = packs.join(" or ");
    let message = format!("Tenant {:?} has no image pack {packs}, and no variants of it.", tenant.as_str());
    ApiError::new(StatusCode::NOT_FOUND, "unknown-image-pack", message)
}

/// 429: the tenant has begun too many purges.
pub(crate) fn too_many_purges(tenant: &TenantId, retry_after: Duration) -> ApiError {
    let message = format!(
        "Tenant {:?} has begun too many purges. Send the request again after the seconds in Retry-After. To purge many \
         packs at once, force their image location.",
        tenant.as_str()
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
