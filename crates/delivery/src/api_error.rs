//! Why there is no image.

use domain::{InvalidIdentifier, LocationName};
use imaging::RenderError;
use lambda_http::http::{Method, StatusCode};
use purging::ports::CallFailed;

use crate::ports::UnreadableItem;

/// The reason for a response without an image. Its text goes to the viewer: it says what is wrong with the request and
/// nothing about what is behind this function, which the source says, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(
        "This is an origin. Send the request through the tenant's distribution, https://<tenant>.<viewer domain>/."
    )]
    NotThroughADistribution,
    #[error("Method {0} is not allowed: images are read by GET or HEAD.")]
    MethodNotAllowed(Method),
    #[error("This is not an image URL. Expected: /api/v2/img/<imagePackId>[-<suffix>]?location=<name>.")]
    NotAnImageUrl,
    #[error("{0}.")]
    InvalidIdentifier(#[from] InvalidIdentifier),
    #[error("The query names several locations: name one, or none for the image pack's main location.")]
    SeveralLocations,
    #[error("There is no such image pack.")]
    UnknownPack,
    #[error("The image pack has no main location: name one with ?location=<name>.")]
    NoMainLocation,
    #[error("The image pack has no location {:?}.", .0.as_str())]
    UnknownLocation(LocationName),
    #[error("The original of location {:?} is missing: upload it again.", .0.as_str())]
    MissingOriginal(LocationName),
    #[error("{0}")]
    CannotRender(#[from] RenderError),
    #[error("The image pack or its location is not stored as it should be: save it again.")]
    UnreadableItem(#[from] UnreadableItem),
    #[error("The image cannot be read right now: try again in a moment.")]
    Unavailable(#[from] CallFailed),
}

impl ApiError {
    /// The status that tells it to programs that know HTTP.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::InvalidIdentifier(_) | Self::SeveralLocations => StatusCode::BAD_REQUEST,
            Self::NotThroughADistribution => StatusCode::FORBIDDEN,
            Self::NotAnImageUrl
            | Self::UnknownPack
            | Self::NoMainLocation
            | Self::UnknownLocation(_)
            | Self::MissingOriginal(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::CannotRender(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::UnreadableItem(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// The word that tells it to programs that know this service.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotThroughADistribution => "not-through-a-distribution",
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::NotAnImageUrl => "not-an-image-url",
            Self::InvalidIdentifier(_) => "invalid-identifier",
            Self::SeveralLocations => "several-locations",
            Self::UnknownPack => "unknown-image-pack",
            Self::NoMainLocation => "no-main-location",
            Self::UnknownLocation(_) => "unknown-location",
            Self::MissingOriginal(_) => "missing-original",
            Self::CannotRender(reason) => reason.code(),
            Self::UnreadableItem(_) => "unreadable-item",
            Self::Unavailable(_) => "unavailable",
        }
    }
}
