//! CloudFront invalidations.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use domain::ledger::Invalidation;
use domain::planner::Batch;

use crate::CallFailed;

/// CloudFront, as far as invalidations go.
#[derive(Debug, Clone)]
pub struct CloudFront {
    client: Client,
}

impl CloudFront {
    /// CloudFront through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates the invalidation of `batch`. Sent again with the same caller reference, CloudFront answers with the
    /// invalidation that exists: nothing is purged or billed twice.
    pub async fn create_invalidation(&self, batch: &Batch) -> Result<Invalidation, CallFailed> {
        let distribution_id = &batch.distribution.distribution_id;
        let action = || format!("invalidating {} items of distribution {distribution_id}", batch.items.len());
        let paths = Paths::builder()
            .quantity(i32::try_from(batch.items.len()).unwrap_or(i32::MAX))
            .set_items(Some(batch.items.iter().map(ToString::to_string).collect()))
            .build()
            .map_err(|error| CallFailed::new(action(), error))?;
        let request = InvalidationBatch::builder()
            .paths(paths)
            .caller_reference(&batch.caller_reference)
            .build()
            .map_err(|error| CallFailed::new(action(), error))?;
        let response = self
            .client
            .create_invalidation()
            .distribution_id(distribution_id)
            .invalidation_batch(request)
            .send()
            .await
            .map_err(|error| CallFailed::new(action(), error))?;
        let invalidation = response.invalidation.map(|created| Invalidation { id: created.id, status: created.status });
        invalidation.ok_or_else(|| CallFailed::new(action(), std::io::Error::other("CloudFront's answer names none")))
    }
}
