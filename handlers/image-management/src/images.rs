//! `…/imageLocations/{location}` and its crop.

use domain::editing::pack_edit::PackEdit;
use domain::image::image_pack::Crop;
use domain::image::image_place::ImagePlace;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;
use crate::response;

/// The part of an original to show, in pixels of the upright image.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCrop {
    /// Pixels from the left edge.
    x: u32,
    /// Pixels from the upper edge.
    y: u32,
    /// Width in pixels.
    #[schema(minimum = 1)]
    width: u32,
    /// Height in pixels.
    #[schema(minimum = 1)]
    height: u32,
}

impl Handler {
    pub(crate) async fn remove_image(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        self.carry_out(request, place, PackEdit::RemoveImage(place.location.clone())).await
    }

    pub(crate) async fn set_crop(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        let NewCrop { x, y, width, height } = http_api::json_body(request.http.body())?;
        let crop = Crop { x, y, width, height };
        self.carry_out(request, place, PackEdit::SetCrop { location: place.location.clone(), crop }).await
    }

    pub(crate) async fn remove_crop(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        self.carry_out(request, place, PackEdit::RemoveCrop(place.location.clone())).await
    }

    async fn carry_out(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
        edit: PackEdit,
    ) -> Result<Response<Body>, ManagementError> {
        let edited = self.edit(request, &place.pack, &edit).await?;
        self.release(place, edited.released).await;
        Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &edited.pack))
    }
}
