//! The bucket of variants: stored by image-processing, swept by a purge.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use domain::variant_key::Sweep;
use tokio::time::Instant;

use crate::CallFailed;

/// The bucket of variants.
#[derive(Debug, Clone)]
pub struct VariantsBucket {
    client: Client,
    bucket: String,
    /// Keys listed and deleted at a time. S3 lists and deletes at most 1,000.
    pub keys_per_page: i32,
}

/// How far a sweep came.
#[derive(Debug)]
pub struct Swept {
    /// How many variants it deleted.
    pub variants_deleted: u64,
    /// The last key up to which nothing is left, if there is one.
    pub after_key: Option<String>,
    /// Whether it came to the end.
    pub is_whole: bool,
    /// What went wrong first. Without it a sweep that came to the end left nothing.
    pub failure: Option<SweepFailed>,
}

/// One stored variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: String,
    /// Its cache tags, as the value of the cache-tag header.
    pub cache_tags: String,
    /// What it was made from (`domain::picture_revision`). Variants of older versions of image-processing have none.
    pub revision: Option<String>,
    /// The entity tag that S3 computed.
    pub etag: String,
}

/// The user metadata key that keeps a variant's cache tags with it.
const CACHE_TAGS: &str = "cache-tags";
/// The user metadata key that keeps what a variant was made from.
const REVISION: &str = "image-revision";

/// Why a sweep did not delete all that it covers.
#[derive(Debug, thiserror::Error)]
pub enum SweepFailed {
    /// S3 did not answer.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// S3 answered and left objects undeleted.
    #[error("{count} objects of bucket {bucket} were not deleted, the first {key}: {message}")]
    Undeleted {
        /// How many.
        count: usize,
        /// The bucket.
        bucket: String,
        /// One of them.
        key: String,
        /// What S3 said about it.
        message: String,
    },
}

impl VariantsBucket {
    /// The bucket named `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket, keys_per_page: 1_000 }
    }

    /// Reads one variant. `None`: it is not stored.
    pub async fn read(&self, key: &str) -> Result<Option<Variant>, CallFailed> {
        let action = || format!("reading {key} of bucket {}", self.bucket);
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(CallFailed::new(action(), error)),
        };
        let metadata = |name| object.metadata().and_then(|metadata| metadata.get(name)).cloned();
        let (cache_tags, revision) = (metadata(CACHE_TAGS).unwrap_or_default(), metadata(REVISION));
        let content_type = object.content_type().unwrap_or("application/octet-stream").to_owned();
        let etag = object.e_tag().unwrap_or_default().to_owned();
        let bytes = object.body.collect().await.map_err(|error| CallFailed::new(action(), error))?.to_vec();
        Ok(Some(Variant { bytes, content_type, cache_tags, revision, etag }))
    }

    /// Stores one variant with its cache tags and its revision, and returns the entity tag that S3 computed.
    pub async fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        cache_tags: &str,
        revision: &str,
    ) -> Result<String, CallFailed> {
        let response = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .metadata(CACHE_TAGS, cache_tags)
            .metadata(REVISION, revision)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| CallFailed::new(format!("storing {key} in bucket {}", self.bucket), error))?;
        Ok(response.e_tag.unwrap_or_default())
    }

    /// Removes one variant; one that is not stored counts as removed.
    pub async fn remove(&self, key: &str) -> Result<(), CallFailed> {
        let result = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        result.map_err(|error| CallFailed::new(format!("removing {key} of bucket {}", self.bucket), error))?;
        Ok(())
    }

    /// Whether anything is stored that `sweep` would list.
    pub async fn has_any(&self, sweep: &Sweep) -> Result<bool, CallFailed> {
        let page =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(&sweep.prefix).max_keys(1).send().await.map_err(
                |error| CallFailed::new(format!("listing {} of bucket {}", sweep.prefix, self.bucket), error),
            )?;
        Ok(!page.contents().is_empty())
    }

    /// Deletes what `sweep` covers, from the key after `after_key` on, until `until`. Listed page by page, so that
    /// memory stays at one page. At least one page is done, so that repeated calls come to an end.
    pub async fn sweep(&self, sweep: &Sweep, after_key: Option<&str>, until: Instant) -> Swept {
        let mut swept =
            Swept { variants_deleted: 0, after_key: after_key.map(ToOwned::to_owned), is_whole: false, failure: None };
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&sweep.prefix)
            .set_start_after(after_key.map(ToOwned::to_owned))
            .max_keys(self.keys_per_page)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let action = format!("listing {} of bucket {}", sweep.prefix, self.bucket);
                    swept.failure = Some(CallFailed::new(action, error).into());
                    return swept;
                }
            };
            let listed: Vec<&str> = page.contents().iter().filter_map(|object| object.key()).collect();
            let keys = listed.iter().filter(|key| sweep.covers(key)).map(|&key| key.to_owned()).collect();
            match self.delete(keys).await {
                Ok(deleted) => swept.variants_deleted += deleted,
                // One object that cannot be deleted must not keep those behind it; the next sweep begins before it.
                Err(failure @ SweepFailed::Undeleted { .. }) => swept.failure = swept.failure.or(Some(failure)),
                Err(failure @ SweepFailed::Call(_)) => {
                    swept.failure = Some(failure);
                    return swept;
                }
            }
            // A page may be empty and not be the last one: then the listing goes on, or nobody would know from where.
            let Some(&last) = listed.last() else { continue };
            if swept.failure.is_none() {
                swept.after_key = Some(last.to_owned());
            }
            if page.is_truncated == Some(true) && Instant::now() >= until {
                return swept;
            }
        }
        swept.is_whole = true;
        swept
    }

    async fn delete(&self, keys: Vec<String>) -> Result<u64, SweepFailed> {
        if keys.is_empty() {
            return Ok(0);
        }
        let count = keys.len() as u64;
        let action = || format!("deleting {count} objects of bucket {}", self.bucket);
        let objects = keys
            .into_iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| CallFailed::new(action(), error))?;
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(|error| CallFailed::new(action(), error))?;
        let response = self
            .client
            .delete_objects()
            .bucket(&self.bucket)
            .delete(delete)
            .send()
            .await
            .map_err(|error| CallFailed::new(action(), error))?;
        // A status of 200 does not mean that every key went: S3 reports each failure on its own.
        match response.errors() {
            [] => Ok(count),
            errors @ [first, ..] => Err(SweepFailed::Undeleted {
                count: errors.len(),
                bucket: self.bucket.clone(),
                key: first.key().unwrap_or_default().to_owned(),
                message: first.message().or(first.code()).unwrap_or_default().to_owned(),
            }),
        }
    }
}
