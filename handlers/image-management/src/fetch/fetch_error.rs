//! Errors of fetching. Messages never repeat the server's response: a caller could otherwise read content that only
//! this function can reach.

use std::error::Error;
use std::io;
use std::iter::successors;

use super::resolver::{NotPublicError, UnknownHostError};

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
    #[error("the url leads through more than {redirects_max} redirects, or in a circle; send the image's own url")]
    TooManyRedirects {
        /// The limit.
        redirects_max: u32,
    },
    /// A redirect has no valid `Location` header, or several.
    #[error("the url leads to a redirect without a valid Location header; send the image's own url")]
    RedirectedNowhere,
    /// The status of the response is not 200.
    #[error("the server responded with status {0}; 200 is needed")]
    Status(u16),
    /// The response has an encoding that is not supported, or too many.
    #[error(
        "the response has a Content-Encoding that is not supported; supported are gzip, deflate, br and zstd, at most two"
    )]
    Encoding,
    /// The image is too large.
    #[error("the image has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// The exchange with the server failed.
    #[error("{failure}")]
    Failed {
        /// The step that failed.
        failure: Failure,
        /// The cause, for the log.
        cause: String,
    },
}

/// The step of an exchange with a server that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No address of the host is known.
    #[error("the host name of the url cannot be resolved; check the name")]
    Resolution,
    /// No connection to an address of the host.
    #[error("no connection to the server: it refused, or did not respond; check host and port of the url")]
    Connection,
    /// No secure connection.
    #[error("no secure connection to the server; check that the url's host and port support https")]
    Tls,
    /// The certificate is not valid for the host.
    #[error(
        "the server's certificate is not valid for the url: it is expired, is for another name, or is not issued by a \
         public authority"
    )]
    Certificate,
    /// The head of the response is malformed.
    #[error("the server's response is not valid HTTP; check the scheme and the port of the url")]
    Http,
    /// The response ended early.
    #[error(
        "the response is incomplete: it ended early, or its length is not the one that the server declared; send the \
         request again"
    )]
    Incomplete,
    /// The body is not encoded as the response says, or its encoded data ends early.
    #[error("the response cannot be decoded as its Content-Encoding says; it is encoded otherwise, or incomplete")]
    Encoding,
}

impl FetchError {
    /// The error of a body whose encoding cannot be decoded.
    pub(super) fn undecodable(error: &io::Error) -> Self {
        Self::Failed { failure: Failure::Encoding, cause: error.to_string() }
    }

    /// The error of a failed request, by its causes.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes: Vec<_> = successors(Some(&error as &(dyn Error + 'static)), |error| cause_of(*error)).collect();
        let any = |is_wanted: fn(&(dyn Error + 'static)) -> bool| causes.iter().any(|&cause| is_wanted(cause));
        if any(<dyn Error>::is::<NotPublicError>) {
            return Self::NotPublic;
        }
        let failure = if any(<dyn Error>::is::<UnknownHostError>) {
            Failure::Resolution
        } else if any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))) {
            Failure::Certificate
        } else if error.is_builder() || any(<dyn Error>::is::<rustls::Error>) {
            Failure::Tls
        } else if error.is_connect() {
            Failure::Connection
        } else if any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) {
            Failure::Http
        } else {
            Failure::Incomplete
        };
        let cause = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
        Self::Failed { failure, cause }
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
            | Self::Encoding
            | Self::Failed { .. } => "fetch-failed",
        }
    }
}

/// The cause of an error. An [`io::Error`] names the cause of the error in it as its own, and so would hide that error.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|error| error as &(dyn Error + 'static)),
        None => error.source(),
    }
}
