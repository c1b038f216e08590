//! The caller of a request and its permissions.

use contract::Authorizer;
use domain::TenantId;
use domain::access::authorization::{claim_covers, claim_names, claimed_tenants};
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use serde_json::Value;

use crate::ApiError;

/// The admin who sent a request. A JWT authorizer has validated the token's signature, issuer, audience, expiry and scope;
/// a Lambda authorizer has validated the token. This type checks the scopes of the latter, and the tenants of both.
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
    /// Reads the admin from what `authorizer` has added to the request's context. 401: it has added nothing. 403: a Lambda
    /// authorizer has not named the scope.
    pub fn of(request: &Request, authorizer: &Authorizer) -> Result<Self, ApiError> {
        let RequestContext::ApiGatewayV2(context) = request.request_context() else {
            return Err(unauthorized());
        };
        let added = context.authorizer.ok_or_else(unauthorized)?;
        let (subject, tenant_claim, tenants) = match authorizer {
            Authorizer::Jwt { tenant_claim } => {
                let claims = added.jwt.ok_or_else(unauthorized)?.claims;
                (claims.get("sub").cloned(), tenant_claim, claims.get(tenant_claim).cloned())
            }
            Authorizer::Lambda { tenant_key, scope_key, subject_key, scope } => {
                if added.fields.is_empty() {
                    return Err(unauthorized());
                }
                let text = |key: &String| added.fields.get(key).filter(|value| !value.is_null()).map(text);
                if !text(scope_key).is_some_and(|scopes| claim_names(&scopes, scope)) {
                    let message = format!("The token's {scope_key:?} does not name the scope {scope:?}.");
                    return Err(ApiError::new(StatusCode::FORBIDDEN, "scope-missing", message));
                }
                (text(subject_key), tenant_key, text(tenant_key))
            }
        };
        let subject = subject.unwrap_or_else(|| "unknown".to_owned());
        Ok(Self { subject, tenant_claim: tenant_claim.clone(), tenants })
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

/// A value as a claim's text: a list is a JSON array.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn unauthorized() -> ApiError {
    let message = "The request has no valid bearer token. Send `Authorization: Bearer <admin token>`.";
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}
