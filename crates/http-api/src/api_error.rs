//! Error responses.

use domain::InvalidIdentifier;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::json;

/// An error response: `{"error": {"code": …, "message": …}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    /// A word for programs.
    code: &'static str,
    /// A sentence for people.
    message: String,
    /// The revision that a conflict was about.
    revision: Option<u64>,
}

impl ApiError {
    /// An error with this status, this word for programs and this sentence for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), revision: None }
    }

    /// 422: a name that cannot be.
    #[must_use]
    pub fn invalid(error: &InvalidIdentifier) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-identifier", error.to_string())
    }

    /// The error, with the revision that the item has now.
    #[must_use]
    pub fn at_revision(self, revision: u64) -> Self {
        Self { revision: Some(revision), ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response that says it.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(revision) = self.revision {
            error["revision"] = json!(revision);
        }
        crate::json(self.status, &json!({"error": error}))
    }
}
