//! Real pictures in, real pictures out: what is asserted are decoded pixels.

use domain::image_pack::Fit;
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 180, 30];
const BLUE: [u8; 3] = [30, 30, 220];

/// Three vertical stripes, each a third of the width: red, green, blue.
fn stripes(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| Rgb([RED, GREEN, BLUE][(x * 3 / width) as usize])).into()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn sized(width: u32, height: u32, fit: Fit) -> LocationConfig {
    LocationConfig { width, height, fit, ..LocationConfig::default() }
}

fn decoded(variant: &Rendered) -> DynamicImage {
    let format = ImageFormat::from_mime_type(variant.content_type).unwrap();
    image::load_from_memory_with_format(&variant.bytes, format).unwrap()
}

/// Asserts on the colours at points of the picture, given in percent of its width and height.
fn check_colours(picture: &DynamicImage, expected: &[((u32, u32), [u8; 3])]) {
    let picture = picture.to_rgb8();
    for ((x, y), colour) in expected {
        let Rgb(actual) = *picture.get_pixel(picture.width() * x / 100, picture.height() * y / 100);
        let is_close = actual.iter().zip(colour).all(|(actual, expected)| actual.abs_diff(*expected) < 20);
        assert!(is_close, "at {x} %, {y} %: {actual:?}, expected {colour:?}");
    }
}

fn check(crop: Option<Crop>, config: LocationConfig, size: (u32, u32), expected: &[((u32, u32), [u8; 3])]) {
    let original = encoded(&stripes(300, 150), ImageFormat::Png);
    let variant = decoded(&render(&original, crop, config).unwrap());
    assert_eq!((variant.width(), variant.height()), size);
    check_colours(&variant, expected);
}

#[test]
fn cover_cuts_off_what_stands_over() {
    check(None, sized(50, 50, Fit::Cover), (50, 50), &[((2, 50), RED), ((50, 50), GREEN), ((96, 50), BLUE)]);
    check(None, sized(25, 75, Fit::Cover), (25, 75), &[((5, 50), GREEN), ((50, 5), GREEN), ((95, 95), GREEN)]);
}

#[test]
fn fit_keeps_the_whole_picture_and_its_proportions() {
    check(None, sized(60, 60, Fit::Fit), (60, 30), &[((10, 50), RED), ((50, 50), GREEN), ((90, 50), BLUE)]);
}

#[test]
fn fill_stretches_the_whole_picture() {
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

#[test]
fn opaque_originals_of_every_format_become_jpeg() {
    let grey: DynamicImage = image::GrayImage::from_pixel(40, 40, image::Luma([128])).into();
    for (original, colour) in [
        (encoded(&stripes(300, 150), ImageFormat::Jpeg), GREEN),
        (encoded(&stripes(300, 150), ImageFormat::Png), GREEN),
        (encoded(&stripes(300, 150), ImageFormat::WebP), GREEN),
        (encoded(&DynamicImage::from(stripes(300, 150).into_rgb16()), ImageFormat::Png), GREEN),
        (encoded(&grey, ImageFormat::Jpeg), [128; 3]),
    ] {
        let variant = render(&original, None, sized(40, 40, Fit::Fill)).unwrap();
        assert_eq!(variant.content_type, "image/jpeg");
        check_colours(&decoded(&variant), &[((50, 50), colour)]);
    }
}

/// A logo: the left half green, the right half transparent black.
fn logo() -> Vec<u8> {
    let [red, green, blue] = GREEN;
    let pixels = RgbaImage::from_fn(200, 100, |x, _| Rgba(if x < 100 { [red, green, blue, 255] } else { [0; 4] }));
    encoded(&pixels.into(), ImageFormat::Png)
}

#[test]
fn transparency_is_kept_in_a_png() {
    let variant = render(&logo(), None, sized(50, 25, Fit::Fit)).unwrap();
    assert_eq!(variant.content_type, "image/png");
    let pixels = decoded(&variant).to_rgba8();
    let [red, green, blue] = GREEN;
    assert_eq!(pixels.get_pixel(5, 12), &Rgba([red, green, blue, 255]));
    assert_eq!(pixels.get_pixel(45, 12).0[3], 0);
}

#[test]
fn transparent_pixels_leave_no_dark_fringe() {
    let pixels = decoded(&render(&logo(), None, sized(51, 25, Fit::Fill)).unwrap()).to_rgba8();
    let half_visible: Vec<_> = pixels.pixels().filter(|pixel| (60..200).contains(&pixel.0[3])).collect();
    assert!(!half_visible.is_empty(), "an edge between green and transparent");
    for pixel in half_visible {
        assert!(pixel.0[1].abs_diff(GREEN[1]) < 10, "{pixel:?}");
    }
}

#[test]
fn the_same_original_gives_the_same_bytes() {
    let original = encoded(&stripes(300, 150), ImageFormat::Jpeg);
    let make = || render(&original, None, sized(60, 60, Fit::Cover)).unwrap();
    assert_eq!(make(), make());
}

/// A JPEG with `segment` behind its first marker: where EXIF (APP1) and colour profiles (APP2) stand.
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}

