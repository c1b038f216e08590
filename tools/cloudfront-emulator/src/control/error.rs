use std::error::Error as _;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::xml;
use crate::cache::BatchError;
use crate::deployed::SourceError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The error of an API call. The response is CloudFront's XML.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("the specified distribution '{0}' does not exist")]
    NoSuchDistribution(String),
    #[error("the specified invalidation '{0}' does not exist")]
    NoSuchInvalidation(String),
    #[error("this operation requires a body: an InvalidationBatch")]
    MissingBody,
    #[error("the XML document is malformed: {0}")]
    MalformedXml(String),
    #[error("Quantity is {quantity} and Items has {items}; they must be equal")]
    InconsistentQuantities { quantity: i64, items: usize },
    #[error("{0}")]
    InvalidArgument(String),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(
        "the emulator supports CreateInvalidation, GetInvalidation and ListInvalidations, but not {method} {path}; send \
         other calls to the local AWS"
    )]
    Unsupported { method: Method, path: String },
    #[error(transparent)]
    Unavailable(#[from] SourceError),
    #[error("the local AWS did not respond, so the call could not be authorized; check that the local AWS is running")]
    NoAuthority(#[source] reqwest::Error),
    #[error("{0}")]
    AccessDenied(String),
    #[error("rate exceeded")]
    Throttled,
    #[error("injected fault")]
    Injected,
    #[error("the response could not be serialized: {0}")]
    Internal(String),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    error: ErrorBody,
    request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    r#type: &'static str,
    code: &'static str,
    message: String,
}

impl ApiError {
    /// Status and code of the `cloudfront` API model. `InvalidationBatchAlreadyExists` is only in the documentation of
    /// `CallerReference`; 409 is the status of the model's other `AlreadyExists` errors.
    pub(super) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchDistribution(_) => (StatusCode::NOT_FOUND, "NoSuchDistribution"),
            Self::NoSuchInvalidation(_) => (StatusCode::NOT_FOUND, "NoSuchInvalidation"),
            Self::MissingBody => (StatusCode::BAD_REQUEST, "MissingBody"),
            Self::MalformedXml(_) => (StatusCode::BAD_REQUEST, "MalformedXML"),
            Self::InconsistentQuantities { .. } => (StatusCode::BAD_REQUEST, "InconsistentQuantities"),
            Self::InvalidArgument(_) => (StatusCode::BAD_REQUEST, "InvalidArgument"),
            Self::Batch(error) => match error {
                BatchError::NoCallerReference | BatchError::EmptyBatch | BatchError::InvalidItem { .. } => {
                    (StatusCode::BAD_REQUEST, "InvalidArgument")
                }
                BatchError::AlreadyExists(_) => (StatusCode::CONFLICT, "InvalidationBatchAlreadyExists"),
                BatchError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "BatchTooLarge"),
                BatchError::TooMany { .. } => (StatusCode::BAD_REQUEST, "TooManyInvalidationsInProgress"),
            },
            Self::Unsupported { .. } => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
            Self::Unavailable(_) | Self::NoAuthority(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDenied"),
            Self::Throttled => (StatusCode::BAD_REQUEST, "Throttling"),
            Self::Injected | Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if let Self::Unavailable(error) = &self {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, cause, "the deployed distributions are not available");
        }
        let request_id = Uuid::new_v4().to_string();
        let response = ErrorResponse {
            error: ErrorBody {
                r#type: if status.is_client_error() { "Sender" } else { "Receiver" },
                code,
                message: self.to_string(),
            },
            request_id: request_id.clone(),
        };
        match xml::write("ErrorResponse", response) {
            Ok(document) => (status, [(REQUEST_ID, request_id)], document).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}
