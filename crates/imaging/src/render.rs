//! From the bytes of an original to the bytes of a variant.

use std::panic::catch_unwind;

use domain::image::image_pack::{Crop, LocationConfig};
use fast_image_resize::ResizeError;
use image::ImageError;

use crate::decoding::{Decoded, decode};
use crate::encoding::{EncodeError, encode};
use crate::geometry::frame;
use crate::inspection::{InvalidImageError, panicked};
use crate::scaling::scale;

/// How many bytes a variant may have. A Lambda response takes 6 MB ("Lambda quotas"), in which an image stands as
/// base64, four bytes for three; the rest is left to the headers.
const VARIANT_BYTES_MAX: usize = 4_500_000;

/// A variant, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
}

/// Why no variant can be rendered from an original. Its text goes to the viewer.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The original is nothing that could have been uploaded through the management API.
    #[error("The original cannot be used: {0}. Upload another one.")]
    Original(#[from] InvalidImageError),
    /// Its header is good and its pixels are not.
    #[error("The original cannot be decoded: upload it again.")]
    Undecodable(#[source] ImageError),
    /// The pixels do not fit the scaler. It takes a defect here.
    #[error("The original cannot be scaled to its location: change its crop or the location's size.")]
    Unscalable(#[from] ResizeError),
    /// An encoder rejected the variant.
    #[error("The image cannot be encoded: change the location's format.")]
    Unencodable(#[from] EncodeError),
    /// More than a response can hold.
    #[error(
        "The image takes {bytes} bytes and at most {VARIANT_BYTES_MAX} can be sent: make the location smaller, or its \
         format lossy."
    )]
    TooLarge {
        /// How many.
        bytes: usize,
    },
}

impl RenderError {
    /// The word that tells it to programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Original(reason) => reason.code(),
            Self::Undecodable(_) => "undecodable-original",
            Self::Unscalable(_) => "unscalable-original",
            Self::Unencodable(_) => "unencodable-variant",
            Self::TooLarge { .. } => "variant-too-large",
        }
    }
}

/// Renders a variant: what `crop` shows of `original`, in the size, format and quality of the location.
pub fn render(original: &[u8], crop: Option<Crop>, config: LocationConfig) -> Result<Rendered, RenderError> {
    // A decoder that panics has met a file that its authors did not think of: the fault of one image.
    let rendered = catch_unwind(|| render_decoded(&decode(original)?, crop, config));
    rendered.unwrap_or_else(|_| Err(RenderError::Undecodable(panicked())))
}

fn render_decoded(original: &Decoded, crop: Option<Crop>, config: LocationConfig) -> Result<Rendered, RenderError> {
    let frame = frame(original.pixels.width(), original.pixels.height(), crop, config);
    let pixels = scale(&original.pixels, frame)?;
    let (bytes, format) = encode(pixels, original.colour_profile.as_deref(), config.format, config.quality)?;
    if bytes.len() > VARIANT_BYTES_MAX {
        return Err(RenderError::TooLarge { bytes: bytes.len() });
    }
    Ok(Rendered { bytes, content_type: format.media_type() })
}

#[cfg(test)]
mod tests;
