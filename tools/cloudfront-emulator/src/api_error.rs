use http::StatusCode;

/// The code of an API error; its `Debug` text is the name that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    AccessDenied,
    BatchTooLarge,
    EntityNotFound,
    InconsistentQuantities,
    InternalError,
    InvalidArgument,
    InvalidationBatchAlreadyExists,
    MalformedXML,
    MissingBody,
    NoSuchDistribution,
    NoSuchInvalidation,
    NotImplemented,
    ServiceUnavailable,
    Throttling,
    TooManyInvalidationsInProgress,
}

impl Code {
    /// The status of the `cloudfront` API model. `InvalidationBatchAlreadyExists` is only in the documentation of
    /// `CallerReference`; 409 is the status of the model's other `AlreadyExists` errors.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::BatchTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidationBatchAlreadyExists => StatusCode::CONFLICT,
            Self::EntityNotFound | Self::NoSuchDistribution | Self::NoSuchInvalidation => StatusCode::NOT_FOUND,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InconsistentQuantities
            | Self::InvalidArgument
            | Self::MalformedXML
            | Self::MissingBody
            | Self::Throttling
            | Self::TooManyInvalidationsInProgress => StatusCode::BAD_REQUEST,
        }
    }

    /// An error with this code.
    pub(crate) fn error(self, message: impl Into<String>) -> ApiError {
        ApiError { code: self, message: message.into() }
    }
}

/// The error of an API call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) message: String,
}
