//! CloudFront.

use domain::Distribution;
use domain::purge::ledger::Invalidation;

use crate::ports::CallError;

/// A failure to create an invalidation.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CreateInvalidationError {
    /// CloudFront rejects one or all of the items, and does not say which.
    #[error("CloudFront rejects the items of {distribution_id}: {message}")]
    InvalidArgument {
        /// The distribution, or the distribution tenant.
        distribution_id: String,
        /// CloudFront's message.
        message: String,
    },
    /// CloudFront has the caller reference for other items.
    #[error("CloudFront has the caller reference {0} for other items")]
    AlreadyExists(String),
    /// The call failed: no response, throttling, a quota, or no such distribution. A retry may succeed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The invalidations of CloudFront.
pub trait CloudFront: Send + Sync {
    /// Creates an invalidation. Idempotent: for the same caller reference and items CloudFront returns the existing
    /// invalidation, and bills nothing again.
    fn create(
        &self,
        distribution: &Distribution,
        caller_reference: &str,
        items: &[String],
    ) -> impl Future<Output = Result<Invalidation, CreateInvalidationError>> + Send;

    /// The current state of an invalidation. `None`: CloudFront does not know it.
    fn find(
        &self,
        distribution: &Distribution,
        invalidation_id: &str,
    ) -> impl Future<Output = Result<Option<Invalidation>, CallError>> + Send;
}
