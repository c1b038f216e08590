//! The outcome of a conditional write to DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

use crate::CallError;
use crate::call_error::sdk_error;

/// `true`: written. `false`: the condition did not hold, and nothing was written.
pub(crate) fn is_written<T, E, R>(result: Result<T, SdkError<E, R>>, action: String) -> Result<bool, CallError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(sdk_error(action, error)),
    }
}
