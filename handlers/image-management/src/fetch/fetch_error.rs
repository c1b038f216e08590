//! Errors of fetching. Messages never repeat the server's response: a caller could otherwise read content that only
//! this function can reach.

use std::error::Error;

use super::resolver::NotPublicError;

/// The reason for which an image was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The text is not an absolute URL with a host.
    #[error("the url is not an absolute URL with a host, like https://example.com/cat.jpg")]
    NotAUrl,
    /// The scheme is neither `http` nor `https`.
    #[error("the url's scheme is not allowed; allowed are http and https")]
    Scheme,
    /// The URL has credentials: `https://user:password@…`.
    #[error("the url has a user name or password in it; remove it")]
    Credentials,
    /// The address is not public: loopback, private or reserved.
    #[error("the url leads to an address that is not public; allowed are hosts of the public internet")]
    NotPublic,
    /// The time limit is exceeded.
    #[error("the image did not arrive within {secs} seconds")]
    TooSlow {
        /// The limit in seconds.
        secs: u64,
    },
    /// There are too many redirects.
    #[error("the url leads through more than {redirects_max} redirects")]
    TooManyRedirects {
        /// The limit.
        redirects_max: u32,
    },
    /// A redirect has no valid `Location` header.
    #[error("the url leads to a redirect without a valid Location header")]
    RedirectedNowhere,
    /// The status of the response is not 200.
    #[error("the server responded with status {0}; 200 is needed")]
    Status(u16),
    /// The image is too large.
    #[error("the image has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// The connection failed. The cause is for the log.
    #[error("the server cannot be reached, or its response is incomplete or not valid HTTP")]
    Unreachable(String),
}

impl FetchError {
    /// Distinguishes a rejected address from a failed connection.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut causes = Vec::new();
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if error.is::<NotPublicError>() {
                return Self::NotPublic;
            }
            causes.push(error.to_string());
            cause = error.source();
        }
        Self::Unreachable(causes.join(": "))
    }

    /// The error code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAUrl | Self::Scheme | Self::Credentials | Self::NotPublic => "fetch-rejected",
            Self::TooLarge { .. } => "too-large",
            Self::TooSlow { .. }
            | Self::TooManyRedirects { .. }
            | Self::RedirectedNowhere
            | Self::Status(_)
            | Self::Unreachable(_) => "fetch-failed",
        }
    }
}
