//! The part of the originals bucket that holds uploads until they are confirmed. A lifecycle rule of the bucket deletes
//! unconfirmed uploads.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;

use crate::CallError;
use crate::bounded_body::read_bounded;
use crate::call_error::{call_error, sdk_error};

/// The part of the originals bucket that holds unconfirmed uploads.
#[derive(Debug, Clone)]
pub struct UploadArea {
    client: Client,
    bucket: String,
}

/// The presigned request that uploads one image. It is a credential: never logged.
pub struct UploadRequest {
    /// The HTTP method.
    pub method: String,
    /// The address, with the signature.
    pub url: String,
    /// The headers that are signed.
    pub headers: Vec<(String, String)>,
}

/// The upload under a key.
pub enum Upload {
    /// There is none.
    Absent,
    /// It is larger than allowed.
    TooLarge,
    /// Its bytes.
    Bytes(Vec<u8>),
}

impl UploadArea {
    /// The part of the bucket named `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// Signs the request that stores exactly `bytes` bytes of this media type under `key`, for as long as `validity`.
    pub async fn sign(
        &self,
        key: &str,
        media_type: &str,
        bytes: u32,
        validity: Duration,
    ) -> Result<UploadRequest, CallError> {
        let action = || format!("signing an upload to bucket {}", self.bucket);
        let config = PresigningConfig::expires_in(validity).map_err(|error| call_error(action(), error))?;
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let request = request.content_type(media_type).content_length(i64::from(bytes)).presigned(config).await;
        let request = request.map_err(|error| sdk_error(action(), error))?;
        Ok(UploadRequest {
            method: request.method().to_owned(),
            url: request.uri().to_owned(),
            headers: request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }

    /// Reads the upload under `key`, unless it has more than `bytes_max` bytes.
    pub async fn read(&self, key: &str, bytes_max: usize) -> Result<Upload, CallError> {
        let action = || format!("reading {key} of bucket {}", self.bucket);
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                return Ok(Upload::Absent);
            }
            Err(error) => return Err(sdk_error(action(), error)),
        };
        let bytes = read_bounded(object, bytes_max).await.map_err(|error| call_error(action(), error))?;
        Ok(bytes.map_or(Upload::TooLarge, Upload::Bytes))
    }

    /// Deletes the upload under `key`.
    pub async fn delete(&self, key: &str) -> Result<(), CallError> {
        let result = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        result.map_err(|error| sdk_error(format!("deleting {key} of bucket {}", self.bucket), error))?;
        Ok(())
    }
}
