//! Decodes WebP.

use std::io::Cursor;

use image::DynamicImage;
use image::codecs::webp::WebPDecoder;

use super::webp_structure::WebpStructure;
use super::{Decoded, exif};
use crate::inspection::{DamageError, Format, InvalidImageError};
use crate::reduction::Reduction;

/// Decodes a WebP file completely.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, InvalidImageError> {
    let structure = WebpStructure::read(file)?;
    let still = structure.still_image();
    let decoder = WebPDecoder::new(Cursor::new(&still)).map_err(DamageError::Image)?;
    let pixels = DynamicImage::from_decoder(decoder).map_err(DamageError::Image)?;
    Ok(Decoded {
        format: Format::Webp,
        size: (pixels.width(), pixels.height()),
        pixels,
        reduction: Reduction::None,
        orientation: exif::orientation(structure.exif),
        colour_profile: structure.colour_profile.map(<[u8]>::to_vec),
    })
}
