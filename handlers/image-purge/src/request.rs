//! One request: its action, its pack and its caller.

use contract::Authorizer;
use domain::image::image_url::parse_image_segment;
use domain::{Target, TenantId};
use http_api::{Admin, ApiError, check_no_body, check_parameters};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Request, RequestExt};
use purging::manual_purge::PackRequest;

/// The query parameter that requests a preview.
const DRY_RUN: &str = "dryRun";

/// The action that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Return the status of the pack's purges.
    Status,
    /// Return the effect that a purge would have.
    Preview,
    /// Purge the pack.
    Purge,
}

/// An authorized request.
#[derive(Debug)]
pub(crate) struct AdminRequest {
    pub(crate) action: Action,
    pub(crate) pack: PackRequest,
}

impl AdminRequest {
    /// Parses `request` and checks that its token covers the tenant.
    pub(crate) fn of(request: &Request, authorizer: &Authorizer) -> Result<Self, ApiError> {
        let parameters = request.path_parameters();
        let parameter = |name| parameters.first(name).unwrap_or_default();
        let tenant = TenantId::parse(parameter("tenant")).map_err(|error| ApiError::invalid(&error))?;
        let readings = parse_image_segment(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error))?;
        let admin = Admin::of(request, authorizer)?;
        admin.check_covers(&tenant)?;
        let pack = PackRequest { tenant, readings, subject: admin.subject };
        Ok(Self { action: action(request)?, pack })
    }

    /// The pack, as the log names it.
    pub(crate) fn target(&self) -> Option<String> {
        self.pack.readings.first().map(|reading| Target::Pack(reading.pack.clone()).to_string())
    }
}

/// Unknown query parameters are rejected, so that a misspelt `dryRun` never purges.
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
