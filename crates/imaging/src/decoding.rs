//! Decodes originals.

use image::{DynamicImage, ImageDecoder};

use crate::inspection::{Opened, open};
use crate::render::RenderError;

/// The largest colour profile that variants keep, in bytes. Profiles of screens and cameras have a few thousand bytes;
/// a larger one would be larger than the image in every variant.
const COLOUR_PROFILE_BYTES_MAX: usize = 100_000;

/// A decoded original.
pub(crate) struct Decoded {
    /// The pixels: upright, RGB or RGBA with 8 bits a channel.
    pub(crate) pixels: DynamicImage,
    /// The ICC profile of the pixels. `None`: sRGB.
    pub(crate) colour_profile: Option<Vec<u8>>,
}

/// Decodes `original`, within the limits of [`open`].
pub(crate) fn decode(original: &[u8]) -> Result<Decoded, RenderError> {
    let Opened { mut decoder, orientation, .. } = open(original)?;
    let colour_profile = decoder.icc_profile().map_err(RenderError::Undecodable)?.filter(|profile| is_kept(profile));
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(RenderError::Undecodable)?;
    // EXIF holds the orientation of the camera; the stored pixels are not rotated. Crops refer to the upright image.
    pixels.apply_orientation(orientation);
    let pixels = if pixels.color().has_alpha() {
        DynamicImage::ImageRgba8(pixels.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(pixels.into_rgb8())
    };
    Ok(Decoded { pixels, colour_profile })
}

/// Returns whether variants keep `profile`. Without its profile, a wide-gamut original looks dull. A profile of another
/// colour space (CMYK, grey) does not apply to the decoded pixels, which are RGB; an ICC profile names its space at
/// bytes 16 to 19 (ICC.1:2022, 7.2.8).
fn is_kept(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ".as_slice()) && profile.len() <= COLOUR_PROFILE_BYTES_MAX
}
