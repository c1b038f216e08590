//! The caller of a request, and what it may do.

use domain::TenantId;
use domain::access::authorization::{claim_covers, claimed_tenants};
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::ApiError;

/// An admin whose token API Gateway has checked: signature, issuer, audience, expiry and scope. Which tenants it is for
/// is checked here.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The token's subject, which identifies the caller.
    pub subject: String,
    /// The name of the claim that names tenants.
    tenant_claim: String,
    /// What the claim says; `None`: the token does not have it.
    tenants: Option<String>,
}

impl Admin {
    /// The admin who sent `request`; `tenant_claim` is the name of the claim that names their tenants. 401 where the
    /// API's authorizer put no token into the request's context.
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

    /// 403 where the token does not cover `tenant`.
    pub fn check_covers(&self, tenant: &TenantId) -> Result<(), ApiError> {
        if self.tenants.as_ref().is_some_and(|claim| claim_covers(claim, tenant)) {
            return Ok(());
        }
        let message = format!("The token's claim {:?} does not cover tenant {:?}.", self.tenant_claim, tenant.as_str());
        Err(ApiError::new(StatusCode::FORBIDDEN, "tenant-not-covered", message))
    }

    /// The tenant that the token is for, where it is for exactly one. 400 that says how to name one where it is for
    /// several; 403 where it is for none.
    pub fn only_tenant(&self) -> Result<TenantId, ApiError> {
        let tenants = claimed_tenants(self.tenants.as_deref().unwrap_or_default());
        match tenants.as_slice() {
            [tenant] => Ok(tenant.clone()),
            [] => {
                let message = format!("The token's claim {:?} names no tenant.", self.tenant_claim);
                Err(ApiError::new(StatusCode::FORBIDDEN, "tenant-not-covered", message))
            }
            _ => {
                let message = "The token covers several tenants: say which with the parameter `?tenant=<tenant>`.";
                Err(ApiError::new(StatusCode::BAD_REQUEST, "tenant-needed", message))
            }
        }
    }
}

fn unauthorized() -> ApiError {
    let message = "A bearer token is needed: send `Authorization: Bearer <admin token>`.";
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}
