//! Colour spaces, channels and profiles.

use image::{GrayAlphaImage, GrayImage, ImageDecoder, ImageReader, Luma, LumaA};
use jpeg_encoder::{ColorType, Encoder};

use super::*;

fn check_colour(original: &[u8], colour: [u8; 3]) {
    for format in [VariantFormat::Jpeg, VariantFormat::Png, VariantFormat::Webp] {
        let variant = render(original, None, formatted(format)).unwrap();
        check_colours(&decoded(&variant), &[((10, 10), colour), ((50, 50), colour), ((90, 90), colour)]);
    }
}

#[test]
fn grey_images_stay_grey() {
    let grey: DynamicImage = GrayImage::from_pixel(40, 40, Luma([128])).into();
    check_colour(&encoded(&grey, ImageFormat::Jpeg), [128; 3]);
    check_colour(&encoded(&grey, ImageFormat::Png), [128; 3]);
    let with_alpha = GrayAlphaImage::from_pixel(40, 40, LumaA([128, 255]));
    check_colour(&encoded(&with_alpha.into(), ImageFormat::Png), [128; 3]);
}

#[test]
fn channels_of_sixteen_bits_are_reduced_to_eight() {
    let deep = RgbImage::from_pixel(40, 40, Rgb(GREEN));
    check_colour(&encoded(&DynamicImage::from(deep).into_rgb16().into(), ImageFormat::Png), GREEN);
}

/// A CMYK JPEG: amounts of cyan, magenta, yellow and black ink, each of 255.
fn press(ink: [u8; 4], colour_type: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 95).encode(&ink.repeat(40 * 40), 40, 40, colour_type).unwrap();
    bytes
}

#[test]
fn a_cmyk_image_is_shown_in_the_colours_of_its_inks() {
    for colour_type in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        check_colour(&press([0, 0, 0, 0], colour_type), [255; 3]);
        check_colour(&press([0, 0, 0, 255], colour_type), [0; 3]);
        check_colour(&press([255, 0, 0, 0], colour_type), [0, 255, 255]);
        check_colour(&press([0, 255, 255, 0], colour_type), [255, 0, 0]);
        check_colour(&press([0, 0, 255, 127], colour_type), [128, 128, 0]);
    }
}

/// A profile of `length` bytes for the colour space `space`.
fn profile(space: [u8; 4], length: usize) -> Vec<u8> {
    [[0; 16].as_slice(), &space, &vec![7; length - 20]].concat()
}

/// A JPEG with a colour profile.
fn profiled(profile: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.add_icc_profile(profile).unwrap();
    encoder.encode(stripes(300, 150).as_bytes(), 300, 150, ColorType::Rgb).unwrap();
    bytes
}

/// The profile of a variant that is rendered from `original`.
fn kept(original: &[u8], format: VariantFormat) -> Option<Vec<u8>> {
    let variant = render(original, None, formatted(format)).unwrap();
    check_profiled(&variant);
    let format = ImageFormat::from_mime_type(variant.content_type).unwrap();
    ImageReader::with_format(Cursor::new(&variant.bytes), format).into_decoder().unwrap().icc_profile().unwrap()
}

/// Checks that libwebp can read a WebP too: `image` is lenient about the container.
fn check_profiled(variant: &Rendered) {
    if variant.content_type == "image/webp" {
        let image = webp::Decoder::new(&variant.bytes).decode().unwrap();
        assert_eq!((image.width(), image.height()), (60, 30));
    }
}

#[test]
fn an_rgb_colour_profile_is_kept_in_every_format() {
    for format in [VariantFormat::Jpeg, VariantFormat::Png, VariantFormat::Webp] {
        for length in [128, 3145, 70_001] {
            let rgb = profile(*b"RGB ", length);
            assert_eq!(kept(&profiled(&rgb), format), Some(rgb), "{format:?}, {length} bytes");
        }
        for other in [profile(*b"CMYK", 128), profile(*b"GRAY", 128), profile(*b"RGB ", 100_001)] {
            assert_eq!(kept(&profiled(&other), format), None, "{format:?}");
        }
    }
}

#[test]
fn a_webp_keeps_its_transparency_beside_a_colour_profile() {
    let profiled_logo = {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        image::ImageEncoder::set_icc_profile(&mut encoder, profile(*b"RGB ", 3145)).unwrap();
        logo().write_with_encoder(encoder).unwrap();
        bytes
    };
    let variant = render(&profiled_logo, None, formatted(VariantFormat::Webp)).unwrap();
    assert_eq!(kept(&profiled_logo, VariantFormat::Webp), Some(profile(*b"RGB ", 3145)));
    let by_libwebp = webp::Decoder::new(&variant.bytes).decode().unwrap();
    assert!(by_libwebp.is_alpha());
    assert_eq!(decoded(&variant).to_rgba8().get_pixel(55, 15).0[3], 0);
}
