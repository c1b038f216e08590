//! Renders a variant: decodes an original, crops, scales and encodes it.

use contract::limits::VARIANT_BYTES_MAX;
use domain::image::image_pack::{Crop, LocationConfig};
use fast_image_resize::ResizeError;

use crate::decoding::{Libraries, Shown};
use crate::encoding::{EncodeError, colour_divisor, encode};
use crate::geometry::frame;
use crate::inspection::{InvalidImageError, decode_safely};
use crate::orientation::{stored_frame, upright_size};
use crate::scaling::scale;

/// A rendered variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// The media type of the image.
    pub content_type: &'static str,
}

/// The reason for which no variant can be rendered from an original. The text is part of the viewer's response.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The management API would reject the original.
    #[error("The original cannot be used: {0}. Upload another one.")]
    Original(#[from] InvalidImageError),
    /// The scaler rejected the geometry: a defect in this crate.
    #[error("The original cannot be scaled to the location. Change the crop or the location's size.")]
    Unscalable(#[from] ResizeError),
    /// An encoder rejected the variant.
    #[error("The image cannot be encoded. Change the location's format.")]
    Unencodable(#[from] EncodeError),
    /// The variant is too large for a response, in every encoding.
    #[error(
        "The image has {bytes} bytes; the limit is {VARIANT_BYTES_MAX}. Make the location smaller or its format lossy."
    )]
    TooLarge {
        /// The size of the variant, in bytes.
        bytes: usize,
    },
}

impl RenderError {
    /// The error code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Original(reason) => reason.code(),
            Self::Unscalable(_) => "unscalable-original",
            Self::Unencodable(_) => "unencodable-variant",
            Self::TooLarge { .. } => "variant-too-large",
        }
    }
}

/// Renders a variant: the part `crop` of `original`, in the size, format and quality of the location.
pub fn render(original: &[u8], crop: Option<Crop>, config: LocationConfig) -> Result<Rendered, RenderError> {
    let stored_frame = move |orientation, size| {
        let (width, height) = upright_size(orientation, size);
        stored_frame(frame(width, height, crop, config), orientation, size)
    };
    let colour_divisor = colour_divisor(config.format, config.quality);
    let shown = move |orientation, size| Some(Shown { frame: stored_frame(orientation, size), colour_divisor });
    let original = decode_safely(original, Libraries::RustAndC, shown)?.into_channels_of_variants();
    let frame = stored_frame(original.orientation, original.size);
    let mut pixels = scale(&original.pixels, original.reduction, frame)?;
    pixels.apply_orientation(original.orientation);
    let (bytes, format) = encode(pixels, original.colour_profile.as_deref(), config.format, config.quality)?;
    if bytes.len() > VARIANT_BYTES_MAX as usize {
        return Err(RenderError::TooLarge { bytes: bytes.len() });
    }
    Ok(Rendered { bytes, content_type: format.media_type() })
}

#[cfg(test)]
mod tests;
