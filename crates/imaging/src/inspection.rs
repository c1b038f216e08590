//! Inspection: checks that variants can be rendered from a file, by decoding it.

use std::panic::{UnwindSafe, catch_unwind};

use image::ImageError;
use image::metadata::Orientation;

use crate::decoding::{Decoded, Libraries, Shown, decode};

/// The largest number of pixels of an original. Checked before the pixels are decoded, so that a small file that
/// unpacks to a huge image costs nothing. An 8K frame has 33 million, a photo of a 45-megapixel camera 45 million. The
/// time and memory that the maximum takes in each format are in `docs/adr/0024-decoders.md`.
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

/// The properties of an image.
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
    #[error("the format {0} is not supported; allowed are still images in JPEG, PNG and WebP")]
    UnsupportedFormat(&'static str),
    /// The file ends before its last pixel.
    #[error("the image is incomplete: the file ends before its last pixel; upload or fetch the whole file again")]
    Incomplete,
    /// The file contradicts its format.
    #[error("the image is damaged; save it again as JPEG, PNG or WebP")]
    Damaged(#[from] DamageError),
    /// The image has no pixels, or more than [`ORIGINAL_PIXELS_MAX`].
    #[error("the image has {width} × {height} pixels; allowed are 1 to {ORIGINAL_PIXELS_MAX} in all")]
    PixelCount {
        /// The width in the header, in pixels.
        width: u32,
        /// The height in the header, in pixels.
        height: u32,
    },
    /// A JPEG has more scans than are decoded.
    #[error("the image has more than {scans_max} scans; save it again as a JPEG that is not progressive")]
    TooManyScans {
        /// The largest number of scans.
        scans_max: usize,
    },
}

/// The damage of an image, for the log.
#[derive(Debug, thiserror::Error)]
pub enum DamageError {
    /// The JPEG decoder failed.
    #[error("the JPEG decoder failed")]
    Jpeg(#[source] jpeg_decoder::Error),
    /// The PNG or WebP decoder failed.
    #[error("the decoder failed")]
    Image(#[source] ImageError),
    /// The parts of the file contradict each other.
    #[error("{0}")]
    Structure(&'static str),
    /// A decoder panicked: a defect of the decoder that the file triggers.
    #[error("the decoder panicked")]
    Panic,
}

impl InvalidImageError {
    /// The error code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage => "not-an-image",
            Self::UnsupportedFormat(_) => "unsupported-format",
            Self::Incomplete => "incomplete-image",
            Self::Damaged(_) => "damaged-image",
            Self::PixelCount { .. } => "pixel-count",
            Self::TooManyScans { .. } => "too-many-scans",
        }
    }
}

/// Decodes `file` completely, within the limits of time and memory that [`ORIGINAL_PIXELS_MAX`] implies, and returns
/// its properties. It computes for seconds at the limit.
pub fn inspect(file: &[u8]) -> Result<Inspected, InvalidImageError> {
    let original = decode_safely(file, Libraries::Rust, |_, _| None)?;
    let (width, height) = original.upright_size();
    Ok(Inspected { format: original.format, width, height })
}

/// Decodes `file`, as [`decode`] does. A decoder can panic on a malformed file: that is an error of this one file.
pub(crate) fn decode_safely(
    file: &[u8],
    libraries: Libraries,
    shown: impl FnOnce(Orientation, (u32, u32)) -> Option<Shown> + UnwindSafe,
) -> Result<Decoded, InvalidImageError> {
    catch_unwind(|| decode(file, libraries, shown)).unwrap_or_else(|_| Err(DamageError::Panic.into()))
}

/// Checks the size in an image's header.
pub(crate) fn check_pixel_count(width: u32, height: u32) -> Result<(), InvalidImageError> {
    if (1..=ORIGINAL_PIXELS_MAX).contains(&(u64::from(width) * u64::from(height))) {
        Ok(())
    } else {
        Err(InvalidImageError::PixelCount { width, height })
    }
}
