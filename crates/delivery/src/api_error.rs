//! Error responses to viewers.

use domain::{InvalidIdentifierError, LocationName};
use lambda_http::http::{Method, StatusCode};
use purging::ports::CallError;

use crate::ports::UnreadableItemError;
use crate::unrenderable::Unrenderable;

/// The reason for a response without an image. The text is part of the response: it describes the problem and names no
/// internal resource. The source has the details, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("The request did not come from a tenant's distribution. Send it to https://<tenant>.<viewer domain>/.")]
    NotThroughADistribution,
    #[error("Method {0} is not allowed. Use GET or HEAD.")]
    MethodNotAllowed(Method),
    #[error("The path is not an image URL. Use /api/v2/img/<imagePackId>[-<suffix>]?location=<name>.")]
    NotAnImageUrl,
    #[error("{0}.")]
    InvalidIdentifier(#[from] InvalidIdentifierError),
    #[error("The query has several location parameters. Send one, or none for the image pack's main location.")]
    SeveralLocations,
    #[error("The image pack does not exist.")]
    UnknownPack,
    #[error("The image pack has no main location. Select a location with ?location=<name>.")]
    NoMainLocation,
    #[error("The image pack has no location {:?}.", .0.as_str())]
    UnknownLocation(LocationName),
    #[error("The original of location {:?} is missing. Upload it again.", .0.as_str())]
    MissingOriginal(LocationName),
    /// CloudFront caches a 404 for as long as the response says, and a 422 never.
    #[error("{}", .0.message)]
    CannotRender(Unrenderable),
    #[error("The stored data of the image pack or its location is invalid. Save it again.")]
    UnreadableItem(#[from] UnreadableItemError),
    #[error("The image is temporarily unavailable. Try again.")]
    Unavailable(#[from] CallError),
}

impl ApiError {
    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status_and_code().0
    }

    /// The error code, for programs.
    pub(crate) fn code(&self) -> &str {
        self.status_and_code().1
    }

    fn status_and_code(&self) -> (StatusCode, &str) {
        match self {
            Self::NotThroughADistribution => (StatusCode::FORBIDDEN, "not-through-a-distribution"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::NotAnImageUrl => (StatusCode::NOT_FOUND, "not-an-image-url"),
            Self::InvalidIdentifier(_) => (StatusCode::BAD_REQUEST, "invalid-identifier"),
            Self::SeveralLocations => (StatusCode::BAD_REQUEST, "several-locations"),
            Self::UnknownPack => (StatusCode::NOT_FOUND, "unknown-image-pack"),
            Self::NoMainLocation => (StatusCode::NOT_FOUND, "no-main-location"),
            Self::UnknownLocation(_) => (StatusCode::NOT_FOUND, "unknown-location"),
            Self::MissingOriginal(_) => (StatusCode::NOT_FOUND, "missing-original"),
            Self::CannotRender(reason) => (StatusCode::NOT_FOUND, &reason.code),
            Self::UnreadableItem(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable-item"),
            Self::Unavailable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
        }
    }
}
