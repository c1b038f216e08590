//! CloudFront invalidations.

use std::error::Error;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::http::HttpResponse;
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use domain::Distribution;
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
        distribution: &Distribution,
        caller_reference: &str,
        items: &[String],
    ) -> Result<Invalidation, CreateInvalidationError> {
        let action = || format!("invalidating {} items of distribution {}", items.len(), distribution.invalidated_id());
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
        let invalidation = if let Some(tenant) = &distribution.distribution_tenant_id {
            let create = self.client.create_invalidation_for_distribution_tenant().id(tenant).invalidation_batch(batch);
            let created =
                create.send().await.map_err(|error| rejection(error, action(), distribution, caller_reference))?;
            created.invalidation
        } else {
            let create = self.client.create_invalidation().distribution_id(&distribution.distribution_id);
            let created = create.invalidation_batch(batch).send().await;
            created.map_err(|error| rejection(error, action(), distribution, caller_reference))?.invalidation
        };
        let created = invalidation.map(|created| Invalidation { id: created.id, status: created.status });
        created.ok_or_else(|| call_error(action(), std::io::Error::other("CloudFront's response names none")).into())
    }

    async fn find(
        &self,
        distribution: &Distribution,
        invalidation_id: &str,
    ) -> Result<Option<Invalidation>, CallError> {
        let action = || format!("reading invalidation {invalidation_id} of {}", distribution.invalidated_id());
        let found = if let Some(tenant) = &distribution.distribution_tenant_id {
            let get = self.client.get_invalidation_for_distribution_tenant().distribution_tenant_id(tenant);
            found(get.id(invalidation_id).send().await, action)?.and_then(|output| output.invalidation)
        } else {
            let get = self.client.get_invalidation().distribution_id(&distribution.distribution_id);
            found(get.id(invalidation_id).send().await, action)?.and_then(|output| output.invalidation)
        };
        Ok(found.map(|found| Invalidation { id: found.id, status: found.status }))
    }
}

/// The error of a call that creates an invalidation.
fn rejection<E>(
    error: SdkError<E, HttpResponse>,
    action: String,
    distribution: &Distribution,
    caller_reference: &str,
) -> CreateInvalidationError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error.code() {
        Some("InvalidArgument") => CreateInvalidationError::InvalidArgument {
            distribution_id: distribution.invalidated_id().to_owned(),
            message: error.message().unwrap_or_default().to_owned(),
        },
        // The documentation of the caller reference names this code; the SDK has no type for it.
        Some("InvalidationBatchAlreadyExists") => CreateInvalidationError::AlreadyExists(caller_reference.to_owned()),
        _ => sdk_error(action, error).into(),
    }
}

/// The output of a call that reads an invalidation. `None`: CloudFront has no such invalidation.
fn found<O, E>(
    result: Result<O, SdkError<E, HttpResponse>>,
    action: impl Fn() -> String,
) -> Result<Option<O>, CallError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Some(output)),
        // A distribution tenant that does not exist is an entity that is not found.
        Err(error) if matches!(error.code(), Some("NoSuchInvalidation" | "NoSuchDistribution" | "EntityNotFound")) => {
            Ok(None)
        }
        Err(error) => Err(sdk_error(action(), error)),
    }
}
