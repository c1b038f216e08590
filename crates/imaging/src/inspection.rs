//! Inspection: checks by the header alone that variants can be rendered from a file.

use std::io::Cursor;
use std::panic::catch_unwind;

use image::error::{DecodingError, ImageFormatHint};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::webp_structure::{self, StructureError};

/// The largest number of pixels of an original. Checked before the pixels are decoded, so that a small file that
/// unpacks to a huge image costs nothing. An 8K frame has 33 million, a photo of a 45-megapixel camera 45 million;
/// decoded, the maximum takes up to 400 MB (four channels of 16 bits).
pub const ORIGINAL_PIXELS_MAX: u64 = 50_000_000;

/// A format of originals and variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/webp`
    Webp,
}

impl Format {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// The properties of an image, from its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// The format, by the content; a declared media type is ignored.
    pub format: Format,
    /// The width in pixels of the upright image: the EXIF orientation is applied.
    pub width: u32,
    /// The height in pixels of the upright image.
    pub height: u32,
}

/// The reason for which a file cannot be an original.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImageError {
    /// The format is unknown.
    #[error("the file is not an image; allowed are JPEG, PNG and WebP")]
    NotAnImage,
    /// The format of the image is not supported.
    #[error("the format {0} is not supported; allowed are JPEG, PNG and WebP")]
    UnsupportedFormat(&'static str),
    /// The header is damaged.
    #[error("the image's header is damaged; save the image again as JPEG, PNG or WebP")]
    Damaged(#[source] ImageError),
    /// The image has no pixels, or more than [`ORIGINAL_PIXELS_MAX`].
    #[error("the image has {width} × {height} pixels; allowed are 1 to {ORIGINAL_PIXELS_MAX} in all")]
    PixelCount {
        /// The width in the header, in pixels.
        width: u32,
        /// The height in the header, in pixels.
        height: u32,
    },
}

impl InvalidImageError {
    /// The error code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage => "not-an-image",
            Self::UnsupportedFormat(_) => "unsupported-format",
            Self::Damaged(_) => "damaged-image",
            Self::PixelCount { .. } => "pixel-count",
        }
    }
}

/// The memory limit of a PNG decoder besides the pixels, in bytes: for compressed metadata and rows. A colour profile
/// of a few KB can inflate to gigabytes; above the limit, the decoder ignores it.
const DECODER_BYTES_MAX: u64 = 32_000_000;

fn check_webp(bytes: &[u8]) -> Result<(), InvalidImageError> {
    webp_structure::check(bytes).map_err(|error| match error {
        StructureError::Animated => InvalidImageError::UnsupportedFormat("animated WebP"),
        StructureError::Damaged(reason) => {
            InvalidImageError::Damaged(ImageError::Decoding(DecodingError::new(ImageFormat::WebP.into(), reason)))
        }
    })
}

/// An image with a valid header.
pub(crate) struct Opened<D> {
    /// The decoder, ready to decode the pixels.
    pub(crate) decoder: D,
    /// The rotation that turns the pixels upright.
    pub(crate) orientation: Orientation,
    inspected: Inspected,
}

/// Reads the header of `bytes` and checks the limits.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, InvalidImageError> {
    // A decoder can panic on a malformed file. That is an error of this one file.
    let opened = catch_unwind(|| open(bytes).map(|opened| opened.inspected));
    opened.unwrap_or_else(|_| Err(InvalidImageError::Damaged(panicked())))
}

/// The error of a decoder that panicked.
pub(crate) fn panicked() -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormatHint::Unknown, "the decoder panicked"))
}

/// Reads the header of `bytes` and prepares decoding. All decoding starts here, so the limits always apply.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened<impl ImageDecoder>, InvalidImageError> {
    let guessed = image::guess_format(bytes).map_err(|_| InvalidImageError::NotAnImage)?;
    let format = match guessed {
        ImageFormat::Jpeg => Format::Jpeg,
        ImageFormat::Png => Format::Png,
        ImageFormat::WebP => Format::Webp,
        other => {
            return Err(InvalidImageError::UnsupportedFormat(other.extensions_str().first().copied().unwrap_or("?")));
        }
    };
    if format == Format::Webp {
        check_webp(bytes)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), guessed);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(InvalidImageError::Damaged)?;
    let (width, height) = decoder.dimensions();
    if !(1..=ORIGINAL_PIXELS_MAX).contains(&(u64::from(width) * u64::from(height))) {
        return Err(InvalidImageError::PixelCount { width, height });
    }
    let orientation = decoder.orientation().map_err(InvalidImageError::Damaged)?;
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    Ok(Opened { decoder, orientation, inspected: Inspected { format, width, height } })
}
