//! The failure of a call to AWS.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use purging::ports::{CallError, CallErrorKind};

/// The failure of `action`, which names the resource, after the SDK's own retries.
pub fn sdk_error<E, R>(action: impl Into<String>, error: SdkError<E, R>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    let text = sdk_error_text(&error);
    let kind = kind_of(&error);
    CallError::new(action, WithText { text, error }).of_kind(kind)
}

/// The failure of `action` on this side: a request that cannot be built, or a response that cannot be read.
pub fn call_error(action: impl Into<String>, error: impl Error + Send + Sync + 'static) -> CallError {
    CallError::new(action, WithText { text: with_causes(&error), error })
}

/// The response of the service (its code, its message and the request id), or the cause for which there is none. The SDK's
/// own text of an error has all its fields, the HTTP response too.
pub fn sdk_error_text<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    let metadata = error.meta();
    let Some(code) = metadata.code() else { return with_causes(error) };
    let message = metadata.message().map(|message| format!(": {message}")).unwrap_or_default();
    let request = metadata.extra("aws_request_id").map(|id| format!(" (request {id})")).unwrap_or_default();
    format!("{code}{message}{request}")
}

/// The texts of an error and of its causes, without those that the one before contains.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !last.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        last = cause_text;
        source = cause.source();
    }
    text
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

/// An error with a text for operators.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct WithText<E: Error + 'static> {
    text: String,
    #[source]
    error: E,
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_sdk_dynamodb::types::error::ResourceNotFoundException;

    use super::*;

    type GetItem = SdkError<GetItemError, &'static str>;

    fn check(error: GetItem, kind: CallErrorKind, text: &str) {
        let error = sdk_error("reading table packs", error);
        assert_eq!((error.to_string(), error.kind()), (format!("reading table packs failed: {text}"), kind));
    }

    #[test]
    fn a_response_of_a_service_is_its_code_its_message_and_the_request() {
        let denied = ErrorMetadata::builder().code("AccessDeniedException").message("no policy allows it");
        let denied = denied.custom("aws_request_id", "R1").build();
        let response = |metadata| GetItem::service_error(GetItemError::generic(metadata), "the HTTP response");
        check(response(denied), CallErrorKind::Denied, "AccessDeniedException: no policy allows it (request R1)");
        let slow = ErrorMetadata::builder().code("ThrottlingException").build();
        check(response(slow), CallErrorKind::Throttled, "ThrottlingException");

        let known = ErrorMetadata::builder().code("ResourceNotFoundException").message("no such table").build();
        let known = ResourceNotFoundException::builder().message("no such table").meta(known).build();
        let known = GetItem::service_error(GetItemError::ResourceNotFoundException(known), "the HTTP response");
        check(known, CallErrorKind::NotFound, "ResourceNotFoundException: no such table");
    }

    #[test]
    fn a_call_without_a_response_names_its_cause_once() {
        let late = GetItem::timeout_error("three seconds are over");
        check(late, CallErrorKind::Unreachable, "request has timed out: three seconds are over");
        let broken = GetItem::response_error("it is no JSON", "the HTTP response");
        check(broken, CallErrorKind::Other, "response error: it is no JSON");
        let cause = std::io::Error::other(std::io::Error::other("the disk is full"));
        assert_eq!(call_error("writing", cause).to_string(), "writing failed: the disk is full");
    }
}
