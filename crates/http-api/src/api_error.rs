//! Error responses.

use std::time::Duration;

use domain::InvalidIdentifierError;
use lambda_http::http::header::RETRY_AFTER;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An error response: `{"error": {"code": …, "message": …}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    /// The error code, for programs.
    code: &'static str,
    /// The message, for humans.
    message: String,
    /// The current revision of the item, after a conflict.
    revision: Option<u64>,
    /// The errors of the parts of the request, for humans.
    details: Vec<String>,
    /// The time after which the request may be repeated.
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Creates an error: `code` is for programs, `message` for humans.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), revision: None, details: Vec::new(), retry_after: None }
    }

    /// Creates the error for an invalid name or id: 422.
    #[must_use]
    pub fn invalid(error: &InvalidIdentifierError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-identifier", error.to_string())
    }

    /// Adds the current revision of the item.
    #[must_use]
    pub fn at_revision(self, revision: u64) -> Self {
        Self { revision: Some(revision), ..self }
    }

    /// Adds one error for each part of the request that has one.
    #[must_use]
    pub fn details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// Adds the time after which the request may be repeated.
    #[must_use]
    pub fn retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Builds the response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let Self { status, code, message, revision, details, retry_after } = self;
        let mut response = crate::json(status, &ErrorBody { error: ErrorDetails { code, message, revision, details } });
        if let Some(retry_after) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_secs(retry_after)));
        }
        response
    }
}

/// The body of an error response.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetails,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorDetails {
    /// The error code, for programs.
    code: &'static str,
    /// The message, for humans.
    message: String,
    /// The current revision of the item, after a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// One error for each invalid part of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    details: Vec<String>,
}

/// `duration` in whole seconds, rounded up: a client that waits as long is not too early.
fn whole_secs(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(millis: u64, expected: &str) {
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many.");
        let response = error.retry_after(Duration::from_millis(millis)).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], expected, "{millis} ms");
    }

    #[test]
    fn retry_after_is_the_next_whole_second() {
        check(1, "1");
        check(1_000, "1");
        check(1_001, "2");
        check(60_000, "60");
    }

    #[test]
    fn an_error_that_does_not_end_with_time_has_no_retry_after() {
        let response = ApiError::new(StatusCode::NOT_FOUND, "not-found", "Not found.").into_response();
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }
}
