//! Fetches an image from a URL of the public internet (guarded against server-side request forgery).
//!
//! The caller chooses the URL, so it must not reach the function's own network or the AWS endpoints in it. Each hop is
//! checked: the URL and an address in it (`source`), and the addresses that its name resolves to, which are also the
//! addresses of the connection (`resolver`). Time, size and number of redirects are limited.
//!
//! Responses are read as browsers read them: malformed header lines are skipped, an encoding that was not requested is
//! decoded (`content_encoding`), and a redirect may name its target in UTF-8 (`redirect`).

mod content_encoding;
mod exempt_hosts;
mod fetch_error;
mod redirect;
mod resolver;
mod source;

use std::time::Duration;

use contract::Contact;
use reqwest::header::{CONTENT_ENCODING, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use url::Url;

pub use content_encoding::{Encoding, decode as decode_body, encodings};
#[cfg(debug_assertions)]
pub use exempt_hosts::ExemptHostError;
pub use exempt_hosts::ExemptHosts;
pub use fetch_error::{Failure, FetchError};
pub use redirect::target as redirect_target;
pub use source::check as check_source;

use crate::originals::ORIGINAL_BYTES_MAX;
use resolver::PublicAddresses;

/// The largest number of header lines of a response. The client's own limit, 100, is below what some servers send;
/// browsers limit the bytes only.
const HEADER_LINES_MAX: usize = 1_000;

/// The limits of fetching one image.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// The time for all requests together, redirects included. API Gateway times out after 30 seconds ("Quotas for HTTP
    /// APIs").
    pub time: Duration,
    /// The time for establishing one connection.
    pub connect_time: Duration,
    /// The size of the image, in bytes: as it is received, and again after each encoding is decoded. A declared length
    /// is ignored.
    pub bytes: usize,
    /// The number of redirects.
    pub redirects: u32,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            connect_time: Duration::from_secs(5),
            bytes: ORIGINAL_BYTES_MAX as usize,
            redirects: 3,
        }
    }
}

/// Fetches images from the internet.
#[derive(Debug, Clone)]
pub struct Fetcher {
    exempt_hosts: ExemptHosts,
    limits: FetchLimits,
    contact: Contact,
}

/// The result of one request.
enum Hop {
    Arrived(Response),
    Redirected(Url),
}

impl Fetcher {
    /// Creates a fetcher with `limits`, which names `contact` to servers and for which `exempt_hosts` count as public.
    #[must_use]
    pub fn new(exempt_hosts: ExemptHosts, limits: FetchLimits, contact: Contact) -> Self {
        Self { exempt_hosts, limits, contact }
    }

    /// Fetches `url` and follows redirects.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let bytes = tokio::time::timeout(self.limits.time, self.follow(url)).await;
        bytes.map_err(|_| FetchError::TooSlow { secs: self.limits.time.as_secs() })?
    }

    async fn follow(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut url = Url::parse(url).map_err(|_| FetchError::NotAUrl)?;
        for _ in 0..=self.limits.redirects {
            match self.hop(&url).await? {
                Hop::Arrived(response) => return self.read(response).await,
                Hop::Redirected(to) => url = to,
            }
        }
        Err(FetchError::TooManyRedirects { redirects_max: self.limits.redirects })
    }

    async fn hop(&self, url: &Url) -> Result<Hop, FetchError> {
        source::check(url, &self.exempt_hosts)?;
        let client = self.client(url).map_err(FetchError::of)?;
        let response = client.get(url.clone()).send().await.map_err(FetchError::of)?;
        match response.status() {
            StatusCode::OK => Ok(Hop::Arrived(response)),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => redirect::target(url, fields(&response, LOCATION)).map(Hop::Redirected),
            status => Err(FetchError::Status(status.as_u16())),
        }
    }

    /// Builds the client for `url`. It connects to public addresses only, unless the host is exempt. A client is built for
    /// each request: it reads the trusted certificates, and most invocations of the function fetch nothing.
    fn client(&self, url: &Url) -> reqwest::Result<Client> {
        let builder = builder(self.limits, &self.contact);
        if self.exempt_hosts.covers(url) { builder.build() } else { builder.dns_resolver(PublicAddresses).build() }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let encodings = content_encoding::encodings(fields(&response, CONTENT_ENCODING))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::of)? {
            if bytes.len() + chunk.len() > self.limits.bytes {
                return Err(FetchError::TooLarge { bytes_max: self.limits.bytes });
            }
            bytes.extend_from_slice(&chunk);
        }
        content_encoding::decode(bytes, &encodings, self.limits.bytes)
    }
}

/// The values of the fields `name` of a response.
fn fields(response: &Response, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    response.headers().get_all(name).into_iter().map(HeaderValue::as_bytes)
}

/// A client without proxy, automatic redirects or pooled connections. On a pooled connection, a malformed header
/// line that the client skips could shift the border between two responses.
fn builder(limits: FetchLimits, contact: &Contact) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(limits.connect_time)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_max_headers(HEADER_LINES_MAX)
        .user_agent(user_agent(contact))
}

/// The product, its version and the contact of its operators, for the operators of servers.
fn user_agent(contact: &Contact) -> String {
    let product = concat!("image-invalidation/", env!("CARGO_PKG_VERSION"));
    contact.text().map_or_else(|| product.to_owned(), |contact| format!("{product} (+{contact})"))
}
