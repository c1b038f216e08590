//! The outcome of a conditional write to DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

use crate::CallFailed;
use crate::call_failed::call_failed;

/// `true`: written. `false`: the condition did not hold, and nothing was written.
pub(crate) fn is_written<T, E, R>(result: Result<T, SdkError<E, R>>, action: String) -> Result<bool, CallFailed>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(call_failed(action, error)),
    }
}
