//! What an admin gets back: JSON that says what was done or what is wrong.

use admin_api::Refusal;
use domain::image_url::Reading;
use domain::ledger::Invalidation;
use domain::purge_request::PurgeRequest;
use domain::{ImagePackId, TenantId};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::json;

/// A purge that was carried out.
pub(crate) struct Done {
    pub(crate) pack: ImagePackId,
    pub(crate) request: PurgeRequest,
    pub(crate) invalidation: Invalidation,
    pub(crate) variants_deleted: u64,
}

impl Done {
    /// 202: CloudFront has accepted the invalidation and is carrying it out.
    pub(crate) fn into_response(self) -> Response<Body> {
        let body = json!({
            "tenant": self.request.for_tenant,
            "imagePackId": self.pack,
            "variantsDeleted": self.variants_deleted,
            "invalidation": {
                "id": self.invalidation.id,
                "status": self.invalidation.status,
                "distributionId": self.request.distribution.distribution_id,
                "items": self.request.items,
            },
            "followUp": "The next scheduled run purges the pack once more, in case a picture was being made meanwhile.",
        });
        admin_api::json(StatusCode::ACCEPTED, &body)
    }
}

pub(crate) fn unknown_tenant(tenant: &TenantId) -> Refusal {
    let message = format!("Tenant {:?} has no registered distribution in this environment.", tenant.as_str());
    Refusal::new(StatusCode::NOT_FOUND, "unknown-tenant", message)
}

pub(crate) fn unknown_pack(tenant: &TenantId, readings: &[Reading]) -> Refusal {
    let packs: Vec<_> = readings.iter().map(|reading| format!("{:?}", reading.pack.as_str())).collect();
    let packs = packs.join(" or ");
    let message = format!("Tenant {:?} has no image pack {packs}, and no variants of it.", tenant.as_str());
    Refusal::new(StatusCode::NOT_FOUND, "unknown-image-pack", message)
}

/// 502: something behind this function failed. The details are in the log, not in the answer.
pub(crate) fn of_failure(is_queued: bool) -> Refusal {
    let message = if is_queued {
        "The purge could not be completed now. It is in the queue, and the next scheduled run repeats it."
    } else {
        "The purge could not be started. Nothing was purged, and most likely nothing is queued; send the request again."
    };
    Refusal::new(StatusCode::BAD_GATEWAY, "purge-failed", message)
}
