//! Error responses.

use domain::InvalidIdentifierError;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::json;

/// An error response: `{"error": {"code": …, "message": …}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    /// The error code, for programs.
    code: &'static str,
    /// The message, for people.
    message: String,
    /// The current revision of the item, after a conflict.
    revision: Option<u64>,
}

impl ApiError {
    /// Creates an error: `code` is for programs, `message` for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), revision: None }
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

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Builds the response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(revision) = self.revision {
            error["revision"] = json!(revision);
        }
        crate::json(self.status, &json!({"error": error}))
    }
}
