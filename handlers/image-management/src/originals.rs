//! Storing of originals: an original is stored under a unique key first, and then the pack names it.

use domain::editing::managed_pack::{ManagedOriginal, ManagedPack};
use domain::editing::pack_edit::{PackEdit, decide};
use domain::image::image_place::ImagePlace;
use http_api::ApiError;
use imaging::{DamageError, Inspected, InvalidImageError};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::fetch::FetchError;
use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;
use crate::response;

pub(crate) use contract::limits::ORIGINAL_BYTES_MAX;

/// The largest original in the body of a request, in bytes: the payload of a Lambda invocation has at most 6 MB
/// ("Lambda quotas", developer guide), and base64 encodes 3 bytes as 4.
const BODY_BYTES_MAX: usize = 4_500_000;

/// The source of an image to fetch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageSource {
    /// A public `http` or `https` address.
    #[schema(format = "uri")]
    url: String,
}

impl Handler {
    pub(crate) async fn store_original(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        let bytes: &[u8] = request.http.body().as_ref();
        if bytes.len() > BODY_BYTES_MAX {
            let message = format!(
                "The image has {} bytes; a request body may have {BODY_BYTES_MAX}. Send a larger image by POST …/uploads.",
                bytes.len()
            );
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message).into());
        }
        self.check(request, place).await?;
        let pack = self.take(request, place, bytes.to_vec(), None).await?;
        Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &pack))
    }

    pub(crate) async fn fetch_image(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        let ImageSource { url } = http_api::json_body(request.http.body())?;
        self.check(request, place).await?;
        let bytes = self.fetcher.fetch(&url).await.inspect_err(|error| {
            if let FetchError::Failed { cause, .. } = error {
                tracing::info!(error = cause, "image not fetched");
            }
        })?;
        let pack = self.take(request, place, bytes, None).await?;
        Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &pack))
    }

    /// Checks before an original is stored that the write will accept it.
    pub(crate) async fn check(&self, request: &AdminRequest<'_>, place: &ImagePlace) -> Result<(), ManagementError> {
        may_show(request, place, &self.pack(request, &place.pack).await?)
    }

    /// Stores the image `bytes` and lets the pack show it. After a failure, the pack shows its former image and the new
    /// original is deleted.
    pub(crate) async fn take(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
        bytes: Vec<u8>,
        upload_id: Option<String>,
    ) -> Result<ManagedPack, ManagementError> {
        if bytes.is_empty() {
            let message = "The image is empty: it has no bytes.";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "empty-image", message).into());
        }
        let (bytes, inspected) = inspected(bytes).await?;
        let media_type = inspected.format.media_type();
        let key = place.original_key(&Uuid::new_v4().to_string());
        let original = ManagedOriginal {
            media_type: Some(media_type.to_owned()),
            width: Some(inspected.width),
            height: Some(inspected.height),
            bytes: Some(bytes.len() as u64),
            upload_id,
            version: self.originals.store(&key, bytes, media_type).await?,
            key,
        };
        let edit = PackEdit::ShowOriginal { location: place.location.clone(), original: original.clone() };
        match self.edit(request, &place.pack, &edit).await {
            Ok(edited) => {
                self.release(place, edited.released).await;
                Ok(edited.pack)
            }
            Err(error) => {
                if matches!(error, ManagementError::Rejected(_) | ManagementError::Write(_))
                    || self.is_surely_not_shown(request, place, &original).await
                {
                    self.discard(&original).await;
                }
                Err(error)
            }
        }
    }

    /// Returns whether a write without a response has surely not been made. In doubt the original stays: a surplus
    /// original costs little, a missing one is a lost image.
    async fn is_surely_not_shown(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
        original: &ManagedOriginal,
    ) -> bool {
        match self.pack(request, &place.pack).await {
            Ok(pack) => {
                pack.image_locations.get(&place.location).is_none_or(|shown| shown.original.key != original.key)
            }
            Err(error) => {
                let key = &original.key;
                tracing::error!(key, %error, "original stored, pack not readable: delete it if no pack names it");
                false
            }
        }
    }

    async fn discard(&self, original: &ManagedOriginal) {
        if let Err(error) = self.originals.delete(&original.key).await {
            let key = &original.key;
            tracing::error!(key, %error, "original of a rejected write not deleted: delete it in the originals bucket");
        }
    }

    /// Deletes an original that a pack no longer shows, if it was stored for this place. An original under another key
    /// can be shared.
    pub(crate) async fn release(&self, place: &ImagePlace, key: Option<String>) {
        let Some(key) = key.filter(|key| place.owns(key)) else { return };
        if let Err(error) = self.originals.delete(&key).await {
            tracing::error!(key, %error, "original not deleted, which no pack shows: delete it in the originals bucket");
        }
    }
}

/// Decodes an image, which computes for seconds, beside the runtime.
async fn inspected(bytes: Vec<u8>) -> Result<(Vec<u8>, Inspected), InvalidImageError> {
    let decoding = tokio::task::spawn_blocking(move || imaging::inspect(&bytes).map(|inspected| (bytes, inspected)));
    // The task ends early only by a panic.
    decoding.await.unwrap_or_else(|_| Err(DamageError::Panic.into()))
}

/// Checks that `pack` in its current state accepts an original at this place.
pub(crate) fn may_show(
    request: &AdminRequest<'_>,
    place: &ImagePlace,
    pack: &ManagedPack,
) -> Result<(), ManagementError> {
    request.check_revision(pack.revision)?;
    let some = PackEdit::ShowOriginal { location: place.location.clone(), original: ManagedOriginal::default() };
    decide(pack, &some)?;
    Ok(())
}
