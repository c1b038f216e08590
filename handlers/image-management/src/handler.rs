//! Answers one request.

use admin_api::check_parameters;
use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use domain::Timestamp;
use lambda_http::{Body, Request, Response};

use crate::action::Action;
use crate::asked::Asked;
use crate::failure::Failed;
use crate::fetch::Fetcher;

/// What answering a request touches.
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
    /// Answers one request at the time `now`; `request_id` identifies it.
    pub async fn handle(&self, request: &Request, request_id: &str, now: Timestamp) -> Response<Body> {
        match self.answer(request, request_id, now).await {
            Ok(response) => response,
            Err(failure) => {
                match &failure {
                    Failed::Refused(refusal) => tracing::info!(?refusal, "a request is refused"),
                    Failed::Call(_) | Failed::Read(_) | Failed::Write(_) => {
                        tracing::error!(%failure, "a request failed");
                    }
                }
                failure.into_refusal().into_response()
            }
        }
    }

    async fn answer(&self, request: &Request, request_id: &str, now: Timestamp) -> Result<Response<Body>, Failed> {
        let asked = &Asked::of(request, request_id, &self.tenant_claim, now)?;
        let action = Action::of(request, &asked.tenant)?;
        check_parameters(request, action.parameters())?;
        tracing::info!(tenant = %asked.tenant, subject = asked.admin.subject, ?action, "an editor asks");
        match action {
            Action::ListPacks => self.list_packs(asked).await,
            Action::CreatePack => self.create_pack(asked).await,
            Action::ReadPack(id) => self.read_pack(asked, &id).await,
            Action::DescribePack(id) => self.describe_pack(asked, &id).await,
            Action::RemovePack(id) => self.remove_pack(asked, &id).await,
            Action::RemoveImage(place) => self.remove_image(asked, &place).await,
            Action::SetCrop(place) => self.set_crop(asked, &place).await,
            Action::RemoveCrop(place) => self.remove_crop(asked, &place).await,
            Action::StoreOriginal(place) => self.store_original(asked, &place).await,
            Action::PrepareUpload(place) => self.prepare_upload(asked, &place).await,
            Action::ConfirmUpload(place, upload) => self.confirm_upload(asked, &place, &upload).await,
            Action::FetchImage(place) => self.fetch_image(asked, &place).await,
            Action::ReadLocationConfig(name) => self.read_location_config(asked, &name).await,
            Action::SaveLocationConfig(name) => self.save_location_config(asked, &name).await,
        }
    }
}
