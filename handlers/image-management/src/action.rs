//! The action of a request, by the route that API Gateway matched.

use contract::routes::ManagementRoute;
use domain::image::image_place::ImagePlace;
use domain::{ImagePackId, LocationName, Target, TenantId};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use tracing::Span;
use tracing::field::display;

/// The action of a request.
#[derive(Debug)]
pub(crate) enum Action {
    ListPacks,
    CreatePack,
    ReadPack(ImagePackId),
    DescribePack(ImagePackId),
    RemovePack(ImagePackId),
    RemoveImage(ImagePlace),
    SetCrop(ImagePlace),
    RemoveCrop(ImagePlace),
    StoreOriginal(ImagePlace),
    PrepareUpload(ImagePlace),
    ConfirmUpload(ImagePlace, String),
    FetchImage(ImagePlace),
    ReadLocationConfig(LocationName),
    SaveLocationConfig(LocationName),
}

impl Action {
    /// Parses the route and its parameters. API Gateway reports the declared route, without stage and mapping.
    pub(crate) fn of(request: &Request, tenant: &TenantId) -> Result<Self, ApiError> {
        let RequestContext::ApiGatewayV2(context) = request.request_context() else {
            return Err(unknown_route());
        };
        let route = ManagementRoute::of_key(&context.route_key.unwrap_or_default()).ok_or_else(unknown_route)?;
        let parameters = request.path_parameters();
        let parameter = |name: &str| parameters.first(name).unwrap_or_default();
        let pack = || ImagePackId::parse(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error));
        let location = |name| LocationName::parse(parameter(name)).map_err(|error| ApiError::invalid(&error));
        let place = || Ok(ImagePlace { tenant: tenant.clone(), pack: pack()?, location: location("location")? });
        match route {
            ManagementRoute::ListPacks => Ok(Self::ListPacks),
            ManagementRoute::CreatePack => Ok(Self::CreatePack),
            ManagementRoute::ReadPack => pack().map(Self::ReadPack),
            ManagementRoute::DescribePack => pack().map(Self::DescribePack),
            ManagementRoute::RemovePack => pack().map(Self::RemovePack),
            ManagementRoute::RemoveImage => place().map(Self::RemoveImage),
            ManagementRoute::SetCrop => place().map(Self::SetCrop),
            ManagementRoute::RemoveCrop => place().map(Self::RemoveCrop),
            ManagementRoute::StoreOriginal => place().map(Self::StoreOriginal),
            ManagementRoute::PrepareUpload => place().map(Self::PrepareUpload),
            ManagementRoute::ConfirmUpload => Ok(Self::ConfirmUpload(place()?, parameter("uploadId").to_owned())),
            ManagementRoute::FetchImage => place().map(Self::FetchImage),
            ManagementRoute::ReadLocationConfig => location("name").map(Self::ReadLocationConfig),
            ManagementRoute::SaveLocationConfig => location("name").map(Self::SaveLocationConfig),
        }
    }

    /// Adds the tenant and the item that the action concerns to `span`.
    pub(crate) fn record_in(&self, span: &Span, tenant: &TenantId) {
        span.record("tenant", display(tenant));
        let (target, location) = match self {
            // The id of a new pack is in the body, or is assigned.
            Self::ListPacks | Self::CreatePack => (None, None),
            Self::ReadPack(id) | Self::DescribePack(id) | Self::RemovePack(id) => {
                (Some(Target::Pack(id.clone())), None)
            }
            Self::RemoveImage(place)
            | Self::SetCrop(place)
            | Self::RemoveCrop(place)
            | Self::StoreOriginal(place)
            | Self::PrepareUpload(place)
            | Self::ConfirmUpload(place, _)
            | Self::FetchImage(place) => (Some(Target::Pack(place.pack.clone())), Some(&place.location)),
            Self::ReadLocationConfig(name) | Self::SaveLocationConfig(name) => {
                (Some(Target::Location(name.clone())), Some(name))
            }
        };
        if let Some(target) = target {
            span.record("target", display(target));
        }
        if let Some(location) = location {
            span.record("location", display(location));
        }
    }

    /// The query parameters of the action.
    pub(crate) const fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::ListPacks => &["tenant", "limit", "after"],
            Self::SaveLocationConfig(_) => &["tenant", "force"],
            _ => &["tenant"],
        }
    }
}

fn unknown_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "unknown-route", "The management API has no such route.")
}
