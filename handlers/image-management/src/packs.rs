//! `…/imagePacks` and `…/imagePacks/{imagePackId}`.

use aws_adapters::managed_items::Expected;
use domain::editing::managed_pack::ManagedPack;
use domain::editing::pack_description::{AssetId, NewPack, Title};
use domain::editing::pack_edit::{Assignment, PackEdit};
use domain::image::image_place::ImagePlace;
use domain::{ImagePackId, Target};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::json;
use tracing::Span;
use tracing::field::display;
use uuid::Uuid;

use crate::edit::{ATTEMPTS_MAX, busy, pause};
use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;
use crate::response;

/// The default size of a page, in packs.
pub(crate) const PAGE_DEFAULT: u8 = 50;

/// The largest page, in packs.
pub(crate) const PAGE_MAX: u8 = 100;

impl Handler {
    pub(crate) async fn list_packs(&self, request: &AdminRequest<'_>) -> Result<Response<Body>, ManagementError> {
        let limit = match request.parameter("limit")?.map(|limit| limit.parse()) {
            None => PAGE_DEFAULT,
            Some(Ok(limit @ 1..=PAGE_MAX)) => limit,
            Some(_) => {
                let message = format!("The parameter \"limit\" takes a number from 1 to {PAGE_MAX}.");
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid-limit", message).into());
            }
        };
        let after = request.parameter("after")?.map(|after| ImagePackId::parse(&after)).transpose();
        let after = after.map_err(|error| ApiError::invalid(&error))?;
        let page = self.items.page(&request.tenant, after.as_ref(), limit).await?;
        Ok(response::packs(&request.tenant, &page))
    }

    pub(crate) async fn create_pack(&self, request: &AdminRequest<'_>) -> Result<Response<Body>, ManagementError> {
        let new: NewPack = http_api::optional_json_body(request.http.body())?.unwrap_or_default();
        let id = match new.image_pack_id {
            Some(id) => id,
            None => ImagePackId::parse(&Uuid::new_v4().to_string()).map_err(|error| ApiError::invalid(&error))?,
        };
        let texts =
            [("assetId", new.asset_id.as_ref().map(AssetId::as_str)), ("title", new.title.as_ref().map(Title::as_str))];
        let texts = texts.into_iter().filter_map(|(name, text)| Some(Assignment::set([name], json!(text?))));
        let assignments = [Assignment::set(["imageLocations"], json!({}))].into_iter().chain(texts).collect();
        let target = Target::Pack(id.clone());
        Span::current().record("target", display(&target));
        let written: Option<ManagedPack> =
            self.items.write(&request.tenant, &target, assignments, Expected::Absent, request.editor()).await?;
        if let Some(pack) = written {
            return Ok(response::pack(StatusCode::CREATED, &request.tenant, &id, &pack));
        }
        let revision = self.pack(request, &id).await?.revision;
        let message = format!("Tenant {:?} already has an image pack {:?}.", request.tenant.as_str(), id.as_str());
        Err(ApiError::new(StatusCode::CONFLICT, "exists", message).at_revision(revision).into())
    }

    pub(crate) async fn read_pack(
        &self,
        request: &AdminRequest<'_>,
        id: &ImagePackId,
    ) -> Result<Response<Body>, ManagementError> {
        let pack = self.pack(request, id).await?;
        Ok(response::pack(StatusCode::OK, &request.tenant, id, &pack))
    }

    pub(crate) async fn describe_pack(
        &self,
        request: &AdminRequest<'_>,
        id: &ImagePackId,
    ) -> Result<Response<Body>, ManagementError> {
        let edit = PackEdit::Describe(http_api::json_body(request.http.body())?);
        let edited = self.edit(request, id, &edit).await?;
        Ok(response::pack(StatusCode::OK, &request.tenant, id, &edited.pack))
    }

    /// Removes the item before the originals, so that no pack shows a deleted original.
    pub(crate) async fn remove_pack(
        &self,
        request: &AdminRequest<'_>,
        id: &ImagePackId,
    ) -> Result<Response<Body>, ManagementError> {
        let target = Target::Pack(id.clone());
        let mut pack = self.pack(request, id).await?;
        for attempt in 0..ATTEMPTS_MAX {
            pause(attempt).await;
            request.check_revision(pack.revision)?;
            let is_removed = self.items.remove(&request.tenant, &target, pack.revision).await?;
            // The SDK retries a removal whose response was lost, and then finds no item.
            let left = if is_removed { None } else { self.items.read(&request.tenant, &target).await? };
            let Some(left) = left else {
                self.release_all(request, id, pack).await;
                return Ok(response::no_content());
            };
            pack = left;
        }
        Err(busy(pack.revision).into())
    }

    async fn release_all(&self, request: &AdminRequest<'_>, id: &ImagePackId, pack: ManagedPack) {
        for (location, image) in pack.image_locations {
            let place = ImagePlace { tenant: request.tenant.clone(), pack: id.clone(), location };
            self.release(&place, Some(image.original.key)).await;
        }
    }
}
