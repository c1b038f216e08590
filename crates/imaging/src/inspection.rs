//! Whether some bytes are an image that variants can be rendered from, from their header alone.

use std::io::Cursor;
use std::panic::catch_unwind;

use image::error::{DecodingError, ImageFormatHint};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::webp_structure::{self, StructureError};

/// How many pixels an original may have. Checked before anything is decoded, so that a small file that unpacks to a
/// huge image costs nothing. An 8K frame has 33 million, a 45-megapixel camera's photo 45 million; decoded, this many
/// take up to 400 MB (four channels of 16 bits).
pub const ORIGINAL_PIXELS_MAX: u64 = 50_000_000;

/// A format that originals may have.
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

/// What an image's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// Its format, by its content and not by what somebody calls it.
    pub format: Format,
    /// Its width in pixels, as it is seen: a camera held upright is taken into account.
    pub width: u32,
    /// Its height in pixels, as it is seen.
    pub height: u32,
}

/// Why some bytes cannot be an original.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImageError {
    /// No format that is known.
    #[error("this is not an image; allowed are JPEG, PNG and WebP")]
    NotAnImage,
    /// An image, in a format that cannot be read here.
    #[error("images of the format {0} are not supported; allowed are JPEG, PNG and WebP")]
    UnsupportedFormat(&'static str),
    /// The header says what cannot be.
    #[error("the image's header cannot be read; save it anew as JPEG, PNG or WebP")]
    Damaged(#[source] ImageError),
    /// None, or more than [`ORIGINAL_PIXELS_MAX`].
    #[error("the image has {width} × {height} pixels; allowed are 1 to {ORIGINAL_PIXELS_MAX} in all")]
    PixelCount {
        /// The width that the header says.
        width: u32,
        /// The height that the header says.
        height: u32,
    },
}

impl InvalidImageError {
    /// The word that tells it to programs.
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

/// How much memory a PNG's decoder may take besides the image's pixels, in bytes: for compressed metadata and rows. A
/// colour profile of a few KB can be packed so that it inflates to gigabytes; the decoder leaves it out then.
const DECODER_BYTES_MAX: u64 = 32_000_000;

fn check_webp(bytes: &[u8]) -> Result<(), InvalidImageError> {
    webp_structure::check(bytes).map_err(|flaw| match flaw {
        StructureError::Animated => InvalidImageError::UnsupportedFormat("animated WebP"),
        StructureError::Damaged(reason) => {
            InvalidImageError::Damaged(ImageError::Decoding(DecodingError::new(ImageFormat::WebP.into(), reason)))
        }
    })
}

/// An image whose header has been read and found good.
pub(crate) struct Opened<D> {
    /// Decodes the rest.
    pub(crate) decoder: D,
    /// How its pixels must be turned to be seen upright.
    pub(crate) orientation: Orientation,
    inspected: Inspected,
}

/// Reads the header of `bytes`.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, InvalidImageError> {
    // A decoder that panics has met a file that its authors did not think of.
    let opened = catch_unwind(|| open(bytes).map(|opened| opened.inspected));
    opened.unwrap_or_else(|_| Err(InvalidImageError::Damaged(panicked())))
}

/// What a decoder that panicked would have said.
pub(crate) fn panicked() -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormatHint::Unknown, "the decoder panicked"))
}

/// Reads the header of `bytes`, ready to decode the rest. Whoever decodes comes by here, and so by the limits.
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
