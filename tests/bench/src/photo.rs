//! The images of the benchmark. They are computed, so the benchmark needs no download.

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

/// An image like a photo: slow gradients, edges and some noise.
pub(crate) fn opaque(width: u32, height: u32) -> DynamicImage {
    let mut noise = Noise(1);
    RgbImage::from_fn(width, height, |x, y| Rgb(colour(x, y, width, height, &mut noise))).into()
}

/// The same image with a transparent surrounding, like a logo.
pub(crate) fn transparent(width: u32, height: u32) -> DynamicImage {
    let mut noise = Noise(1);
    let radius = i64::from(width.min(height) / 2);
    RgbaImage::from_fn(width, height, |x, y| {
        let [red, green, blue] = colour(x, y, width, height, &mut noise);
        let (from_left, from_top) = (i64::from(x) - i64::from(width / 2), i64::from(y) - i64::from(height / 2));
        let beyond = (from_left * from_left + from_top * from_top - radius * radius) / (radius * 16).max(1);
        Rgba([red, green, blue, u8::try_from(255 - beyond.clamp(0, 255)).unwrap_or(0)])
    })
    .into()
}

fn colour(x: u32, y: u32, width: u32, height: u32, noise: &mut Noise) -> [u8; 3] {
    let is_tile = (x / 97 + y / 61).is_multiple_of(5);
    let base = [x * 200 / width, y * 200 / height, if is_tile { 200 } else { 40 }];
    base.map(|channel| u8::try_from(channel + noise.next() % 24).unwrap_or(u8::MAX))
}

/// A linear congruential generator (Numerical Recipes): the same numbers in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 24
    }
}
