//! A viewer: a browser that knows only a URL.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::StatusCode;
use reqwest::header::{AGE, HeaderMap};

use crate::cause::{Cause, Context as _};
use crate::test_image::{self, Recognised};

/// The time limit of a request. An unoptimised build decodes and resizes the first image of a cold function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The emulator's request header for the number of the viewer's edge location.
const EDGE_LOCATION: &str = "x-edge-location";

/// A viewer of one tenant's images.
#[derive(Debug, Clone)]
pub struct Viewer {
    client: reqwest::Client,
    /// `http://<host>:<port>`
    base: String,
    /// The number of the edge location that serves the viewer.
    edge_location: usize,
}

/// The source of a response, by CloudFront's `X-Cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// The emulator's cache.
    Hit,
    /// The origin.
    Miss,
}

/// An image as a viewer got it.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The source.
    pub cache: Cache,
    /// The response's time in the cache, in seconds; 0 for a response from the origin, which has no `Age`.
    pub age_secs: u64,
    /// The image's properties.
    pub image: Recognised,
    /// All headers.
    pub headers: HeaderMap,
}

/// Any response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Viewer {
    /// A viewer who finds `host` at the first edge location of `emulator`, without the DNS.
    pub fn new(host: &str, emulator: SocketAddr) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).resolve(host, emulator).build()?;
        Ok(Self { client, base: format!("http://{host}:{}", emulator.port()), edge_location: 0 })
    }

    /// The viewer at another edge location.
    #[must_use]
    pub fn at_edge_location(&self, edge_location: usize) -> Self {
        Self { edge_location, ..self.clone() }
    }

    /// The URL of `image` (`<imagePackId>[-<suffix>]`) at `location`; without one, of the pack's main image.
    #[must_use]
    pub fn url(&self, image: &str, location: Option<&str>) -> String {
        let query = location.map(|location| format!("?location={location}")).unwrap_or_default();
        format!("{}/api/v2/img/{image}{query}", self.base)
    }

    /// Fetches a URL.
    pub async fn get(&self, url: &str) -> Result<Response, Cause> {
        let get = self.client.get(url).header(EDGE_LOCATION, self.edge_location);
        let response = get.send().await.context(format!("{url} did not respond"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response { status, headers, body: response.bytes().await? })
    }

    /// Fetches the image of a location and recognises it.
    pub async fn fetch(&self, image: &str, location: &str) -> Result<Fetched, Cause> {
        self.fetch_at(image, Some(location)).await
    }

    /// Fetches the image of a location, or else a pack's main image, and recognises it.
    pub async fn fetch_at(&self, image: &str, location: Option<&str>) -> Result<Fetched, Cause> {
        let url = self.url(image, location);
        Fetched::of(self.get(&url).await?).context(url)
    }
}

impl Fetched {
    fn of(Response { status, headers, body }: Response) -> Result<Self, Cause> {
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let cache = match headers.get("x-cache").and_then(|value| value.to_str().ok()) {
            Some("Hit from cloudfront") => Cache::Hit,
            Some("Miss from cloudfront") => Cache::Miss,
            other => return Err(format!("X-Cache is {other:?}").into()),
        };
        let age_secs = headers.get(AGE).map_or(Ok(0), |age| age.to_str().unwrap_or_default().parse()).context("Age")?;
        Ok(Self { cache, age_secs, image: test_image::recognise(&body)?, headers })
    }
}

impl fmt::Display for Fetched {
    /// For example `Hit, Age 3, blue`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, Age {}, {}", self.cache, self.age_secs, self.image.colour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_image::{Colour, Encoding, photograph};

    fn fetched(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Result<Fetched, Cause> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Fetched::of(Response { status, headers, body: Bytes::copy_from_slice(body) })
    }

    fn image(colour: Colour, encoding: Encoding) -> Vec<u8> {
        photograph(colour, (48, 32), encoding, 1).unwrap()
    }

    #[test]
    fn every_colour_is_recognised_in_every_encoding_with_its_cache_and_age() {
        for (colour, encoding) in Colour::ALL.into_iter().flat_map(|c| [(c, Encoding::Jpeg), (c, Encoding::Png)]) {
            let body = image(colour, encoding);
            let hit = fetched(200, &[("x-cache", "Hit from cloudfront"), ("age", "3")], &body).unwrap();
            let expected = Recognised { colour, width: 48, height: 32 };
            assert_eq!((hit.cache, hit.age_secs, hit.image), (Cache::Hit, 3, expected));
            let miss = fetched(200, &[("x-cache", "Miss from cloudfront")], &body).unwrap();
            assert_eq!((miss.cache, miss.age_secs), (Cache::Miss, 0));
        }
    }

    #[test]
    fn a_response_without_an_image_of_the_emulator_is_an_error_with_the_reason() {
        let (hit, body) = (("x-cache", "Hit from cloudfront"), image(Colour::Green, Encoding::Jpeg));
        let halves = crate::test_image::photograph_of(
            |x| if x < 24 { Colour::Red } else { Colour::Blue },
            (48, 32),
            Encoding::Png,
            1,
        );
        let cases = [
            (fetched(404, &[hit], b"no such pack"), "404 Not Found: no such pack"),
            (fetched(200, &[], &body), "X-Cache"),
            (fetched(200, &[hit, ("age", "old")], &body), "Age"),
            (fetched(200, &[hit], b"<html>"), "format"),
            (fetched(200, &[hit], &halves.unwrap()), "no colour has most of the 1536 pixels"),
        ];
        for (result, expected) in cases {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
