//! Why a request was not carried out, and what its sender is told of it.

use admin_api::ApiError;
use aws_adapters::CallFailed;
use aws_adapters::image_pack_table::ReadFailed;
use aws_adapters::managed_items::WriteFailed;
use domain::editing::location_config::SaveError;
use domain::editing::pack_edit::EditError;
use imaging::InvalidImageError;
use lambda_http::http::StatusCode;

use crate::fetch::FetchError;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManagementError {
    /// It may not be.
    #[error("{0:?}")]
    Rejected(ApiError),
    /// AWS did not respond.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// The table did not respond, or with an item that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailed),
    /// The table does not take what would be written.
    #[error("the table does not take the item: {0}")]
    Write(CallFailed),
}

impl ManagementError {
    /// What the sender is told. The details of what failed inside are in the log.
    pub(crate) fn into_api_error(self) -> ApiError {
        match self {
            Self::Rejected(error) => error,
            Self::Read(ReadFailed::Item { .. }) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "unreadable-item",
                "What the image-pack table holds here cannot be read. The log of image-management says what is wrong.",
            ),
            Self::Write(_) => ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "item-rejected",
                "The image-pack table does not take the item as it would be, most likely because it would have more than \
                 400 KB. The log of image-management says why.",
            ),
            Self::Call(_) | Self::Read(ReadFailed::Call(_)) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "unavailable",
                "The request could not be carried out now. Send it again.",
            ),
        }
    }
}

impl From<WriteFailed> for ManagementError {
    fn from(failure: WriteFailed) -> Self {
        match failure {
            WriteFailed::Read(failure) => Self::Read(failure),
            WriteFailed::Rejected(failure) => Self::Write(failure),
        }
    }
}

impl From<ApiError> for ManagementError {
    fn from(error: ApiError) -> Self {
        Self::Rejected(error)
    }
}

impl From<EditError> for ManagementError {
    fn from(error: EditError) -> Self {
        let (status, code) = match error {
            EditError::NoImage { .. } => (StatusCode::NOT_FOUND, "unknown-image-location"),
            EditError::NoMainImage { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no-main-image"),
            EditError::EmptyCrop | EditError::CropOutside { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-crop"),
            EditError::TooManyImages => (StatusCode::UNPROCESSABLE_ENTITY, "too-many-images"),
        };
        Self::Rejected(ApiError::new(status, code, error.to_string()))
    }
}

impl From<SaveError> for ManagementError {
    fn from(error: SaveError) -> Self {
        let (status, code) = match error {
            SaveError::Nothing => (StatusCode::UNPROCESSABLE_ENTITY, "nothing-to-save"),
            SaveError::NothingSaved => (StatusCode::NOT_FOUND, "unknown-config"),
        };
        Self::Rejected(ApiError::new(status, code, error.to_string()))
    }
}

impl From<InvalidImageError> for ManagementError {
    fn from(error: InvalidImageError) -> Self {
        Self::Rejected(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))
    }
}

impl From<FetchError> for ManagementError {
    fn from(error: FetchError) -> Self {
        Self::Rejected(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))
    }
}
