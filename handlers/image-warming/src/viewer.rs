//! A viewer of the tenants' images, through CloudFront.

use std::time::Duration;

use contract::query::LOCATION;
use domain::image::image_url::IMAGE_PATH_PREFIX;
use domain::warming::RequestedLocation;
use domain::{ImagePackId, TenantId};
use reqwest::header::HOST;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

/// The time limit of a request: longer than the 60 s for which CloudFront waits for image-processing at most.
const TIMEOUT: Duration = Duration::from_secs(65);

/// A viewer of the tenants' images.
#[derive(Debug, Clone)]
pub struct Viewer {
    client: Client,
    domain: String,
    endpoint: Option<String>,
}

/// A request that brought no image.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// CloudFront did not respond.
    #[error(transparent)]
    Unreachable(#[from] reqwest::Error),
    /// The response is no image.
    #[error("the response has status {0}")]
    NoImage(StatusCode),
}

impl Viewer {
    /// A viewer of the hosts `<tenant>.<domain>`, over HTTPS, or over the address `endpoint` in place of them all.
    pub fn new(domain: String, endpoint: Option<String>) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { client, domain, endpoint })
    }

    /// Requests the image of `pack` as a URL with `location` does, to the last byte: an edge stores a whole response
    /// only.
    pub async fn request(
        &self,
        tenant: &TenantId,
        pack: &ImagePackId,
        RequestedLocation(location): &RequestedLocation,
    ) -> Result<(), RequestError> {
        let host = format!("{tenant}.{}", self.domain);
        let base = self.endpoint.clone().unwrap_or_else(|| format!("https://{host}"));
        let query = location.as_ref().map(|name| format!("?{LOCATION}={name}")).unwrap_or_default();
        let url = format!("{base}{IMAGE_PATH_PREFIX}{pack}{query}");
        let mut response = self.client.get(url).header(HOST, host).send().await?;
        while response.chunk().await?.is_some() {}
        let status = response.status();
        if status == StatusCode::OK { Ok(()) } else { Err(RequestError::NoImage(status)) }
    }
}
