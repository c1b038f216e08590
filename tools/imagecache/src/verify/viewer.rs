//! A viewer of a tenant's images.

use std::time::Duration;

use contract::headers::IMAGE_FINGERPRINT;
use domain::image::image_url::IMAGE_PATH_PREFIX;
use domain::{ImagePackId, LocationName};
use reqwest::header::{AGE, HOST};
use reqwest::{Client, StatusCode};

/// The time limit of a request: longer than that of image-processing.
const TIMEOUT: Duration = Duration::from_secs(35);

/// CloudFront's header with the source of a response, and its value for an object of the cache.
const X_CACHE: &str = "x-cache";
const HIT: &str = "Hit from cloudfront";

/// A viewer of the images of one host.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    client: Client,
    /// `https://<host>`, or the address that stands in for it.
    base: String,
    host: String,
}

/// An image as a viewer got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) is_hit: bool,
    /// The time that the object has been in the cache, in seconds.
    pub(crate) age_secs: u64,
    pub(crate) fingerprint: String,
}

impl Viewer {
    /// A viewer of `host` over HTTPS, or over the address `endpoint` (`http://127.0.0.1:8080`) instead of the host's own.
    pub(crate) fn new(host: String, endpoint: Option<&str>) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(TIMEOUT);
        let (client, base) = match endpoint {
            None => (client, format!("https://{host}")),
            Some(endpoint) => (client.no_proxy(), endpoint.trim_end_matches('/').to_owned()),
        };
        Ok(Self { client: client.build()?, base, host })
    }

    /// Requests the image of `pack` at `location`.
    pub(crate) async fn get(&self, pack: &ImagePackId, location: &LocationName) -> Result<Seen, String> {
        let path = format!("{IMAGE_PATH_PREFIX}{pack}?location={location}");
        let url = format!("https://{}{path}", self.host);
        let get = self.client.get(format!("{}{path}", self.base)).header(HOST, &self.host);
        let response = get.send().await.map_err(|error| format!("{url} did not respond: {}", with_causes(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status != StatusCode::OK {
            let body = response.text().await.unwrap_or_default();
            return Err(format!("{url} responded with {status}: {}", body.chars().take(300).collect::<String>()));
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let fingerprint = text(IMAGE_FINGERPRINT).ok_or_else(|| {
            format!("{url} responded without {IMAGE_FINGERPRINT}: image-processing is not its origin")
        })?;
        Ok(Seen {
            is_hit: text(X_CACHE) == Some(HIT),
            age_secs: text(AGE.as_str()).and_then(|age| age.parse().ok()).unwrap_or_default(),
            fingerprint: fingerprint.to_owned(),
        })
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
