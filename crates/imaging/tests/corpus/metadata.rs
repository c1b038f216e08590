//! The orientation in EXIF metadata.

use crate::{check_pixels, expected, file, is_jpeg, names, pixels};

/// The difference of a JPEG of quality 95 from its source, at an edge.
const JPEG_TOLERANCE: u8 = 20;

#[test]
fn an_image_is_upright_however_its_orientation_is_written() {
    let upright = expected("orientation/upright.png");
    for name in names("orientation") {
        check_pixels(&name, &upright, if is_jpeg(&name) { JPEG_TOLERANCE } else { 0 });
    }
}

#[test]
fn the_first_of_several_exif_segments_counts() {
    let turned = pixels(&file("cases/jpeg-exif6.jpg")).unwrap();
    assert_eq!(turned.dimensions(), (150, 300));
    check_pixels("cases/jpeg-two-exif-6-then-1.jpg", &turned, 0);
}

#[test]
fn exif_with_the_prefix_of_jpeg_counts_in_webp_too() {
    let turned = pixels(&file("cases/webp-exif6.webp")).unwrap();
    assert_eq!(turned.dimensions(), (150, 300));
    check_pixels("cases/webp-exif6-prefixed.webp", &turned, 0);
}
