//! Handles one request.

use admin_api::check_parameters;
use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use domain::Timestamp;
use lambda_http::{Body, Request, Response};

use crate::action::Action;
use crate::failure::Failed;
use crate::fetch::Fetcher;
use crate::request::AdminRequest;

/// What handling a request touches.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Packs and configurations.
    pub items: ManagedItems,
    /// What packs show.
    pub originals: OriginalsBucket,
    /// What waits for its confirmation.
    pub uploads: UploadArea,
    /// Gets images from the internet.
    pub fetcher: Fetcher,
    /// The token's claim that names its tenants.
    pub tenant_claim: String,
}

impl Handler {
    /// Handles one request at the time `now`; `request_id` identifies it.
    pub async fn handle(&self, request: &Request, request_id: &str, now: Timestamp) -> Response<Body> {
        match self.respond(request, request_id, now).await {
            Ok(response) => response,
            Err(failure) => {
                match &failure {
                    Failed::Rejected(error) => tracing::info!(?error, "a request is rejected"),
                    Failed::Call(_) | Failed::Read(_) | Failed::Write(_) => {
                        tracing::error!(%failure, "a request failed");
                    }
                }
                failure.into_api_error().into_response()
            }
        }
    }

    async fn respond(&self, http: &Request, request_id: &str, now: Timestamp) -> Result<Response<Body>, Failed> {
        let request = &AdminRequest::of(http, request_id, &self.tenant_claim, now)?;
        let action = Action::of(http, &request.tenant)?;
        check_parameters(http, action.parameters())?;
        tracing::info!(tenant = %request.tenant, subject = request.admin.subject, ?action, "a request of an editor");
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
