//! Originals that the decoder reduces, because the variant is much smaller.

use std::io::Cursor;

use domain::image::image_pack::{Fit, LocationConfig, VariantFormat};
use image::{DynamicImage, ImageFormat, RgbaImage};
use imaging::render;

use crate::formats::SAMPLINGS;
use crate::{figures, file, is_jpeg, names, pixels};

/// The largest mean difference of two channels, of 255, between a variant of a reduced original and one of the complete
/// original: a reduced block is an average, and the scaler weights more neighbours. The images have 45 × 37 pixels and
/// are full of edges, so that a variant of an eighth has 5 × 4. The largest difference at a half is that of 4:4:4, 3.11.
const TOLERANCES: [(u32, VariantFormat, f64); 6] = [
    (2, VariantFormat::Png, 3.2),
    (2, VariantFormat::Jpeg, 6.0),
    (4, VariantFormat::Png, 4.0),
    (4, VariantFormat::Jpeg, 7.0),
    (8, VariantFormat::Png, 8.0),
    (8, VariantFormat::Jpeg, 11.0),
];

#[test]
fn a_reduced_jpeg_shows_the_same_image_as_the_complete_one() {
    for sampling in SAMPLINGS {
        for name in names(&format!("jpeg/{sampling}")).into_iter().filter(|name| is_jpeg(name)) {
            check(&name);
        }
    }
    check("cases/one-scan-per-component-420.jpg");
}

/// Checks the variants of half, a quarter and an eighth of the size.
fn check(name: &str) {
    let jpeg = file(name);
    let complete = png(pixels(&jpeg).unwrap());
    let (width, height) = image::load_from_memory(&complete).map(|image| (image.width(), image.height())).unwrap();
    for (divisor, format, tolerance) in TOLERANCES {
        let size = (width / divisor, height / divisor);
        let difference = mean_difference(&variant(&jpeg, size, format), &variant(&complete, size, format));
        assert!(difference <= tolerance, "{name}, 1/{divisor}, {format:?}: differs by {difference:.2} of 255");
        figures::count_case();
    }
}

fn png(pixels: RgbaImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn variant(original: &[u8], (width, height): (u32, u32), format: VariantFormat) -> RgbaImage {
    let config = LocationConfig { width, height, fit: Fit::Fill, format, ..LocationConfig::default() };
    let variant = render(original, None, config).unwrap();
    image::load_from_memory(&variant.bytes).unwrap().into_rgba8()
}

fn mean_difference(one: &RgbaImage, other: &RgbaImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u32 = one.as_raw().iter().zip(other.as_raw()).map(|(one, other)| u32::from(one.abs_diff(*other))).sum();
    // Both are opaque.
    f64::from(sum) / f64::from(one.width() * one.height() * 3)
}
