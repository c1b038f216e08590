//! The caller of a request and its permissions.

use domain::TenantId;
use domain::access::authorization::{claim_covers, claimed_tenants};
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::ApiError;

/// The admin who sent a request. API Gateway has validated the token's signature, issuer, audience, expiry and scope;
/// this type checks the tenants that the token covers.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The token's subject, which identifies the admin.
    pub subject: String,
    /// The name of the claim that names tenants.
    tenant_claim: String,
    /// The value of the claim. `None`: the token has no such claim.
    tenants: Option<String>,
}

impl Admin {
    /// Reads the admin from the request's context; `tenant_claim` is the name of the claim that names tenants. 401: the
    /// context has no token of the API's authorizer.
    pub fn of(request: &Request, tenant_claim: &str) -> Result<Self, ApiError> {
        let RequestContext::ApiGatewayV2(context) = request.request_context() else {
            return Err(unauthorized());
        };
        let claims = context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims);
        let claims = claims.ok_or_else(unauthorized)?;
        Ok(Self {
            subject: claims.get("sub").cloned().unwrap_or_else(|| "unknown".to_owned()),
            tenant_claim: tenant_claim.to_owned(),
            tenants: claims.get(tenant_claim).cloned(),
        })
    }

    /// Checks that the token covers `tenant`. 403: it does not.
    pub fn check_covers(&self, tenant: &TenantId) -> Result<(), ApiError> {
        if self.tenants.as_ref().is_some_and(|claim| claim_covers(claim, tenant)) {
            return Ok(());
        }
        let message = format!("The token's claim {:?} does not cover tenant {:?}.", self.tenant_claim, tenant.as_str());
        Err(ApiError::new(StatusCode::FORBIDDEN, "tenant-not-covered", message))
    }

    /// Returns the tenant that the token covers, if it covers exactly one. 400: it covers several. 403: it covers none.
    pub fn only_tenant(&self) -> Result<TenantId, ApiError> {
        let tenants = claimed_tenants(self.tenants.as_deref().unwrap_or_default());
        match tenants.as_slice() {
            [tenant] => Ok(tenant.clone()),
            [] => {
                let message = format!("The token's claim {:?} names no tenant.", self.tenant_claim);
                Err(ApiError::new(StatusCode::FORBIDDEN, "tenant-not-covered", message))
            }
            _ => {
                let message = "The token covers several tenants. Select one with the parameter `?tenant=<tenant>`.";
                Err(ApiError::new(StatusCode::BAD_REQUEST, "tenant-needed", message))
            }
        }
    }
}

fn unauthorized() -> ApiError {
    let message = "The request has no valid bearer token. Send `Authorization: Bearer <admin token>`.";
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}
