//! From the bytes of an original to its pixels.

use image::{DynamicImage, ImageDecoder};

use crate::inspection::{Opened, open};
use crate::render::RenderError;

/// How large a colour profile may be that variants keep, in bytes. Profiles of screens and cameras have a few thousand;
/// a larger one would outweigh the image in every variant.
const COLOUR_PROFILE_BYTES_MAX: usize = 100_000;

/// An original's pixels, and what its colours mean.
pub(crate) struct Decoded {
    /// 8 bits a channel, RGB or RGBA, upright.
    pub(crate) pixels: DynamicImage,
    /// The ICC profile of these pixels; sRGB if there is none.
    pub(crate) colour_profile: Option<Vec<u8>>,
}

/// Decodes `original`, within the limits of [`open`].
pub(crate) fn decode(original: &[u8]) -> Result<Decoded, RenderError> {
    let Opened { mut decoder, orientation, .. } = open(original)?;
    let colour_profile = decoder.icc_profile().map_err(RenderError::Undecodable)?.filter(|profile| is_kept(profile));
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(RenderError::Undecodable)?;
    // A camera held upright says so in EXIF instead of turning the pixels. Crops count in the image as it is seen.
    pixels.apply_orientation(orientation);
    let pixels = if pixels.color().has_alpha() {
        DynamicImage::ImageRgba8(pixels.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(pixels.into_rgb8())
    };
    Ok(Decoded { pixels, colour_profile })
}

/// A wide-gamut original without its profile looks dull. Profiles of other colour spaces (CMYK, grey) do not fit the
/// pixels, which are RGB by now; an ICC profile names its space at bytes 16 to 19 (ICC.1:2022, 7.2.8).
fn is_kept(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ".as_slice()) && profile.len() <= COLOUR_PROFILE_BYTES_MAX
}
