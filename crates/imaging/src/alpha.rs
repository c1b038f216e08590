//! Images with transparency.

use image::{Rgb, RgbImage, RgbaImage};

/// Returns whether every pixel is opaque.
pub(crate) fn is_opaque(image: &RgbaImage) -> bool {
    image.pixels().all(|pixel| pixel.0[3] == u8::MAX)
}

/// Blends the image with a white background, the most frequent background of a page.
pub(crate) fn on_white(image: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|colour| over_white(colour, alpha)))
    })
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha, full) = (u32::from(colour), u32::from(alpha), u32::from(u8::MAX));
    let laid = (colour * alpha + full * (full - alpha) + full / 2) / full;
    u8::try_from(laid).unwrap_or(u8::MAX)
}
