//! Decodes originals: completely when they are inspected, so that what is accepted once can be rendered, and as far as a
//! variant needs when they are rendered.

mod exif;
mod jpeg;
mod jpeg_structure;
mod libjpeg_turbo;
mod png;
mod webp;
mod webp_structure;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat};

use crate::geometry::Frame;
use crate::inspection::{Format, InvalidImageError};
use crate::orientation::upright_size;
use crate::reduction::Reduction;

/// The largest colour profile that variants keep, in bytes. Profiles of screens and cameras have a few thousand bytes;
/// a larger one would be larger than the image in every variant.
const COLOUR_PROFILE_BYTES_MAX: usize = 100_000;

/// A decoded original.
pub(crate) struct Decoded {
    /// The format, by the content.
    pub(crate) format: Format,
    /// The stored width and height in pixels, before the reduction.
    pub(crate) size: (u32, u32),
    /// The stored pixels, reduced. The lowest rows can be missing, if the variant does not need them.
    pub(crate) pixels: DynamicImage,
    /// The reduction of the pixels.
    pub(crate) reduction: Reduction,
    /// The rotation that turns the stored pixels upright. A camera stores its own orientation there.
    pub(crate) orientation: Orientation,
    /// The ICC profile of the pixels. `None`: sRGB.
    pub(crate) colour_profile: Option<Vec<u8>>,
}

/// The libraries that may decode an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Libraries {
    /// Libraries in Rust only: nothing is known about the file.
    Rust,
    /// Libraries in C, too: the file was inspected before it was stored.
    RustAndC,
}

/// The pixels of an original that a variant shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// The shown part of the stored pixels, before the reduction, and the variant's size.
    pub(crate) frame: Frame,
    /// The pixels of the variant that share a colour ([`ColourDivisors::variant`](crate::reduction::ColourDivisors)).
    pub(crate) colour_divisor: u32,
}

/// Decodes `file`. The number of pixels is checked before memory is allocated for them. `shown` returns what is shown for
/// the orientation and the stored width and height in pixels. `None`: every pixel is decoded. PNG and WebP are always
/// decoded completely.
pub(crate) fn decode(
    file: &[u8],
    libraries: Libraries,
    shown: impl FnOnce(Orientation, (u32, u32)) -> Option<Shown>,
) -> Result<Decoded, InvalidImageError> {
    match image::guess_format(file).map_err(|_| InvalidImageError::NotAnImage)? {
        ImageFormat::Jpeg => jpeg::decode(file, libraries, shown),
        ImageFormat::Png => png::decode(file),
        ImageFormat::WebP => webp::decode(file),
        other => {
            Err(InvalidImageError::UnsupportedFormat(other.extensions_str().first().copied().unwrap_or("unknown")))
        }
    }
}

impl Decoded {
    /// The width and height in pixels of the upright image, which crops refer to.
    pub(crate) const fn upright_size(&self) -> (u32, u32) {
        upright_size(self.orientation, self.size)
    }

    /// Converts the pixels to the channels of variants, RGB or RGBA with 8 bits each, and removes a colour profile that
    /// variants do not keep.
    pub(crate) fn into_channels_of_variants(self) -> Self {
        let pixels = if self.pixels.color().has_alpha() {
            DynamicImage::ImageRgba8(self.pixels.into_rgba8())
        } else {
            DynamicImage::ImageRgb8(self.pixels.into_rgb8())
        };
        let colour_profile = self.colour_profile.filter(|profile| is_kept(profile));
        Self { pixels, colour_profile, ..self }
    }
}

/// Returns whether variants keep `profile`. Without its profile, a wide-gamut original looks dull. A profile of another
/// colour space (CMYK, grey) does not apply to the decoded pixels, which are RGB; an ICC profile names its space at
/// bytes 16 to 19 (ICC.1:2022, 7.2.8).
fn is_kept(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ".as_slice()) && profile.len() <= COLOUR_PROFILE_BYTES_MAX
}
