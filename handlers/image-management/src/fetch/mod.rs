//! Fetches an image that an editor names by its URL, from the public internet and from nowhere else.
//!
//! A function that fetches what its users name must not become their way into the network it runs in, nor into what
//! AWS offers to it there. So every hop is checked on its own: its URL ([`source`]), an address that stands in it, and
//! the addresses that its name resolves to, which are also the ones that are connected to ([`resolver`]). Time, size
//! and redirects are bounded.

mod exempt_hosts;
mod fetch_error;
mod resolver;
mod source;

use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, Response, StatusCode, redirect};
use url::Url;

pub use exempt_hosts::{ExemptHostError, ExemptHosts};
pub use fetch_error::FetchError;
pub use source::check as check_source;

use crate::originals::ORIGINAL_BYTES_MAX;
use resolver::PublicAddresses;

/// How far fetching an image goes.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// For everything together, redirects included. API Gateway gives up after 30 seconds ("Quotas for HTTP APIs").
    pub time: Duration,
    /// For making one connection.
    pub connect_time: Duration,
    /// For the image, in bytes as they come, whatever the server says their number is.
    pub bytes: usize,
    /// How many redirects are followed.
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

/// Fetches images.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Connects to public addresses only.
    public: Client,
    /// Connects to whatever it is told, for exempt hosts.
    exempt: Client,
    exempt_hosts: ExemptHosts,
    limits: FetchLimits,
}

/// What one request to one server led to.
enum Hop {
    Arrived(Response),
    Redirected(Url),
}

impl Fetcher {
    /// A fetcher within `limits`, for which `exempt_hosts` count as public. Fails where the machine has no certificate
    /// authorities to trust.
    pub fn new(exempt_hosts: ExemptHosts, limits: FetchLimits) -> Result<Self, reqwest::Error> {
        Ok(Self {
            public: client(limits).dns_resolver(PublicAddresses).build()?,
            exempt: client(limits).build()?,
            exempt_hosts,
            limits,
        })
    }

    /// Fetches what `url` leads to.
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

/// Goes nowhere on its own: no proxy, no redirects, no connection kept for a later image.
fn client(limits: FetchLimits) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(limits.connect_time)
        .user_agent("image-management")
}
