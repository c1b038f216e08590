//! Why a request was not carried out, and what its sender is told of it.

use admin_api::Refusal;
use aws_adapters::CallFailed;
use aws_adapters::image_pack_table::ReadFailed;
use aws_adapters::managed_items::WriteFailed;
use domain::editing::location_config::SaveRefused;
use domain::editing::pack_edit::EditRefused;
use lambda_http::http::StatusCode;
use imaging::InvalidImage;

use crate::fetch::FetchFailed;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It may not be.
    #[error("{0:?}")]
    Refused(Refusal),
    /// AWS did not answer.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// The table did not answer, or with an item that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailed),
    /// The table does not take what would be written.
    #[error("the table does not take the item: {0}")]
    Write(CallFailed),
}

impl Failed {
    /// What the sender is told. The details of what failed inside are in the log.
    pub(crate) fn into_refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Read(ReadFailed::Item { .. }) => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "unreadable-item",
                "What the image-pack table holds here cannot be read. The log of image-management says what is wrong.",
            ),
            Self::Write(_) => Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "item-refused",
                "The image-pack table does not take the item as it would be, most likely because it would have more than \
                 400 KB. The log of image-management says why.",
            ),
            Self::Call(_) | Self::Read(ReadFailed::Call(_)) => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "unavailable",
                "The request could not be carried out now. Send it again.",
            ),
        }
    }
}

impl From<WriteFailed> for Failed {
    fn from(failure: WriteFailed) -> Self {
        match failure {
            WriteFailed::Read(failure) => Self::Read(failure),
            WriteFailed::Refused(failure) => Self::Write(failure),
        }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<EditRefused> for Failed {
    fn from(error: EditRefused) -> Self {
        let (status, code) = match error {
            EditRefused::NoImage { .. } => (StatusCode::NOT_FOUND, "unknown-image-location"),
            EditRefused::NoMainImage { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no-main-image"),
            EditRefused::EmptyCrop | EditRefused::CropOutside { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid-crop")
            }
            EditRefused::TooManyImages => (StatusCode::UNPROCESSABLE_ENTITY, "too-many-images"),
        };
        Self::Refused(Refusal::new(status, code, error.to_string()))
    }
}

impl From<SaveRefused> for Failed {
    fn from(error: SaveRefused) -> Self {
        let (status, code) = match error {
            SaveRefused::Nothing => (StatusCode::UNPROCESSABLE_ENTITY, "nothing-to-save"),
            SaveRefused::NothingSaved => (StatusCode::NOT_FOUND, "unknown-config"),
        };
        Self::Refused(Refusal::new(status, code, error.to_string()))
    }
}

impl From<InvalidImage> for Failed {
    fn from(error: InvalidImage) -> Self {
        Self::Refused(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))
    }
}

impl From<FetchFailed> for Failed {
    fn from(error: FetchFailed) -> Self {
        Self::Refused(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string()))
    }
}