#[test]
fn a_photo_taken_upright_is_shown_upright() {
    // One EXIF entry, big-endian: tag 0x0112 (orientation), type 3 (short), count 1, value 6 (turn clockwise).
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let original = with_segment(&encoded(&stripes(300, 150), ImageFormat::Jpeg), 0xE1, exif);
    let variant = decoded(&render(&original, None, sized(60, 60, Fit::Fit)).unwrap());
    assert_eq!((variant.width(), variant.height()), (30, 60));
    check_colours(&variant, &[((50, 10), RED), ((50, 50), GREEN), ((50, 90), BLUE)]);
}

fn check_profile(space: [u8; 4], is_kept: bool) {
    let profile = [&[0; 16], space.as_slice(), &[7; 108]].concat();
    let segment = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    let original = with_segment(&encoded(&stripes(300, 150), ImageFormat::Jpeg), 0xE2, &segment);
    let variant = render(&original, None, sized(60, 60, Fit::Fit)).unwrap();
    let kept = ImageReader::with_format(Cursor::new(&variant.bytes), ImageFormat::Jpeg)
        .into_decoder()
        .unwrap()
        .icc_profile()
        .unwrap();
    assert_eq!(kept, is_kept.then_some(profile));
}

#[test]
fn a_colour_profile_is_kept_if_it_describes_rgb() {
    check_profile(*b"RGB ", true);
    check_profile(*b"CMYK", false);
    check_profile(*b"GRAY", false);
}

#[test]
fn what_is_no_picture_is_refused() {
    let png = encoded(&stripes(300, 150), ImageFormat::Png);
    for original in [&b""[..], b"hello", b"\x89PNG\r\n\x1a\n", &png[..png.len() / 2], b"GIF89a\x01\0\x01\0\0\0\0;"] {
        let refused = render(original, None, LocationConfig::default()).unwrap_err();
        assert_eq!(refused.code(), "undecodable-original", "{refused:?}");
    }
}

/// `original` with a header that claims another size: `claim` stands at `offset`.
fn claiming(mut original: Vec<u8>, offset: usize, claim: &[u8]) -> Vec<u8> {
    original[offset..offset + claim.len()].copy_from_slice(claim);
    original
}

/// The checksum of a PNG chunk (ISO/IEC 15948, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

fn check_pixel_count(original: &[u8], size: &str) {
    let refused = render(original, None, LocationConfig::default()).unwrap_err();
    assert_eq!(refused.code(), "pixel-count", "{refused:?}");
    let expected = format!("The original has {size} pixels: upload one with 1 to 50000000.");
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_small_file_that_claims_too_many_pixels_is_refused_before_it_is_decoded() {
    let [jpeg, png, webp] =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(|format| encoded(&stripes(30, 15), format));
    let sixty_thousand_twice = [0xEA, 0x60, 0xEA, 0x60];

    // Behind the marker of the frame's start: length (2 bytes), precision (1), height (2), width (2).
    let start_of_frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    check_pixel_count(&claiming(jpeg, start_of_frame + 5, &sixty_thousand_twice), "60000 × 60000");

    // Behind the signature (8 bytes) and the length (4): "IHDR" (4), width (4), height (4), 5 more bytes, checksum (4).
    let png = claiming(png, 16, &[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let checksum = crc32(&png[12..29]).to_be_bytes();
    check_pixel_count(&claiming(png, 29, &checksum), "60000 × 60000");

    // Behind the container's header (20 bytes) and the signature (1): width - 1 and height - 1 in 14 bits each.
    check_pixel_count(&claiming(webp, 21, &[0xFE, 0xBF, 0xFF, 0x0F]), "16383 × 16383");
}

#[test]
fn a_variant_that_no_response_can_hold_is_refused() {
    // Noise does not compress: 2,000 × 1,500 pixels of RGBA are 12 MB.
    let mut state = 1_u32;
    let noise = RgbaImage::from_fn(2000, 1500, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgba(state.to_be_bytes())
    });
    let original = encoded(&noise.into(), ImageFormat::Png);
    let refused = render(&original, None, sized(2000, 1500, Fit::Fill)).unwrap_err();
    assert_eq!(refused.code(), "variant-too-large");
}
