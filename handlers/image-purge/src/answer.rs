//! What an admin gets back: JSON that says what was done or what is wrong.

use domain::ledger::Invalidation;
use domain::planner::Batch;
use domain::{ImagePackId, InvalidIdentifier, TenantId};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::{Value, json};

/// A purge that was carried out.
pub(crate) struct Done {
    pub(crate) pack: ImagePackId,
    pub(crate) batch: Batch,
    pub(crate) invalidation: Invalidation,
    pub(crate) variants_deleted: u64,
}

/// A request that is not carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// A word for programs.
    code: &'static str,
    /// A sentence for people.
    message: String,
}

impl Done {
    /// 202: CloudFront has accepted the invalidation and is carrying it out.
    pub(crate) fn into_response(self) -> Response<Body> {
        let items: Vec<_> = self.batch.items.iter().map(ToString::to_string).collect();
        let body = json!({
            "tenant": self.batch.tenant,
            "imagePackId": self.pack,
            "variantsDeleted": self.variants_deleted,
            "invalidation": {
                "id": self.invalidation.id,
                "status": self.invalidation.status,
                "distributionId": self.batch.distribution.distribution_id,
                "items": items,
            },
            "followUp": "The next scheduled run purges the pack once more, in case a picture was being made meanwhile.",
        });
        response(StatusCode::ACCEPTED, &body)
    }
}

impl Refusal {
    pub(crate) fn invalid(error: &InvalidIdentifier) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: "invalid-identifier", message: error.to_string() }
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "A bearer token is needed: send `Authorization: Bearer <admin token>`.".to_owned();
        Self { status: StatusCode::UNAUTHORIZED, code: "unauthorized", message }
    }

    pub(crate) fn forbidden(tenant_claim: &str, tenant: &TenantId) -> Self {
        let message = format!("The token's claim {tenant_claim:?} does not cover tenant {:?}.", tenant.as_str());
        Self { status: StatusCode::FORBIDDEN, code: "tenant-not-covered", message }
    }

    pub(crate) fn unknown_tenant(tenant: &TenantId) -> Self {
        let message = format!("Tenant {:?} has no registered distribution in this environment.", tenant.as_str());
        Self { status: StatusCode::NOT_FOUND, code: "unknown-tenant", message }
    }

    pub(crate) fn unknown_pack(tenant: &TenantId, pack: &ImagePackId) -> Self {
        let message =
            format!("Tenant {:?} has no image pack {:?}, and no variants of it.", tenant.as_str(), pack.as_str());
        Self { status: StatusCode::NOT_FOUND, code: "unknown-image-pack", message }
    }

    /// 502: something behind this function failed. The details are in the log, not in the answer.
    pub(crate) fn of_failure(is_queued: bool) -> Self {
        let message = if is_queued {
            "The purge could not be completed now. It is in the queue, and the next scheduled run repeats it."
        } else {
            "The purge could not be started. Nothing was purged or queued; send the request again."
        };
        Self { status: StatusCode::BAD_GATEWAY, code: "purge-failed", message: message.to_owned() }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        response(self.status, &json!({"error": {"code": self.code, "message": self.message}}))
    }
}

fn response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", lambda_http::http::HeaderValue::from_static("application/json"));
    headers.insert("cache-control", lambda_http::http::HeaderValue::from_static("no-store"));
    response
}
