//! The action of a request, by the route that API Gateway chose.

use admin_api::ApiError;
use contract::routes::ManagementRoute;
use domain::image::image_place::ImagePlace;
use domain::{ImagePackId, LocationName, TenantId};
use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

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
    /// Reads the route and its parameters. The route's key is the one that the app declares, independent of the stage or
    /// mapping in front of the path.
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

    /// The query parameters that it takes.
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
