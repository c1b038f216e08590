//! The failure of one step of a purge.

use crate::ports::{CallError, CreateInvalidationError, QueueError};
use crate::variant_deletion::VariantDeletionError;

/// The failure of one step of a purge. The entries concerned stay in the queue, and the next purge run repeats the step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A row of the queue or of the outbox cannot be read.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Variants were not deleted.
    #[error(transparent)]
    VariantDeletion(#[from] VariantDeletionError),
    /// The time ended before all variants were deleted.
    #[error("the time ended before all variants were deleted")]
    VariantsLeft,
    /// CloudFront did not accept an invalidation.
    #[error(transparent)]
    CreateInvalidation(#[from] CreateInvalidationError),
    /// CloudFront rejects every item of a request, so that the cause is not an item.
    #[error("CloudFront rejects every item of distribution {distribution_id}; all of them wait")]
    EveryItemRejected {
        /// The distribution.
        distribution_id: String,
    },
}
