//! A call to AWS that failed.

use std::error::Error;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use purging::ports::CallFailed;

/// Says what was tried, with the name of the resource, and what the SDK said with all its causes.
pub fn call_failed(action: impl Into<String>, cause: impl Error) -> CallFailed {
    CallFailed::new(action, DisplayErrorContext(cause).to_string())
}
