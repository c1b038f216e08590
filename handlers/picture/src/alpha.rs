//! Scaling pictures with transparency.
//!
//! Scaling averages neighbours. The colour of a transparent pixel (mostly black) is not meant to be seen, but averaged
//! with a visible neighbour it leaves a dark fringe round every logo. Weighting each colour by its opacity before, and
//! undoing it after, keeps invisible colours out.

use image::RgbaImage;

/// Weights each colour by its opacity.
pub(crate) fn premultiply(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        for colour in &mut pixel.0[..3] {
            *colour = byte(u32::from(*colour) * alpha / 255);
        }
    }
}

/// Undoes [`premultiply`].
pub(crate) fn unpremultiply(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        for colour in &mut pixel.0[..3] {
            *colour = byte((u32::from(*colour) * 255).checked_div(alpha).unwrap_or(0));
        }
    }
}

fn byte(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
