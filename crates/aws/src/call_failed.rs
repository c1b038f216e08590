//! A call to AWS that failed.

use std::error::Error;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use purging::ports::CallFailed;

/// Says what was tried, with the name of the resource, when the SDK failed after its own retries: with all causes of the
/// error, so with the service's code, its message and the request id.
pub fn call_failed(action: impl Into<String>, cause: impl Error) -> CallFailed {
    CallFailed::new(action, DisplayErrorContext(cause))
}
