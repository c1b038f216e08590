//! Handles one request.

use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use contract::Authorizer;
use domain::Context;
use http_api::check_parameters;
use lambda_http::{Body, Request, Response};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::action::Action;
use crate::fetch::Fetcher;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;

/// The handler of the management API.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The image-pack table: packs and configurations of locations.
    pub items: ManagedItems,
    /// The bucket of originals.
    pub originals: OriginalsBucket,
    /// The uploads that are not confirmed yet.
    pub uploads: UploadArea,
    /// Fetches images from the internet.
    pub fetcher: Fetcher,
    /// The API's authorizer.
    pub authorizer: Authorizer,
}

impl Handler {
    /// Responds to one request with JSON or without a body.
    pub async fn handle(&self, request: &Request, context: &Context) -> Response<Body> {
        let request_id = &context.id;
        // At ERROR, so that no log level hides the fields.
        let span = tracing::error_span!("management", request_id, tenant = Empty, target = Empty, location = Empty);
        self.respond_or_reject(request, context).instrument(span).await
    }

    async fn respond_or_reject(&self, request: &Request, context: &Context) -> Response<Body> {
        match self.respond(request, context).await {
            Ok(response) => response,
            Err(error) => {
                match &error {
                    ManagementError::Rejected(error) => tracing::info!(?error, "request rejected"),
                    ManagementError::Call(_) | ManagementError::Read(_) | ManagementError::Write(_) => {
                        tracing::error!(%error, "request failed");
                    }
                }
                error.into_api_error().into_response()
            }
        }
    }

    async fn respond(&self, http: &Request, context: &Context) -> Result<Response<Body>, ManagementError> {
        let request = &AdminRequest::of(http, context, &self.authorizer)?;
        let action = Action::of(http, &request.tenant)?;
        action.record_in(&Span::current(), &request.tenant);
        check_parameters(http, action.parameters())?;
        tracing::info!(subject = request.admin.subject, ?action, "request accepted");
        match action {
            Action::ListPacks => self.list_packs(request).await,
            Action::CreatePack => self.create_pack(request).await,
            Action::ReadPack(id) => self.read_pack(request, &id).await,
            Action::DescribePack(id) => self.describe_pack(request, &id).await,
            Action::RemovePack(id) => self.remove_pack(request, &id).await,
            Action::RemoveImage(place) => self.remove_image(request, &place).await,
            Action::SetCrop(place) => self.set_crop(request, &place).await,
            Action::RemoveCrop(place) => self.remove_crop(request, &place).await,
            Action::StoreOriginal(place) => self.store_original(request, &place).await,
            Action::PrepareUpload(place) => self.prepare_upload(request, &place).await,
            Action::ConfirmUpload(place, upload) => self.confirm_upload(request, &place, &upload).await,
            Action::FetchImage(place) => self.fetch_image(request, &place).await,
            Action::ReadLocationConfig(name) => self.read_location_config(request, &name).await,
            Action::SaveLocationConfig(name) => self.save_location_config(request, &name).await,
        }
    }
}
