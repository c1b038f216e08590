//! Errors of the management API and their responses.

use aws_adapters::CallError;
use aws_adapters::image_pack_table::ReadError;
use aws_adapters::managed_items::WriteError;
use domain::editing::location_config::SaveError;
use domain::editing::pack_edit::EditError;
use http_api::ApiError;
use imaging::InvalidImageError;
use lambda_http::http::StatusCode;

use crate::fetch::FetchError;

/// The reason for which a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManagementError {
    /// The request is invalid or conflicts with the stored state.
    #[error("{0:?}")]
    Rejected(ApiError),
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Reading the image-pack table failed, or the item is not valid.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// DynamoDB rejected the item.
    #[error("DynamoDB rejected the item: {0}")]
    Write(CallError),
}

impl ManagementError {
    /// The response to the caller, without internal details. These are in the log.
    pub(crate) fn into_api_error(self) -> ApiError {
        match self {
            Self::Rejected(error) => error,
            Self::Read(ReadError::Item { .. }) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "unreadable-item",
                "The item in the image-pack table cannot be read. The log of image-management has the cause.",
            ),
            Self::Write(_) => ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "item-rejected",
                "DynamoDB rejected the item, most likely because it would exceed 400 KB. The log of image-management has \
                 the cause.",
            ),
            Self::Call(_) | Self::Read(ReadError::Call(_)) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "unavailable",
                "A service behind the API is temporarily unavailable. Send the request again.",
            ),
        }
    }
}

impl From<WriteError> for ManagementError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Read(error) => Self::Read(error),
            WriteError::Rejected(error) => Self::Write(error),
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
