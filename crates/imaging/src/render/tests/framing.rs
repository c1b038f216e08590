//! The shown part of the original and its size.

use super::*;

fn check(crop: Option<Crop>, config: LocationConfig, size: (u32, u32), expected: &[((u32, u32), [u8; 3])]) {
    check_original(&encoded(&stripes(300, 150), ImageFormat::Png), crop, config, size, expected);
}

fn check_original(
    original: &[u8],
    crop: Option<Crop>,
    config: LocationConfig,
    size: (u32, u32),
    expected: &[((u32, u32), [u8; 3])],
) {
    let variant = decoded(&render(original, crop, config).unwrap());
    assert_eq!((variant.width(), variant.height()), size);
    check_colours(&variant, expected);
}

#[test]
fn cover_cuts_off_the_part_outside_the_box() {
    check(None, sized(50, 50, Fit::Cover), (50, 50), &[((2, 50), RED), ((50, 50), GREEN), ((96, 50), BLUE)]);
    check(None, sized(25, 75, Fit::Cover), (25, 75), &[((5, 50), GREEN), ((50, 5), GREEN), ((95, 95), GREEN)]);
}

#[test]
fn fit_keeps_the_whole_image_and_its_proportions() {
    check(None, sized(60, 60, Fit::Fit), (60, 30), &[((10, 50), RED), ((50, 50), GREEN), ((90, 50), BLUE)]);
}

#[test]
fn fill_stretches_the_whole_image() {
    check(None, sized(60, 60, Fit::Fill), (60, 60), &[((10, 10), RED), ((50, 50), GREEN), ((90, 90), BLUE)]);
}

#[test]
fn a_crop_shows_its_part_only() {
    let blue_third = Crop { x: 200, y: 0, width: 100, height: 150 };
    let all_blue = [((2, 2), BLUE), ((50, 50), BLUE), ((98, 98), BLUE)];
    check(Some(blue_third), sized(50, 50, Fit::Cover), (50, 50), &all_blue);
    check(Some(blue_third), sized(60, 60, Fit::Fit), (40, 60), &all_blue);
    check(Some(blue_third), sized(60, 60, Fit::Fill), (60, 60), &all_blue);
}

#[test]
fn a_small_original_is_enlarged_to_its_location() {
    check(None, sized(900, 450, Fit::Fit), (900, 450), &[((10, 50), RED), ((50, 50), GREEN), ((90, 50), BLUE)]);
}

/// The stripes of 300 × 150 pixels with an orientation in EXIF. Big-endian: tag 0x0112
/// (orientation), type 3 (short), count 1, the value.
fn turned(orientation: u8) -> Vec<u8> {
    let exif = [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", [orientation].as_slice(), &[0; 6]].concat();
    with_segment(&encoded(&stripes(300, 150), ImageFormat::Jpeg), 0xE1, &exif)
}

#[test]
fn a_photo_with_an_orientation_is_shown_upright() {
    let config = sized(60, 60, Fit::Fit);
    let sideways = [((10, 50), RED), ((50, 50), GREEN), ((90, 50), BLUE)];
    let mirrored = [((10, 50), BLUE), ((50, 50), GREEN), ((90, 50), RED)];
    let upright = [((50, 10), RED), ((50, 50), GREEN), ((50, 90), BLUE)];
    let upside_down = [((50, 10), BLUE), ((50, 50), GREEN), ((50, 90), RED)];
    for (orientation, size, expected) in [
        (1, (60, 30), &sideways),
        (2, (60, 30), &mirrored),
        (3, (60, 30), &mirrored),
        (4, (60, 30), &sideways),
        (5, (30, 60), &upright),
        (6, (30, 60), &upright),
        (7, (30, 60), &upside_down),
        (8, (30, 60), &upside_down),
    ] {
        check_original(&turned(orientation), None, config, size, expected);
    }
}

#[test]
fn a_crop_refers_to_the_upright_image() {
    // Upright, the image has 150 × 300 pixels, red above, blue below.
    let lowest_third = Crop { x: 0, y: 200, width: 150, height: 100 };
    let all_blue = [((2, 2), BLUE), ((50, 50), BLUE), ((98, 98), BLUE)];
    check_original(&turned(6), Some(lowest_third), sized(60, 60, Fit::Fit), (60, 40), &all_blue);
}

/// A JPEG of 160 × 120 pixels whose compressed data ends after `percent` of its bytes; the end marker is there.
fn damaged_below(percent: usize) -> Vec<u8> {
    let photo = RgbImage::from_fn(160, 120, |x, y| Rgb([x, 2 * y, x * y].map(|channel| channel.to_le_bytes()[0])));
    let jpeg = encoded(&photo.into(), ImageFormat::Jpeg);
    [&jpeg[..(jpeg.len() - 2) * percent / 100], &[0xFF, 0xD9]].concat()
}

#[test]
fn damage_counts_only_in_the_rows_that_are_shown() {
    let upper_half = Some(Crop { x: 0, y: 0, width: 160, height: 60 });
    let config = sized(80, 30, Fit::Fill);
    let intact = render(&damaged_below(100), upper_half, config).unwrap();
    assert_eq!(render(&damaged_below(90), upper_half, config).unwrap(), intact);
    for (percent, crop) in [(90, None), (30, upper_half)] {
        let error = render(&damaged_below(percent), crop, config).unwrap_err();
        assert_eq!(error.code(), "damaged-image", "{percent} % of the data, {crop:?}");
    }
}
