//! The ways in which the formats store the same pixels.

use crate::{check_pixels, check_rejected, expected, file, is_jpeg, names, pixels};

/// The difference that decoders of JPEG may have: they round and interpolate colours differently. libjpeg-turbo wrote
/// the expected images.
const JPEG_TOLERANCE: u8 = 4;

/// The resolutions of brightness and colours. The last two have colours with different resolutions.
pub(crate) const SAMPLINGS: [&str; 10] =
    ["444", "422", "420", "440", "411", "410", "441", "3x1", "2x2-1x2-2x1", "1x1-2x2-1x1"];

#[test]
fn a_jpeg_has_the_same_pixels_however_its_scans_are_arranged() {
    for sampling in SAMPLINGS {
        let interleaved = pixels(&file(&format!("jpeg/{sampling}/interleaved.jpg"))).unwrap();
        let arrangements = names(&format!("jpeg/{sampling}")).into_iter().filter(|name| is_jpeg(name));
        for name in arrangements {
            check_pixels(&name, &interleaved, 0);
        }
        let reference = expected(&format!("jpeg/{sampling}/expected.png"));
        check_pixels(&format!("jpeg/{sampling}/interleaved.jpg"), &reference, JPEG_TOLERANCE);
    }
    let one_scan = pixels(&file("cases/one-scan-420.jpg")).unwrap();
    check_pixels("cases/one-scan-per-component-420.jpg", &one_scan, 2);
}

#[test]
fn oddities_of_jpeg_that_browsers_accept_leave_the_pixels_as_they_are() {
    let plain = pixels(&file("jpeg/420/interleaved.jpg")).unwrap();
    for name in names("jpeg/420/odd") {
        check_pixels(&name, &plain, 0);
    }
}

#[test]
fn a_webp_has_the_pixels_that_libwebp_decodes() {
    check_pixels("libwebp/test.webp", &expected("libwebp/test.png"), 2);
    check_pixels("webp/lossless.webp", &expected("webp/lossless.png"), 0);
    check_pixels("webp/lossy-alpha.webp", &expected("webp/lossy-alpha.png"), 2);
}

#[test]
fn oddities_of_a_webp_container_leave_the_pixels_as_they_are() {
    for control in ["webp/lossless", "webp/lossy-alpha"] {
        let plain = pixels(&file(&format!("{control}.webp"))).unwrap();
        for name in names(control) {
            check_pixels(&name, &plain, 0);
        }
    }
    let plain = pixels(&file("cases/webp-exif6.webp")).unwrap();
    let stored = image::imageops::rotate270(&plain);
    check_pixels("cases/webp-trailing-16-bytes.webp", &stored, 0);
    check_pixels("cases/webp-flag-without-exif.webp", &stored, 0);
}

#[test]
fn animations_and_other_formats_are_rejected_by_name() {
    for (name, format) in [
        ("cases/animated.png", "animated PNG"),
        ("rejected/animated-default-image.png", "animated PNG"),
        ("rejected/animated.webp", "animated WebP"),
        ("rejected/animated.gif", "gif"),
        ("rejected/still.avif", "avif"),
        ("rejected/bitmap.bmp", "bmp"),
        ("rejected/still.tiff", "tiff"),
        ("rejected/arithmetic.jpg", "arithmetic JPEG"),
        ("rejected/three-resolutions-each.jpg", "JPEG with three resolutions of its channels"),
    ] {
        check_rejected(name, &file(name), "unsupported-format", format);
    }
}
