//! How an original gets into a pack: stored first, under a key of its own, then named by the pack.

use admin_api::ApiError;
use domain::editing::managed_pack::{ManagedOriginal, ManagedPack};
use domain::editing::pack_edit::{PackEdit, decide};
use domain::image::image_place::ImagePlace;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::Deserialize;
use uuid::Uuid;

use crate::fetch::FetchError;
use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;
use crate::{body, response};

/// How large an original may be, in bytes. A photo of 50 megapixels takes about half of it.
pub(crate) const ORIGINAL_BYTES_MAX: u32 = 50_000_000;

/// How large an original in the body of a request may be, in bytes: a Lambda invocation takes 6 MB ("Lambda quotas",
/// developer guide), and base64 makes 4 bytes of 3.
const BODY_BYTES_MAX: usize = 4_500_000;

/// Where to fetch an image from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
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
                "The image has {} bytes; a request carries up to {BODY_BYTES_MAX}. Larger ones go to S3: POST …/uploads \
                 says how.",
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
        let Source { url } = body::json(request.http.body())?;
        self.check(request, place).await?;
        let bytes = self.fetcher.fetch(&url).await.inspect_err(|error| {
            if let FetchError::Unreachable(cause) = error {
                tracing::info!(error = %cause, "image not fetched");
            }
        })?;
        let pack = self.take(request, place, bytes, None).await?;
        Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &pack))
    }

    /// Rejects before anything is stored what the write would reject afterwards.
    pub(crate) async fn check(&self, request: &AdminRequest<'_>, place: &ImagePlace) -> Result<(), ManagementError> {
        may_show(request, place, &self.pack(request, &place.pack).await?)
    }

    /// Stores `bytes`, if they are an image, and lets the pack show them. Whatever fails, the pack shows what it
    /// showed and the bucket keeps nothing new.
    pub(crate) async fn take(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
        bytes: Vec<u8>,
        upload_id: Option<String>,
    ) -> Result<ManagedPack, ManagementError> {
        if bytes.is_empty() {
            let message = "There is no image: it has no bytes.";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "empty-image", message).into());
        }
        let inspected = imaging::inspect(&bytes)?;
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

    /// Whether a write that got no response was not made. Where nobody can tell, the original stays: one too many costs
    /// little, one too few is an image lost.
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
                tracing::error!(key = original.key, %error, "original stored, pack not readable: delete it if no pack names it");
                false
            }
        }
    }

    async fn discard(&self, original: &ManagedOriginal) {
        if let Err(error) = self.originals.delete(&original.key).await {
            tracing::error!(key = original.key, %error, "original of a rejected write not deleted: delete it from the originals bucket");
        }
    }

    /// Deletes an original that a pack no longer shows, if it was stored for this place: one that somebody else put
    /// elsewhere may be shown elsewhere.
    pub(crate) async fn release(&self, place: &ImagePlace, key: Option<String>) {
        let Some(key) = key.filter(|key| place.owns(key)) else { return };
        if let Err(error) = self.originals.delete(&key).await {
            tracing::error!(key, %error, "original of a removed image not deleted: delete it from the originals bucket");
        }
    }
}

/// Whether `pack`, as it is now, takes an original at this place.
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
