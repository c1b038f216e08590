//! The failure of a call to AWS.

use std::error::Error;
use std::fmt::{self, Debug, Display, Formatter};

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use purging::ports::{CallError, CallErrorKind};

/// The failure of `action`, which names the resource, after the SDK's own retries.
pub fn sdk_error<E, R>(action: impl Into<String>, error: SdkError<E, R>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    let kind = kind_of(&error);
    call_error(action, error).of_kind(kind)
}

/// The failure of `action` on this side: a request that cannot be built, or a response that cannot be read.
pub fn call_error(action: impl Into<String>, error: impl Error + Send + Sync + 'static) -> CallError {
    CallError::new(action, WithContext(error))
}

fn kind_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> CallErrorKind {
    if matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_)) {
        return CallErrorKind::Unreachable;
    }
    match error.code().unwrap_or_default() {
        "AccessDenied" | "AccessDeniedException" => CallErrorKind::Denied,
        "EntityNotFound"
        | "NoSuchBucket"
        | "NoSuchDistribution"
        | "QueueDoesNotExist"
        | "ResourceNotFoundException" => CallErrorKind::NotFound,
        "BatchTooLarge" => CallErrorKind::BatchTooLarge,
        "TooManyInvalidationsInProgress" => CallErrorKind::TooManyInProgress,
        // The SDK's own list of what is throttled ("Retry behavior", AWS SDKs reference guide).
        "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => CallErrorKind::Throttled,
        "TransactionConflictException" | "TransactionInProgressException" => CallErrorKind::Conflict,
        "ValidationException" => CallErrorKind::Rejected,
        _ => CallErrorKind::Other,
    }
}

/// An error whose text has all its causes: the service's code, its message and the request id.
#[derive(Debug)]
struct WithContext<E>(E);

impl<E: Error> Display for WithContext<E> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&DisplayErrorContext(&self.0), formatter)
    }
}

impl<E: Error> Error for WithContext<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
