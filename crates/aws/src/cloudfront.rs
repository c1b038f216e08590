//! CloudFront invalidations.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::ProvideErrorMetadata;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use domain::purge::ledger::Invalidation;
use purging::ports::{self, CreateInvalidationError};

use crate::CallError;
use crate::call_error::{call_error, sdk_error};

/// The invalidations of CloudFront.
#[derive(Debug, Clone)]
pub struct CloudFront {
    client: Client,
}

impl CloudFront {
    /// CloudFront, called by `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ports::CloudFront for CloudFront {
    async fn create(
        &self,
        distribution_id: &str,
        caller_reference: &str,
        items: &[String],
    ) -> Result<Invalidation, CreateInvalidationError> {
        let action = || format!("invalidating {} items of distribution {distribution_id}", items.len());
        let paths = Paths::builder()
            .quantity(i32::try_from(items.len()).unwrap_or(i32::MAX))
            .set_items(Some(items.to_vec()))
            .build()
            .map_err(|error| call_error(action(), error))?;
        let batch = InvalidationBatch::builder()
            .paths(paths)
            .caller_reference(caller_reference)
            .build()
            .map_err(|error| call_error(action(), error))?;
        let result =
            self.client.create_invalidation().distribution_id(distribution_id).invalidation_batch(batch).send().await;
        let response = result.map_err(|error| match error.code() {
            Some("InvalidArgument") => CreateInvalidationError::InvalidArgument {
                distribution_id: distribution_id.to_owned(),
                message: error.message().unwrap_or_default().to_owned(),
            },
            // The documentation of the caller reference names this code; the SDK has no type for it.
            Some("InvalidationBatchAlreadyExists") => {
                CreateInvalidationError::AlreadyExists(caller_reference.to_owned())
            }
            _ => sdk_error(action(), error).into(),
        })?;
        let created = response.invalidation.map(|created| Invalidation { id: created.id, status: created.status });
        created.ok_or_else(|| call_error(action(), std::io::Error::other("CloudFront's response names none")).into())
    }

    async fn find(&self, distribution_id: &str, invalidation_id: &str) -> Result<Option<Invalidation>, CallError> {
        let get = self.client.get_invalidation().distribution_id(distribution_id).id(invalidation_id);
        match get.send().await {
            Ok(response) => Ok(response.invalidation.map(|found| Invalidation { id: found.id, status: found.status })),
            Err(error) if matches!(error.code(), Some("NoSuchInvalidation" | "NoSuchDistribution")) => Ok(None),
            Err(error) => Err(sdk_error(format!("reading invalidation {invalidation_id} of {distribution_id}"), error)),
        }
    }
}
