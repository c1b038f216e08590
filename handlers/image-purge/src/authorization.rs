//! Who asks, and whether they may.

use domain::TenantId;
use domain::authorization::claim_covers;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::answer::Refusal;

/// An admin whose token covers the tenant of the path. API Gateway has checked the token's signature, issuer,
/// audience, expiry and scope; which tenants it is for is checked here.
pub(crate) struct Admin {
    /// The token's subject, for the ledger.
    pub(crate) subject: String,
}

impl Admin {
    /// The admin who sent `request`, if they may purge for `tenant`.
    pub(crate) fn of(request: &Request, tenant_claim: &str, tenant: &TenantId) -> Result<Self, Refusal> {
        let RequestContext::ApiGatewayV2(context) = request.request_context() else {
            return Err(Refusal::unauthorized());
        };
        let claims = context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims);
        let claims = claims.ok_or_else(Refusal::unauthorized)?;
        if !claims.get(tenant_claim).is_some_and(|claim| claim_covers(claim, tenant)) {
            return Err(Refusal::forbidden(tenant_claim, tenant));
        }
        Ok(Self { subject: claims.get("sub").cloned().unwrap_or_else(|| "unknown".to_owned()) })
    }
}
