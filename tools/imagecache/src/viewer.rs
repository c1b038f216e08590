//! A viewer of the images of one host.

use std::time::Duration;

use contract::headers::IMAGE_FINGERPRINT;
use contract::query::LOCATION;
use domain::image::image_url::IMAGE_PATH_PREFIX;
use domain::{ImagePackId, LocationName};
use reqwest::header::{AGE, ETAG, HOST, HeaderMap};
use reqwest::{Client, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// The time limit of a request: longer than that of image-processing.
const TIMEOUT: Duration = Duration::from_secs(35);

/// CloudFront's headers: the source of a response, and its value for an object of the cache; the id of the request, which
/// no two requests share; the edge location.
const X_CACHE: &str = "x-cache";
const HIT: &str = "Hit from cloudfront";
const REQUEST_ID: &str = "x-amz-cf-id";
const EDGE_LOCATION: &str = "x-amz-cf-pop";

/// The number of characters of an error that are shown.
const ERROR_MAX: usize = 300;

/// A viewer of the images of one host.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    client: Client,
    /// `https://<host>`, or the address that stands in for it.
    base: String,
    host: String,
}

/// A response as a viewer got it, without the image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    pub(crate) status: u16,
    /// The source of the response, as CloudFront names it.
    pub(crate) x_cache: Option<String>,
    /// The time that the object has been in the cache, in seconds.
    pub(crate) age_secs: u64,
    pub(crate) fingerprint: Option<String>,
    pub(crate) etag: Option<String>,
    /// CloudFront's id of the request. Two responses with one id were stored by a cache in front of CloudFront.
    pub(crate) request_id: Option<String>,
    pub(crate) edge_location: Option<String>,
    /// The code and the message of an error.
    pub(crate) error: Option<String>,
}

impl Seen {
    pub(crate) fn is_image(&self) -> bool {
        self.status == StatusCode::OK.as_u16()
    }

    pub(crate) fn is_hit(&self) -> bool {
        self.x_cache.as_deref() == Some(HIT)
    }

    fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        Self {
            status: status.as_u16(),
            x_cache: text(X_CACHE),
            age_secs: text(AGE.as_str()).and_then(|age| age.parse().ok()).unwrap_or_default(),
            fingerprint: text(IMAGE_FINGERPRINT),
            etag: text(ETAG.as_str()),
            request_id: text(REQUEST_ID),
            edge_location: text(EDGE_LOCATION),
            error: None,
        }
    }
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

    /// Requests `path`, query included, as a viewer does, so that an edge without it stores the response.
    pub(crate) async fn get(&self, path: &str) -> Result<Seen, String> {
        self.request(Method::GET, path).await
    }

    /// Looks at the response to `path` and changes no cache: an edge does not store the response to a HEAD.
    pub(crate) async fn look(&self, path: &str) -> Result<Seen, String> {
        let seen = self.request(Method::HEAD, path).await?;
        // The response to a HEAD does not say what the error is.
        if seen.is_image() { Ok(seen) } else { self.get(path).await }
    }

    /// Requests the image of `pack` at `location` from image-processing; any other response is an error.
    pub(crate) async fn image(&self, pack: &ImagePackId, location: &LocationName) -> Result<Seen, String> {
        let path = image_path(pack, location);
        let seen = self.get(&path).await?;
        let url = format!("https://{}{path}", self.host);
        if !seen.is_image() {
            return Err(format!("{url} responded with {}: {}", seen.status, seen.error.unwrap_or_default()));
        }
        if seen.fingerprint.is_none() {
            return Err(format!("{url} responded without {IMAGE_FINGERPRINT}: image-processing is not its origin"));
        }
        Ok(seen)
    }

    async fn request(&self, method: Method, path: &str) -> Result<Seen, String> {
        let request = self.client.request(method, format!("{}{path}", self.base)).header(HOST, &self.host);
        let response = request.send().await.map_err(|error| self.unresponsive(path, &error))?;
        let seen = Seen::of(response.status(), response.headers());
        if seen.is_image() {
            return Ok(seen);
        }
        let body = response.text().await.unwrap_or_default();
        Ok(Seen { error: Some(error_of(&body)), ..seen })
    }

    fn unresponsive(&self, path: &str, error: &reqwest::Error) -> String {
        format!("https://{}{path} did not respond: {}", self.host, with_causes(error))
    }
}

/// The path and the query of the image of `pack` at `location`.
pub(crate) fn image_path(pack: &ImagePackId, location: &LocationName) -> String {
    format!("{IMAGE_PATH_PREFIX}{pack}?{LOCATION}={location}")
}

/// The error of a response: the code and the message of image-processing's JSON, or the beginning of another body.
fn error_of(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    match (json["error"]["code"].as_str(), json["error"]["message"].as_str()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => body.chars().take(ERROR_MAX).collect(),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_code_of_image_processing_or_the_body_of_another_server() {
        let body = r#"{"error":{"code":"unknown-location","message":"The pack has no image \"x\"."}}"#;
        assert_eq!(error_of(body), "unknown-location: The pack has no image \"x\".");
        assert_eq!(error_of("<html>"), "<html>");
    }
}
