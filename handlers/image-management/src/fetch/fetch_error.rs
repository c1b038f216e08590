//! Why an image was not fetched. What the other server said is never repeated: the caller could read with it what only
//! this function can reach.

use std::error::Error;

use super::resolver::NotPublicError;

/// Why an image was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not the address of a server.
    #[error("the url is not an absolute URL with a host, like https://example.com/cat.jpg")]
    NotAUrl,
    /// Neither `http` nor `https`.
    #[error("the url's scheme is not allowed; allowed are http and https")]
    Scheme,
    /// `https://user:password@…`
    #[error("the url has a user name or password in it; remove it")]
    Credentials,
    /// An address of this machine, of a private network or of nobody.
    #[error("the url leads to an address that is not public; allowed are hosts of the public internet")]
    NotPublic,
    /// Time is up.
    #[error("the image did not arrive within {secs} seconds")]
    TooSlow {
        /// The limit in seconds.
        secs: u64,
    },
    /// No end of redirects.
    #[error("the url leads through more than {redirects_max} redirects")]
    TooManyRedirects {
        /// The limit.
        redirects_max: u32,
    },
    /// A redirect without an address.
    #[error("the url leads to a redirect that says no valid address")]
    RedirectedNowhere,
    /// The server has no image there.
    #[error("the server responded with status {0}; 200 is needed")]
    Status(u16),
    /// Too many bytes.
    #[error("the image has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// No connection, or one that broke. The cause is for the log.
    #[error("the server cannot be reached, or broke off its response")]
    Unreachable(String),
}

impl FetchError {
    /// Tells a rejected address from a failed connection.
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

    /// The word that tells it to programs.
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
