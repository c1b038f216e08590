//! JPEG, PNG and WebP as formats of originals and variants.

use super::*;

const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

#[test]
fn an_original_of_every_format_is_rendered_in_the_format_of_its_location() {
    for original in FORMATS {
        for (format, media_type) in [
            (VariantFormat::Auto, "image/jpeg"),
            (VariantFormat::Jpeg, "image/jpeg"),
            (VariantFormat::Png, "image/png"),
            (VariantFormat::Webp, "image/webp"),
        ] {
            let variant = render(&encoded(&stripes(300, 150), original), None, formatted(format)).unwrap();
            assert_eq!(variant.content_type, media_type, "{original:?} as {format:?}");
            check_colours(&decoded(&variant), &[((10, 50), RED), ((50, 50), GREEN), ((90, 50), BLUE)]);
        }
    }
}

#[test]
fn transparency_is_kept_by_png_and_webp_and_becomes_white_in_jpeg() {
    for original in [ImageFormat::Png, ImageFormat::WebP] {
        for (format, media_type, beside) in [
            (VariantFormat::Auto, "image/png", None),
            (VariantFormat::Png, "image/png", None),
            (VariantFormat::Webp, "image/webp", None),
            (VariantFormat::Jpeg, "image/jpeg", Some([255; 3])),
        ] {
            let variant = render(&encoded(&logo(), original), None, formatted(format)).unwrap();
            assert_eq!(variant.content_type, media_type, "{original:?} as {format:?}");
            let image = decoded(&variant);
            check_colours(&image, &[((10, 50), GREEN)]);
            match beside {
                Some(colour) => check_colours(&image, &[((90, 50), colour)]),
                None => assert_eq!(image.to_rgba8().get_pixel(55, 15).0[3], 0),
            }
        }
    }
}

#[test]
fn an_alpha_channel_without_transparency_is_removed() {
    let opaque = encoded(&stripes(300, 150).into_rgba8().into(), ImageFormat::Png);
    let variant = render(&opaque, None, formatted(VariantFormat::Auto)).unwrap();
    assert_eq!(variant.content_type, "image/jpeg");
    let lossless = render(&opaque, None, formatted(VariantFormat::Png)).unwrap();
    assert!(!decoded(&lossless).color().has_alpha());
}

#[test]
fn transparent_pixels_leave_no_dark_fringe() {
    for format in [VariantFormat::Png, VariantFormat::Webp] {
        let config = LocationConfig { format, ..sized(51, 25, Fit::Fill) };
        let variant = render(&encoded(&logo(), ImageFormat::Png), None, config).unwrap();
        let pixels = decoded(&variant).to_rgba8();
        let half_visible: Vec<_> = pixels.pixels().filter(|pixel| (60..200).contains(&pixel.0[3])).collect();
        assert!(!half_visible.is_empty(), "an edge between green and transparent");
        for pixel in half_visible {
            assert!(pixel.0[1].abs_diff(GREEN[1]) < 12, "{format:?}: {pixel:?}");
        }
    }
}

#[test]
fn a_half_transparent_pixel_is_blended_with_white_in_jpeg() {
    let half = RgbaImage::from_pixel(60, 30, Rgba([0, 0, 0, 128]));
    let variant = render(&encoded(&half.into(), ImageFormat::Png), None, formatted(VariantFormat::Jpeg)).unwrap();
    check_colours(&decoded(&variant), &[((50, 50), [127; 3])]);
}

/// An image of noise, which does not compress.
fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state = 1_u32;
    RgbaImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgba(state.to_be_bytes())
    })
    .into()
}

#[test]
fn a_lower_quality_makes_a_smaller_file() {
    let original = encoded(&noise(200, 100), ImageFormat::Png);
    let bytes = |format, quality: u8| {
        let config = LocationConfig { quality: Quality::try_from(quality).unwrap(), ..formatted(format) };
        render(&original, None, config).unwrap().bytes.len()
    };
    for format in [VariantFormat::Jpeg, VariantFormat::Webp] {
        let sizes = [1, 50, 85, 100].map(|quality| bytes(format, quality));
        assert!(sizes.is_sorted_by(|smaller, larger| smaller < larger), "{format:?}: {sizes:?}");
    }
    assert_eq!(bytes(VariantFormat::Png, 1), bytes(VariantFormat::Png, 100), "PNG is lossless");
}

#[test]
fn the_same_original_gives_the_same_bytes() {
    let original = encoded(&stripes(300, 150), ImageFormat::Jpeg);
    for format in [VariantFormat::Jpeg, VariantFormat::Png, VariantFormat::Webp] {
        let rendered = || render(&original, None, formatted(format)).unwrap();
        assert_eq!(rendered(), rendered());
    }
}

/// Noise of this many of 256 levels, which a lossless encoding makes smaller by the missing bits only.
fn opaque_noise(width: u32, height: u32, levels: u8) -> DynamicImage {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, red, green, blue] = state.to_le_bytes();
        Rgb([red, green, blue].map(|channel| channel % levels))
    });
    noise.into()
}

#[test]
fn a_variant_that_is_too_large_for_a_response_falls_back_to_webp() {
    let check = |levels, side, format, quality: u8, expected| {
        let original = encoded(&opaque_noise(side, side, levels), ImageFormat::Png);
        let config = LocationConfig { format, quality: quality.try_into().unwrap(), ..sized(side, side, Fit::Fill) };
        let variant = render(&original, None, config).unwrap();
        assert_eq!((variant.content_type, decoded(&variant).width()), (expected, side), "{format:?} {quality}");
        (original, variant)
    };
    check(255, 1_000, VariantFormat::Png, 85, "image/png");
    let (original, lossless) = check(80, 1_300, VariantFormat::Png, 85, "image/webp");
    let original = image::load_from_memory(&original).unwrap().into_rgb8();
    assert!(decoded(&lossless).into_rgb8() == original, "WebP without loss, where that is small enough");
    check(255, 1_400, VariantFormat::Png, 85, "image/webp");
    check(255, 2_000, VariantFormat::Jpeg, 100, "image/webp");
}

#[test]
fn a_variant_that_is_too_large_in_every_encoding_is_rejected() {
    let side = 3_200;
    let original = encoded(&opaque_noise(side, side, 255), ImageFormat::Png);
    let config = LocationConfig { quality: 50.try_into().unwrap(), ..sized(side, side, Fit::Fill) };
    let rejected = render(&original, None, LocationConfig { format: VariantFormat::Webp, ..config });
    let code = rejected.as_ref().map_err(RenderError::code).map(|variant| variant.bytes.len());
    assert_eq!(code, Err("variant-too-large"));
}
