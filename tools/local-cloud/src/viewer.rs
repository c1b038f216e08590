//! Somebody who looks at images: a browser that knows only a URL.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::StatusCode;
use reqwest::header::{AGE, HeaderMap};

use crate::test_image::{self, Recognised, TestImageError};

/// How long an image may take. The first one of a cold function is decoded and resized by an unoptimised build.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A viewer of one tenant's images.
#[derive(Debug, Clone)]
pub struct Viewer {
    client: reqwest::Client,
    /// `http://<host>:<port>`
    base: String,
}

/// Where a response came from, as CloudFront's `X-Cache` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// From the emulator's cache.
    Hit,
    /// From the origin.
    Miss,
}

/// What a viewer got.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// From the cache or from the origin.
    pub cache: Cache,
    /// How long the response had been in the cache, in seconds; a response from the origin has no age, which is 0.
    pub age_secs: u64,
    /// The image, by its pixels.
    pub image: Recognised,
    /// All headers.
    pub headers: HeaderMap,
}

/// A response as it came, whatever it is.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why a viewer sees no image.
#[derive(Debug, thiserror::Error)]
pub enum ViewerError {
    /// No response.
    #[error("{url} did not respond")]
    Http {
        /// The requested URL.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// A response other than 200.
    #[error("{url} responded with {status}: {body}")]
    Status {
        /// The requested URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// The body, as text.
        body: String,
    },
    /// The response is not one of CloudFront's.
    #[error("{url} responded without a header that CloudFront sends, or with one that can't be read: {header}")]
    Header {
        /// The requested URL.
        url: String,
        /// The header.
        header: &'static str,
    },
    /// The response is not an image.
    #[error("{url} responded with something else than an image with a dominant colour")]
    Image {
        /// The requested URL.
        url: String,
        /// Why.
        source: TestImageError,
    },
}

impl Viewer {
    /// A viewer for whom `host` is at `emulator`; nothing is looked up in the DNS.
    pub fn new(host: &str, emulator: SocketAddr) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).resolve(host, emulator).build()?;
        Ok(Self { client, base: format!("http://{host}:{}", emulator.port()) })
    }

    /// The address of an image: `image` is `<imagePackId>[-<suffix>]`.
    #[must_use]
    pub fn url(&self, image: &str, location: &str) -> String {
        format!("{}/api/v2/img/{image}?location={location}", self.base)
    }

    /// The address of a pack's main image, which names no location.
    #[must_use]
    pub fn main_url(&self, image: &str) -> String {
        format!("{}/api/v2/img/{image}", self.base)
    }

    /// Fetches an address and takes whatever comes.
    pub async fn get(&self, url: &str) -> Result<Response, ViewerError> {
        let http = |source| ViewerError::Http { url: url.to_owned(), source };
        let response = self.client.get(url).send().await.map_err(http)?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response { status, headers, body: response.bytes().await.map_err(http)? })
    }

    /// Fetches the image of a location and looks at it.
    pub async fn fetch(&self, image: &str, location: &str) -> Result<Fetched, ViewerError> {
        self.fetch_url(self.url(image, location)).await
    }

    /// Fetches the image of a pack's main location, which the URL does not name, and looks at it.
    pub async fn fetch_main(&self, image: &str) -> Result<Fetched, ViewerError> {
        self.fetch_url(self.main_url(image)).await
    }

    async fn fetch_url(&self, url: String) -> Result<Fetched, ViewerError> {
        let Response { status, headers, body } = self.get(&url).await?;
        if status != StatusCode::OK {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(ViewerError::Status { url, status, body });
        }
        let header = |header| ViewerError::Header { url: url.clone(), header };
        Ok(Fetched {
            cache: cache(&headers).ok_or_else(|| header("X-Cache"))?,
            age_secs: age_secs(&headers).ok_or_else(|| header("Age"))?,
            image: test_image::recognise(&body).map_err(|source| ViewerError::Image { url: url.clone(), source })?,
            headers,
        })
    }
}

impl fmt::Display for Fetched {
    /// For example `Hit, Age 3, blue`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, Age {}, {}", self.cache, self.age_secs, self.image.colour)
    }
}

fn cache(headers: &HeaderMap) -> Option<Cache> {
    match headers.get("x-cache")?.to_str().ok()? {
        "Hit from cloudfront" => Some(Cache::Hit),
        "Miss from cloudfront" => Some(Cache::Miss),
        _ => None,
    }
}

fn age_secs(headers: &HeaderMap) -> Option<u64> {
    headers.get(AGE).map_or(Some(0), |age| age.to_str().ok()?.parse().ok())
}

#[cfg(test)]
mod tests;
