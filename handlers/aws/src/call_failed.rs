//! A call to AWS that failed.

use std::error::Error;

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// A call to AWS that failed after the SDK's own retries.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed: {cause}")]
pub struct CallFailed {
    /// What was tried, with the name of the resource.
    action: String,
    /// The SDK's error with all its causes: service code, message, request id.
    cause: String,
}

impl CallFailed {
    /// Says what was tried when the SDK failed.
    pub fn new(action: impl Into<String>, cause: impl Error) -> Self {
        Self { action: action.into(), cause: DisplayErrorContext(cause).to_string() }
    }
}
