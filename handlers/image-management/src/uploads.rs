//! Uploads: the caller uploads an image to S3 by a presigned URL and then confirms it.

use std::time::Duration;

use aws_adapters::upload_area::Upload;
use domain::Timestamp;
use domain::editing::managed_pack::ManagedPack;
use domain::image::image_place::ImagePlace;
use http_api::ApiError;
use imaging::Format;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::originals::{ORIGINAL_BYTES_MAX, may_show};
use crate::request::AdminRequest;
use crate::response;

/// The validity of a presigned URL.
const VALIDITY: Duration = Duration::from_mins(15);

/// The announcement of an upload.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewUpload {
    media_type: MediaType,
    /// The size of the image.
    #[schema(schema_with = upload_bytes)]
    bytes: u64,
}

fn upload_bytes() -> Object {
    domain::schema::number(1..=ORIGINAL_BYTES_MAX)
}

/// The media type of an original.
#[derive(Clone, Copy, Deserialize, ToSchema)]
enum MediaType {
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/webp")]
    Webp,
}

impl MediaType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => Format::Jpeg.media_type(),
            Self::Png => Format::Png.media_type(),
            Self::Webp => Format::Webp.media_type(),
        }
    }
}

/// A prepared upload: the request that the caller sends to S3.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreparedUpload {
    /// The id for the confirmation.
    #[schema(format = "uuid")]
    upload_id: String,
    method: String,
    url: String,
    /// The headers of the upload request.
    #[schema(value_type = HashMap<String, String>)]
    headers: Map<String, Value>,
    /// The time until which the upload must have started, in milliseconds since 1970.
    #[schema(value_type = u64)]
    expires_at: Timestamp,
}

impl Handler {
    pub(crate) async fn prepare_upload(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
    ) -> Result<Response<Body>, ManagementError> {
        let announced: NewUpload = http_api::json_body(request.http.body())?;
        let bytes = u32::try_from(announced.bytes).ok().filter(|bytes| (1..=ORIGINAL_BYTES_MAX).contains(bytes));
        let bytes = bytes.ok_or_else(|| {
            let message = format!(
                "An upload of {} bytes is not allowed. Allowed are 1 to {ORIGINAL_BYTES_MAX} bytes.",
                announced.bytes
            );
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-size", message)
        })?;
        self.check(request, place).await?;
        let upload_id = Uuid::new_v4().to_string();
        let key = place.upload_key(&upload_id);
        let signed = self.uploads.sign(&key, announced.media_type.as_str(), bytes, VALIDITY).await?;
        let prepared = PreparedUpload {
            upload_id,
            method: signed.method,
            url: signed.url,
            headers: signed.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
            expires_at: request.context.now.plus(VALIDITY),
        };
        Ok(http_api::json(StatusCode::CREATED, &prepared))
    }

    /// Confirms an upload. Idempotent: the pack stores the upload id of its original.
    pub(crate) async fn confirm_upload(
        &self,
        request: &AdminRequest<'_>,
        place: &ImagePlace,
        upload_id: &str,
    ) -> Result<Response<Body>, ManagementError> {
        let upload_id = Uuid::try_parse(upload_id).map_err(|_| unknown_upload())?.to_string();
        let pack = self.pack(request, &place.pack).await?;
        if shows(&pack, place, &upload_id) {
            return Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &pack));
        }
        may_show(request, place, &pack)?;
        let key = place.upload_key(&upload_id);
        let bytes = match self.uploads.read(&key, ORIGINAL_BYTES_MAX as usize).await? {
            Upload::Bytes(bytes) => bytes,
            Upload::Absent => return Err(unknown_upload().into()),
            Upload::TooLarge => {
                let message = format!("The image has more than {ORIGINAL_BYTES_MAX} bytes.");
                return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too-large", message).into());
            }
        };
        let pack = self.take(request, place, bytes, Some(upload_id)).await?;
        if let Err(error) = self.uploads.delete(&key).await {
            tracing::warn!(key, %error, "confirmed upload not deleted: the bucket's lifecycle rule deletes it");
        }
        Ok(response::pack(StatusCode::OK, &request.tenant, &place.pack, &pack))
    }
}

fn shows(pack: &ManagedPack, place: &ImagePlace, upload_id: &str) -> bool {
    let shown = pack.image_locations.get(&place.location);
    shown.is_some_and(|image| image.original.upload_id.as_deref() == Some(upload_id))
}

fn unknown_upload() -> ApiError {
    let message = "There is no upload under this id for this location. It was not uploaded, was confirmed and replaced, \
                   or has expired.";
    ApiError::new(StatusCode::NOT_FOUND, "unknown-upload", message)
}
