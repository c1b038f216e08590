//! Fetches an image from a URL of the public internet (guarded against server-side request forgery).
//!
//! The caller chooses the URL, so it must not reach the function's own network or the AWS endpoints in it. Each hop is
//! checked: the URL and an address in it (`source`), and the addresses that its name resolves to, which are also the
//! addresses of the connection (`resolver`). Time, size and number of redirects are limited.

mod exempt_hosts;
mod fetch_error;
mod resolver;
mod source;

use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, Response, StatusCode, redirect};
use url::Url;

#[cfg(debug_assertions)]
pub use exempt_hosts::ExemptHostError;
pub use exempt_hosts::ExemptHosts;
pub use fetch_error::FetchError;
pub use source::check as check_source;

use crate::originals::ORIGINAL_BYTES_MAX;
use resolver::PublicAddresses;

/// The limits of fetching one image.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// The time for all requests together, redirects included. API Gateway times out after 30 seconds ("Quotas for HTTP
    /// APIs").
    pub time: Duration,
    /// The time for establishing one connection.
    pub connect_time: Duration,
    /// The size of the image, in received bytes; a declared length is ignored.
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
    /// The client that connects to public addresses only.
    public: Client,
    /// The client for exempt hosts, which connects to any address.
    exempt: Client,
    exempt_hosts: ExemptHosts,
    limits: FetchLimits,
}

/// The result of one request.
enum Hop {
    Arrived(Response),
    Redirected(Url),
}

impl Fetcher {
    /// Creates a fetcher with `limits`, for which `exempt_hosts` count as public. Fails if the machine has no trusted
    /// certificate authorities.
    pub fn new(exempt_hosts: ExemptHosts, limits: FetchLimits) -> Result<Self, reqwest::Error> {
        Ok(Self {
            public: client(limits).dns_resolver(PublicAddresses).build()?,
            exempt: client(limits).build()?,
            exempt_hosts,
            limits,
        })
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
        let client = if self.exempt_hosts.covers(url) { &self.exempt } else { &self.public };
        source::check(url, &self.exempt_hosts)?;
        let response = client.get(url.clone()).send().await.map_err(FetchError::of)?;
        match response.status() {
            StatusCode::OK => Ok(Hop::Arrived(response)),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                let to = location.and_then(|location| url.join(location).ok());
                to.map(Hop::Redirected).ok_or(FetchError::RedirectedNowhere)
            }
            status => Err(FetchError::Status(status.as_u16())),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::of)? {
            if bytes.len() + chunk.len() > self.limits.bytes {
                return Err(FetchError::TooLarge { bytes_max: self.limits.bytes });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Builds a client without proxy, automatic redirects or pooled connections.
fn client(limits: FetchLimits) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(limits.connect_time)
        .user_agent("image-management")
}
