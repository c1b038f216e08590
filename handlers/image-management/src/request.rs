//! The parts of a request that every route uses: caller, tenant, context and revision.

use aws_adapters::managed_items::Editor;
use contract::Authorizer;
use domain::{Context, TenantId};
use http_api::{Admin, ApiError};
use lambda_http::http::StatusCode;
use lambda_http::http::header::IF_MATCH;
use lambda_http::{Request, RequestExt};

/// A request of an admin.
pub(crate) struct AdminRequest<'a> {
    pub(crate) http: &'a Request,
    pub(crate) context: &'a Context,
    pub(crate) admin: Admin,
    pub(crate) tenant: TenantId,
    /// The revision in `If-Match`, which a write requires.
    if_match: Option<u64>,
}

impl<'a> AdminRequest<'a> {
    /// Parses `request` and checks that its token covers the tenant.
    pub(crate) fn of(request: &'a Request, context: &'a Context, authorizer: &Authorizer) -> Result<Self, ApiError> {
        let admin = Admin::of(request, authorizer)?;
        let tenant = match parameter(request, "tenant")? {
            None => admin.only_tenant()?,
            Some(tenant) => {
                let tenant = TenantId::parse(&tenant).map_err(|error| ApiError::invalid(&error))?;
                admin.check_covers(&tenant)?;
                tenant
            }
        };
        let if_match = if_match(request)?;
        Ok(Self { http: request, context, admin, tenant, if_match })
    }

    /// Returns the value of a query parameter. 400: it is given several times.
    pub(crate) fn parameter(&self, name: &str) -> Result<Option<String>, ApiError> {
        parameter(self.http, name)
    }

    /// The author and time of a write.
    pub(crate) fn editor(&self) -> Editor<'_> {
        Editor { subject: &self.admin.subject, request_id: &self.context.id, now: self.context.now }
    }

    /// Checks `If-Match` against the item's revision. 409: they differ.
    pub(crate) fn check_revision(&self, current: u64) -> Result<(), ApiError> {
        match self.if_match {
            Some(expected) if expected != current => {
                let message = format!("The item has changed since revision {expected}. Its revision is {current} now.");
                Err(ApiError::new(StatusCode::CONFLICT, "revision-conflict", message).at_revision(current))
            }
            _ => Ok(()),
        }
    }
}

fn parameter(request: &Request, name: &str) -> Result<Option<String>, ApiError> {
    let parameters = request.query_string_parameters();
    match parameters.all(name).unwrap_or_default().as_slice() {
        [] => Ok(None),
        [value] => Ok(Some((*value).to_owned())),
        _ => {
            let message = format!("The parameter {name:?} is given several times.");
            Err(ApiError::new(StatusCode::BAD_REQUEST, "repeated-parameter", message))
        }
    }
}

/// The revision of `If-Match: "<revision>"`.
fn if_match(request: &Request) -> Result<Option<u64>, ApiError> {
    let Some(value) = request.headers().get(IF_MATCH) else { return Ok(None) };
    let quoted = value.to_str().ok().and_then(|value| value.trim().strip_prefix('"')?.strip_suffix('"'));
    let revision = quoted.and_then(|revision| revision.parse().ok());
    let message = "If-Match takes one revision in quotes, as in the ETag of a response: `If-Match: \"7\"`.";
    revision.map(Some).ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "invalid-if-match", message))
}
