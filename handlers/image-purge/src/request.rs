//! One request: its action, its subject and its caller.

use std::collections::BTreeSet;

use contract::Authorizer;
use contract::routes::PurgeRoute;
use domain::image::image_url::parse_image_segment;
use domain::purge::queued_purge::{InvalidPacksError, targets_of_packs};
use domain::{LocationName, Target, TenantId};
use http_api::{Admin, ApiError, check_no_body, check_parameters, json_body};
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use purging::manual_purge::{PackRequest, TargetsRequest};

use crate::tenant_bodies::PurgeBody;

/// The query parameter that requests a preview.
pub(crate) const DRY_RUN: &str = "dryRun";

/// The action of an authorized request.
#[derive(Debug)]
pub(crate) enum Action {
    /// Return the status of a pack's purges.
    PackStatus(PackRequest),
    /// Return the effect that a purge would have.
    PreviewPurge(PackRequest),
    /// Purge a pack.
    PurgePack(PackRequest),
    /// Return the status of a tenant's purges.
    TenantStatus(TenantId),
    /// Return the effect that enqueueing the purges would have.
    PreviewEnqueue(TargetsRequest),
    /// Enqueue purges.
    EnqueuePurges(TargetsRequest),
    /// Return the OpenAPI document.
    ReadOpenApi,
}

impl Action {
    /// Parses `request` and checks that its token covers the tenant. API Gateway reports the declared route, without stage
    /// and mapping. So a path with an empty pack id is another route, never a purge of the tenant.
    pub(crate) fn of(request: &Request, authorizer: &Authorizer) -> Result<Self, ApiError> {
        let RequestContext::ApiGatewayV2(context) = request.request_context() else { return Err(unknown_route()) };
        let route = PurgeRoute::of_key(&context.route_key.unwrap_or_default()).ok_or_else(unknown_route)?;
        let parameters = request.path_parameters();
        let parameter = |name| parameters.first(name).unwrap_or_default();
        let admin = || Admin::of(request, authorizer);
        if route == PurgeRoute::ReadOpenApi {
            admin()?;
            check_no_body(request)?;
            check_parameters(request, &[])?;
            return Ok(Self::ReadOpenApi);
        }
        let tenant = TenantId::parse(parameter("tenant")).map_err(|error| ApiError::invalid(&error))?;
        let pack = |tenant: &TenantId| -> Result<PackRequest, ApiError> {
            let readings = parse_image_segment(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error))?;
            let admin = admin()?;
            admin.check_covers(tenant)?;
            check_no_body(request)?;
            Ok(PackRequest { tenant: tenant.clone(), readings, subject: admin.subject })
        };
        match route {
            PurgeRoute::PackStatus => {
                let pack = pack(&tenant)?;
                check_parameters(request, &[])?;
                Ok(Self::PackStatus(pack))
            }
            PurgeRoute::PurgePack => {
                let pack = pack(&tenant)?;
                Ok(if is_dry_run(request)? { Self::PreviewPurge(pack) } else { Self::PurgePack(pack) })
            }
            PurgeRoute::TenantStatus => {
                admin()?.check_covers(&tenant)?;
                check_no_body(request)?;
                check_parameters(request, &[])?;
                Ok(Self::TenantStatus(tenant))
            }
            PurgeRoute::EnqueuePurges => {
                let admin = admin()?;
                admin.check_covers(&tenant)?;
                let is_dry_run = is_dry_run(request)?;
                let targets = targets(request.body())?;
                let targets = TargetsRequest { tenant, targets, subject: admin.subject };
                Ok(if is_dry_run { Self::PreviewEnqueue(targets) } else { Self::EnqueuePurges(targets) })
            }
            PurgeRoute::ReadOpenApi => Ok(Self::ReadOpenApi),
        }
    }

    /// The tenant, as the log names it.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::PackStatus(pack) | Self::PreviewPurge(pack) | Self::PurgePack(pack) => Some(&pack.tenant),
            Self::PreviewEnqueue(targets) | Self::EnqueuePurges(targets) => Some(&targets.tenant),
            Self::TenantStatus(tenant) => Some(tenant),
            Self::ReadOpenApi => None,
        }
    }

    /// The target, as the log names it, if there is one.
    pub(crate) fn target(&self) -> Option<String> {
        match self {
            Self::PackStatus(pack) | Self::PreviewPurge(pack) | Self::PurgePack(pack) => {
                pack.readings.first().map(|reading| Target::Pack(reading.pack.clone()).to_string())
            }
            Self::PreviewEnqueue(TargetsRequest { targets, .. })
            | Self::EnqueuePurges(TargetsRequest { targets, .. })
                if targets.len() == 1 =>
            {
                targets.first().map(Target::to_string)
            }
            _ => None,
        }
    }
}

/// Unknown query parameters are rejected, so that a misspelt `dryRun` never purges.
fn is_dry_run(request: &Request) -> Result<bool, ApiError> {
    check_parameters(request, &[DRY_RUN])?;
    match request.query_string_parameters().all(DRY_RUN).unwrap_or_default().as_slice() {
        [] | ["false"] => Ok(false),
        ["true"] => Ok(true),
        _ => {
            let message = format!("The parameter {DRY_RUN:?} takes true or false, once.");
            Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid-dry-run", message))
        }
    }
}

/// The targets that the body of a request names. 400: absent or not JSON. 413: too large. 422: invalid.
pub fn targets(body: &Body) -> Result<BTreeSet<Target>, ApiError> {
    let unprocessable = |code, message: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    match json_body(body)? {
        PurgeBody::ImagePacks(ids) => targets_of_packs(&ids).map_err(|error| match error {
            InvalidPacksError::Count(_) => unprocessable("invalid-body", format!("In \"imagePacks\", {error}.")),
            InvalidPacksError::Ids(errors) => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                let message =
                    format!("Nothing was purged: {} of the image packs are invalid; see details.", errors.len());
                unprocessable("invalid-identifier", message).details(errors)
            }
        }),
        PurgeBody::Location(name) => {
            let name = LocationName::parse(&name).map_err(|error| ApiError::invalid(&error))?;
            Ok([Target::Location(name)].into())
        }
        PurgeBody::Everything(true) => Ok([Target::Tenant].into()),
        PurgeBody::Everything(false) => Err(unprocessable(
            "invalid-body",
            "\"everything\" takes true only. Name \"imagePacks\" or \"location\" to purge less.".to_owned(),
        )),
    }
}

fn unknown_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "unknown-route", "The purge API has no such route.")
}
