//! Tests of rendering with real images; they assert on decoded pixels.

mod colours;
mod formats;
mod framing;

use std::io::Cursor;

use domain::image::image_pack::{Fit, Quality, VariantFormat};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 180, 30];
const BLUE: [u8; 3] = [30, 30, 220];

/// Three vertical stripes, each a third of the width: red, green, blue.
fn stripes(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| Rgb([RED, GREEN, BLUE][(x * 3 / width) as usize])).into()
}

/// A logo of 200 × 100 pixels: the left half green, the right half transparent black.
fn logo() -> DynamicImage {
    let [red, green, blue] = GREEN;
    RgbaImage::from_fn(200, 100, |x, _| Rgba(if x < 100 { [red, green, blue, 255] } else { [0; 4] })).into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn sized(width: u32, height: u32, fit: Fit) -> LocationConfig {
    LocationConfig { width, height, fit, ..LocationConfig::default() }
}

/// A location that stretches to 60 × 30 pixels.
fn formatted(format: VariantFormat) -> LocationConfig {
    LocationConfig { format, ..sized(60, 30, Fit::Fill) }
}

fn decoded(variant: &Rendered) -> DynamicImage {
    let format = ImageFormat::from_mime_type(variant.content_type).unwrap();
    image::load_from_memory_with_format(&variant.bytes, format).unwrap()
}

/// Checks the colours at points of the image, in percent of its width and height.
fn check_colours(image: &DynamicImage, expected: &[((u32, u32), [u8; 3])]) {
    let image = image.to_rgb8();
    for ((x, y), colour) in expected {
        let Rgb(actual) = *image.get_pixel(image.width() * x / 100, image.height() * y / 100);
        let is_close = actual.iter().zip(colour).all(|(actual, expected)| actual.abs_diff(*expected) < 20);
        assert!(is_close, "at {x} %, {y} %: {actual:?}, expected {colour:?}");
    }
}

/// A JPEG with a segment after its first marker, the place of EXIF (APP1) and colour profiles (APP2).
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}
