//! The action of a request, by the route that API Gateway matched.

use admin_api::ApiError;
use domain::image::image_place::ImagePlace;
use domain::{ImagePackId, LocationName, Target, TenantId};
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
        let route = context.route_key.unwrap_or_default();
        let (method, path) = route.split_once(" /adminAPI/").ok_or_else(unknown_route)?;
        let parameters = request.path_parameters();
        let parameter = |name: &str| parameters.first(name).unwrap_or_default();
        if let Some(resource) = path.strip_prefix("imagePacks/{imagePackId}/imageLocations/{location}") {
            let place = ImagePlace {
                tenant: tenant.clone(),
                pack: ImagePackId::parse(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error))?,
                location: LocationName::parse(parameter("location")).map_err(|error| ApiError::invalid(&error))?,
            };
            return Self::of_image(method, resource, place, parameter("uploadId"));
        }
        let pack = || ImagePackId::parse(parameter("imagePackId")).map_err(|error| ApiError::invalid(&error));
        let location = || LocationName::parse(parameter("name")).map_err(|error| ApiError::invalid(&error));
        match (method, path) {
            ("GET", "imagePacks") => Ok(Self::ListPacks),
            ("POST", "imagePacks") => Ok(Self::CreatePack),
            ("GET", "imagePacks/{imagePackId}") => pack().map(Self::ReadPack),
            ("PATCH", "imagePacks/{imagePackId}") => pack().map(Self::DescribePack),
            ("DELETE", "imagePacks/{imagePackId}") => pack().map(Self::RemovePack),
            ("GET", "imageLocationConfig/{name}") => location().map(Self::ReadLocationConfig),
            ("PUT", "imageLocationConfig/{name}") => location().map(Self::SaveLocationConfig),
            _ => Err(unknown_route()),
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

    fn of_image(method: &str, resource: &str, place: ImagePlace, upload: &str) -> Result<Self, ApiError> {
        match (method, resource) {
            ("DELETE", "") => Ok(Self::RemoveImage(place)),
            ("PUT", "/crop") => Ok(Self::SetCrop(place)),
            ("DELETE", "/crop") => Ok(Self::RemoveCrop(place)),
            ("PUT", "/original") => Ok(Self::StoreOriginal(place)),
            ("POST", "/uploads") => Ok(Self::PrepareUpload(place)),
            ("POST", "/uploads/{uploadId}/confirm") => Ok(Self::ConfirmUpload(place, upload.to_owned())),
            ("POST", "/fetchImage") => Ok(Self::FetchImage(place)),
            _ => Err(unknown_route()),
        }
    }
}

fn unknown_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "unknown-route", "The management API has no such route.")
}
