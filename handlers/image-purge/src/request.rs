//! One request: its action and its caller.

use admin_api::{Admin, ApiError, check_no_body, check_parameters};
use domain::TenantId;
use domain::image::image_url::{Reading, parse_image_segment};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Request, RequestExt};

/// The parameter that requests a preview of a purge.
const DRY_RUN: &str = "dryRun";

/// What is to be done about a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Say where its purge stands.
    Status,
    /// Say what purging it would do.
    Preview,
    /// Purge it.
    Purge,
}

/// One request that may be carried out.
#[derive(Debug)]
pub(crate) struct AdminRequest {
    pub(crate) action: Action,
    pub(crate) admin: Admin,
    pub(crate) tenant: TenantId,
    /// The packs that the path may mean, the likeliest first.
    pub(crate) readings: Vec<Reading>,
}

impl AdminRequest {
    /// Reads `request`, if who sent it may act for its tenant.
    pub(crate) fn of(request: &Request, tenant_claim: &str) -> Result<Self, ApiError> {
        let parameters = request.path_parameters();
        let parameter = |name| parameters.first(name).unwrap_or_default();
        let tenant = TenantId::parse(parameter("tenant")).map_err(|error| ApiError::invalid(&error))?;
        let readings = parse_image_segment(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error))?;
        let admin = Admin::of(request, tenant_claim)?;
        admin.check_covers(&tenant)?;
        Ok(Self { action: action(request)?, admin, tenant, readings })
    }
}

/// A parameter that is misspelt must not purge what was only to be looked at.
fn action(request: &Request) -> Result<Action, ApiError> {
    check_no_body(request)?;
    match *request.method() {
        Method::GET => {
            check_parameters(request, &[])?;
            Ok(Action::Status)
        }
        Method::DELETE => {
            check_parameters(request, &[DRY_RUN])?;
            match request.query_string_parameters().all(DRY_RUN).unwrap_or_default().as_slice() {
                [] | ["false"] => Ok(Action::Purge),
                ["true"] => Ok(Action::Preview),
                _ => {
                    let message = format!("The parameter {DRY_RUN:?} takes true or false, once.");
                    Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid-dry-run", message))
                }
            }
        }
        _ => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "unknown-route",
            "Image packs are read with GET and purged with DELETE.",
        )),
    }
}
