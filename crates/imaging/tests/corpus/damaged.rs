//! Files that end early, and files that were cut and closed again.

use image::RgbaImage;

use crate::{check_rejected, difference, figures, file, pixels};

/// The bytes of a format's signature: a shorter file is not recognised as an image.
fn signature_bytes(name: &str) -> usize {
    match name.rsplit_once('.').unwrap().1 {
        "jpg" => 3,
        "png" => 8,
        _ => 12,
    }
}

/// Small files, cut at each position.
const SMALL: [&str; 14] = [
    "jpeg/420/interleaved.jpg",
    "jpeg/420/each.jpg",
    "jpeg/420/progressive.jpg",
    "jpeg/420/progressive-each.jpg",
    "jpeg/420/restarts.jpg",
    "jpeg/420/progressive-restarts.jpg",
    "jpeg/444/interleaved.jpg",
    "png/photo.png",
    "pngsuite/basi2c08.png",
    "pngsuite/basn6a08.png",
    "webp/lossless.webp",
    "webp/lossy-alpha.webp",
    "cases/webp-exif6.webp",
    "cases/jpeg-exif6.jpg",
];

#[test]
fn a_file_that_is_cut_anywhere_is_incomplete_or_has_all_its_pixels() {
    for name in SMALL {
        let whole = file(name);
        let shown = pixels(&whole).unwrap();
        let accepted: Vec<_> = (signature_bytes(name)..whole.len())
            .filter(|&length| is_accepted_when_cut(name, &whole[..length], &shown))
            .collect();
        // The end marker, checksums and what is behind the pixels.
        let missing_max = accepted.first().map_or(0, |shortest| whole.len() - shortest);
        println!("{name}: accepted without its last {missing_max} bytes");
        assert!(missing_max <= 24, "{name}: accepted without its last {missing_max} bytes");
        figures::count_cuts(whole.len() - signature_bytes(name));
    }
}

/// Returns whether `cut` is accepted, and checks that its pixels are then those of the whole file.
fn is_accepted_when_cut(name: &str, cut: &[u8], whole: &RgbaImage) -> bool {
    match pixels(cut) {
        Ok(shown) => {
            let difference = difference(&shown, whole);
            assert_eq!(difference, Some(0), "{name} cut to {} bytes", cut.len());
            true
        }
        Err(rejected) => {
            assert_eq!(rejected.code(), "incomplete-image", "{name} cut to {} bytes: {rejected:?}", cut.len());
            false
        }
    }
}

#[test]
fn a_photo_that_broke_off_is_incomplete() {
    let incomplete = "the image is incomplete: the file ends before its last pixel";
    let whole = file("cases/whole.jpg");
    pixels(&whole).unwrap();
    for percent in [1, 10, 50, 90, 91, 95, 99] {
        check_rejected(&format!("{percent} %"), &whole[..whole.len() * percent / 100], "incomplete-image", incomplete);
    }
    check_rejected("truncated-half", &file("cases/truncated-half.jpg"), "incomplete-image", incomplete);
}

#[test]
fn a_jpeg_that_was_cut_and_closed_again_is_rejected() {
    for name in ["jpeg/420/interleaved.jpg", "jpeg/420/each.jpg", "jpeg/420/restarts.jpg", "jpeg/444/interleaved.jpg"] {
        let whole = file(name);
        let shown = pixels(&whole).unwrap();
        for length in signature_bytes(name)..whole.len() - 2 {
            let closed = [&whole[..length], &[0xFF, 0xD9]].concat();
            if let Ok(pixels) = pixels(&closed) {
                assert_eq!(difference(&pixels, &shown), Some(0), "{name} cut to {length} bytes");
            }
        }
        figures::count_cuts(whole.len() - 2 - signature_bytes(name));
    }
}

#[test]
fn a_webp_that_was_cut_and_closed_again_is_rejected() {
    let name = "webp/lossless.webp";
    let whole = file(name);
    let shown = pixels(&whole).unwrap();
    for length in 21..whole.len() {
        let mut closed = whole[..length].to_vec();
        closed[4..8].copy_from_slice(&u32::try_from(length - 8).unwrap().to_le_bytes());
        closed[16..20].copy_from_slice(&u32::try_from(length - 20).unwrap().to_le_bytes());
        if let Ok(pixels) = pixels(&closed) {
            assert_eq!(difference(&pixels, &shown), Some(0), "{name} cut to {length} bytes");
        }
    }
    figures::count_cuts(whole.len() - 21);
}
