//! A viewer's request for an image, through the emulator.

use std::io::Cursor;

use image::ImageReader;
use reqwest::header::{AGE, CONTENT_TYPE};
use serde::Serialize;

use local_cloud::cause::with_causes;
use local_cloud::viewer::Viewer;

use crate::images::Images;

/// The response header with the fingerprint of the image.
const IMAGE_FINGERPRINT: &str = "image-fingerprint";
/// The part of an error's text that the page shows, in characters.
const PROBLEM_CHARS_MAX: usize = 200;

/// A viewer's response.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Look {
    /// The status; 0 without a response.
    pub(super) status: u16,
    /// The header `X-Cache`.
    pub(super) x_cache: String,
    /// The time in the cache, in seconds. A response from the origin has no `Age`.
    pub(super) age_secs: Option<u64>,
    /// The header `image-fingerprint`.
    pub(super) fingerprint: Option<String>,
    pub(super) image: Option<SeenImage>,
    /// The error, if there is no image.
    pub(super) problem: Option<String>,
}

/// The image in a viewer's response.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeenImage {
    /// The console's URL of the image.
    pub(super) url: String,
    /// Width in pixels.
    pub(super) width: u32,
    /// Height in pixels.
    pub(super) height: u32,
    /// Size of the file in bytes.
    pub(super) bytes: usize,
}

impl Look {
    /// Requests `url` and keeps the image.
    pub(super) async fn take(viewer: &Viewer, url: &str, images: &Images) -> Self {
        let response = match viewer.get(url).await {
            Ok(response) => response,
            Err(error) => return Self { problem: Some(with_causes(&*error)), ..Self::default() },
        };
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let look = Self {
            status: response.status.as_u16(),
            x_cache: text("x-cache").unwrap_or_default(),
            age_secs: text(AGE.as_str()).and_then(|age| age.parse().ok()),
            fingerprint: text(IMAGE_FINGERPRINT),
            ..Self::default()
        };
        let body = response.body;
        if !response.status.is_success() {
            let problem = String::from_utf8_lossy(&body).chars().take(PROBLEM_CHARS_MAX).collect();
            return Self { problem: Some(problem), ..look };
        }
        let reader = ImageReader::new(Cursor::new(&body)).with_guessed_format().map_err(Into::into);
        match reader.and_then(ImageReader::into_dimensions) {
            Ok((width, height)) => {
                let (media_type, bytes) = (text(CONTENT_TYPE.as_str()).unwrap_or_default(), body.len());
                let url = format!("/images/{}", images.keep(&media_type, body));
                Self { image: Some(SeenImage { url, width, height, bytes }), ..look }
            }
            Err(error) => Self { problem: Some(format!("not an image: {error}")), ..look },
        }
    }
}
