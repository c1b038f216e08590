//! The bucket of variants: stored by image-processing, deleted from by a purge.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, Object, ObjectIdentifier};
use contract::limits::VARIANT_BYTES_MAX;
use delivery::ports::StoredVariant;
use domain::Timestamp;
use purging::ports::{ListFrom, StoredObject, Undeleted, Variants, VariantsPage};

use crate::CallError;
use crate::bounded_body::read_bounded;
use crate::call_error::{call_error, sdk_error};

/// The bucket of variants.
#[derive(Debug, Clone)]
pub struct VariantsBucket {
    client: Client,
    bucket: String,
    /// Keys listed and deleted at a time. S3 lists and deletes at most 1,000.
    pub keys_per_page: i32,
}

/// The user metadata key that keeps a variant's cache tags with it.
const CACHE_TAGS: &str = "cache-tags";

impl VariantsBucket {
    /// The bucket named `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket, keys_per_page: 1_000 }
    }

    /// Reads one variant. `None`: it is not stored, or another program stored one that is too large for a response.
    pub async fn read(&self, key: &str) -> Result<Option<StoredVariant>, CallError> {
        let action = || format!("reading {key} of bucket {}", self.bucket);
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(sdk_error(action(), error)),
        };
        let content_type = object.content_type().unwrap_or("application/octet-stream").to_owned();
        let etag = object.e_tag().unwrap_or_default().to_owned();
        let bytes = read_bounded(object, VARIANT_BYTES_MAX as usize).await;
        let bytes = bytes.map_err(|error| call_error(action(), error))?;
        Ok(bytes.map(|bytes| StoredVariant { bytes, content_type, etag }))
    }

    /// Stores one variant with its cache tags, and returns the entity tag that S3 computed.
    pub async fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        cache_tags: &str,
    ) -> Result<String, CallError> {
        let response = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .metadata(CACHE_TAGS, cache_tags)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| sdk_error(format!("storing {key} in bucket {}", self.bucket), error))?;
        Ok(response.e_tag.unwrap_or_default())
    }

    /// Removes one variant; one that is not stored counts as removed.
    pub async fn remove(&self, key: &str) -> Result<(), CallError> {
        let result = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        result.map_err(|error| sdk_error(format!("removing {key} of bucket {}", self.bucket), error))?;
        Ok(())
    }
}

impl Variants for VariantsBucket {
    async fn list(&self, prefix: &str, from: ListFrom<'_>) -> Result<VariantsPage, CallError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(self.keys_per_page);
        let list = match from {
            ListFrom::Start => list,
            ListFrom::Key(key) => list.start_after(key),
            ListFrom::Token(token) => list.continuation_token(token),
        };
        let page = list.send().await;
        let page = page.map_err(|error| sdk_error(format!("listing {prefix} of bucket {}", self.bucket), error))?;
        let is_truncated = page.is_truncated == Some(true);
        let next = page.next_continuation_token.filter(|_| is_truncated);
        let objects = page.contents.unwrap_or_default().into_iter().filter_map(stored_object).collect();
        Ok(VariantsPage { objects, next })
    }

    /// In a bucket with versions, which may be one that exists already, this puts delete markers, which
    /// hide the versions from readers. The versions themselves must not be deleted one by one: deleting the newest would
    /// expose the older one.
    async fn delete(&self, keys: &[String]) -> Result<Vec<Undeleted>, CallError> {
        let action = || format!("deleting {} objects of bucket {}", keys.len(), self.bucket);
        let objects = keys
            .iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| call_error(action(), error))?;
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(|error| call_error(action(), error))?;
        let response = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        let response = response.map_err(|error| sdk_error(action(), error))?;
        // S3 responds with 200 and reports each key that it did not delete.
        let undeleted = |error: &aws_sdk_s3::types::Error| Undeleted {
            key: error.key().unwrap_or_default().to_owned(),
            message: error.message().or(error.code()).unwrap_or_default().to_owned(),
        };
        Ok(response.errors().iter().map(undeleted).collect())
    }
}

/// The object of a listing. S3 states both fields for every object; one without a time counts as the oldest.
fn stored_object(object: Object) -> Option<StoredObject> {
    let millis = object.last_modified.and_then(|time| time.to_millis().ok()).unwrap_or_default();
    let stored_at = Timestamp::from_millis(u64::try_from(millis).unwrap_or_default());
    Some(StoredObject { key: object.key?, stored_at })
}
