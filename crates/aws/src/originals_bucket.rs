//! The bucket of originals, versioned.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use contract::limits::ORIGINAL_BYTES_MAX;
use delivery::ports::FoundOriginal;
use domain::image::image_pack::Original;

use crate::CallError;
use crate::bounded_body::read_bounded;
use crate::call_error::{call_error, sdk_error};

/// The bucket of originals.
#[derive(Debug, Clone)]
pub struct OriginalsBucket {
    client: Client,
    bucket: String,
}

impl OriginalsBucket {
    /// The bucket named `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// Reads exactly the version of the object that the pack names.
    pub async fn read(&self, original: &Original) -> Result<FoundOriginal, CallError> {
        let action = || format!("reading {} (version {}) of bucket {}", original.key, original.version, self.bucket);
        let result =
            self.client.get_object().bucket(&self.bucket).key(&original.key).version_id(&original.version).send().await;
        let object = match result {
            Ok(object) => object,
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                return Ok(FoundOriginal::Absent);
            }
            Err(error) => return Err(sdk_error(action(), error)),
        };
        let bytes = read_bounded(object, ORIGINAL_BYTES_MAX as usize).await;
        let bytes = bytes.map_err(|error| call_error(action(), error))?;
        Ok(bytes.map_or(FoundOriginal::TooLarge, FoundOriginal::Bytes))
    }

    /// Stores `bytes` under `key` and returns the version. A bucket without versions calls every one `null`.
    pub async fn store(&self, key: &str, bytes: Vec<u8>, media_type: &str) -> Result<String, CallError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(media_type);
        let response = request.body(ByteStream::from(bytes)).send().await;
        let response =
            response.map_err(|error| sdk_error(format!("storing {key} in bucket {}", self.bucket), error))?;
        Ok(response.version_id.unwrap_or_else(|| "null".to_owned()))
    }

    /// Deletes the object `key`. In a bucket with versions they stay readable until the bucket's lifecycle removes them:
    /// a request may be rendering a variant of one.
    pub async fn delete(&self, key: &str) -> Result<(), CallError> {
        let result = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        result.map_err(|error| sdk_error(format!("deleting {key} of bucket {}", self.bucket), error))?;
        Ok(())
    }
}
