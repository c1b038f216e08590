//! One look at an image: a viewer's own request through the emulator, and what came of it.

use std::io::Cursor;

use image::ImageReader;
use reqwest::header::{AGE, CONTENT_TYPE};
use serde::Serialize;

use local_cloud::report::with_causes;
use local_cloud::viewer::Viewer;

use crate::images::Images;
use crate::verdict::Seen;

/// The fingerprint of the image.
const IMAGE_FINGERPRINT: &str = "image-fingerprint";
/// How much of an error's text is shown, in characters.
const PROBLEM_CHARS_MAX: usize = 200;

/// What a viewer got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Look {
    /// The status; 0 when there was no response.
    pub(super) status: u16,
    /// `X-Cache`, in CloudFront's words.
    pub(super) x_cache: String,
    /// How long it has been in the cache, in seconds. A response from the origin has no `Age`.
    pub(super) age_secs: Option<u64>,
    /// The fingerprint that the response names.
    pub(super) fingerprint: Option<String>,
    /// The image, if it is one.
    pub(super) image: Option<SeenImage>,
    /// What was wrong.
    pub(super) problem: Option<String>,
}

/// The image that a viewer got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeenImage {
    /// Where the console keeps it.
    pub(super) url: String,
    /// Width in pixels.
    pub(super) width: u32,
    /// Height in pixels.
    pub(super) height: u32,
    /// How large the file is, in bytes.
    pub(super) bytes: usize,
    /// Its media type.
    pub(super) media_type: String,
}

impl Look {
    /// Looks at `url` and keeps the image.
    pub(super) async fn take(viewer: &Viewer, url: &str, images: &Images) -> Self {
        let nothing =
            Self { status: 0, x_cache: String::new(), age_secs: None, fingerprint: None, image: None, problem: None };
        let response = match viewer.get(url).await {
            Ok(response) => response,
            Err(error) => return Self { problem: Some(with_causes(&error)), ..nothing },
        };
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let look = Self {
            status: response.status.as_u16(),
            x_cache: text("x-cache").unwrap_or_default(),
            age_secs: text(AGE.as_str()).and_then(|age| age.parse().ok()),
            fingerprint: text(IMAGE_FINGERPRINT),
            ..nothing
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
                Self { image: Some(SeenImage { url, width, height, bytes, media_type }), ..look }
            }
            Err(error) => Self { problem: Some(format!("not an image: {error}")), ..look },
        }
    }

    /// What the verdict is about.
    pub(super) fn seen(&self) -> Seen<'_> {
        match self.image {
            Some(_) => Seen::Image { fingerprint: self.fingerprint.as_deref() },
            None => Seen::Nothing { status: self.status },
        }
    }
}
