//! Small files that declare or unpack to huge ones, and files that are not images. A process of its own, because the
//! test measures its memory.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

use std::io::{Cursor, Write};

use domain::image::image_pack::{Fit, LocationConfig};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use imaging::{inspect, render};

fn small(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(RgbImage::from_pixel(30, 15, Rgb([220, 30, 30]))).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn check_rejected(file: &[u8], code: &str, message: &str) {
    let uploaded = inspect(file).unwrap_err();
    assert_eq!((uploaded.code(), uploaded.to_string().as_str()), (code, message));
    let shown = render(file, None, LocationConfig::default()).unwrap_err();
    assert_eq!(shown.code(), code);
    assert_eq!(shown.to_string(), format!("The original cannot be used: {message}. Upload another one."));
}

#[test]
fn a_file_that_is_not_an_image_is_rejected() {
    let not_an_image = "the file is not an image; allowed are JPEG, PNG and WebP";
    for file in [&b""[..], b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>"] {
        check_rejected(file, "not-an-image", not_an_image);
    }
    let gif = "the format gif is not supported; allowed are still images in JPEG, PNG and WebP";
    check_rejected(b"GIF89a\x01\0\x01\0\0\0\0;", "unsupported-format", gif);
}

/// `file` with the bytes `claim` at `offset`, so that its header declares another size.
fn claiming(mut file: Vec<u8>, offset: usize, claim: &[u8]) -> Vec<u8> {
    file[offset..offset + claim.len()].copy_from_slice(claim);
    file
}

/// The checksum of a PNG chunk (ISO/IEC 15948, annex D).
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    (!bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))).to_be_bytes()
}

#[test]
fn a_small_file_that_declares_too_many_pixels_is_rejected_before_it_is_decoded() {
    let [jpeg, png, webp] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(small);
    let rejected = |size: &str| format!("the image has {size} pixels; allowed are 1 to 50000000 in all");

    // After the marker of the frame's start: length (2 bytes), precision (1), height (2), width (2).
    let start_of_frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let jpeg = claiming(jpeg, start_of_frame + 5, &[0xEA, 0x60, 0xEA, 0x60]);
    check_rejected(&jpeg, "pixel-count", &rejected("60000 × 60000"));

    // After the signature (8 bytes) and the length (4): "IHDR" (4), width (4), height (4), 5 more bytes, checksum (4).
    let png = claiming(png, 16, &[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let checksum = crc32(&png[12..29]);
    check_rejected(&claiming(png, 29, &checksum), "pixel-count", &rejected("60000 × 60000"));

    // After the container's header (20 bytes) and the signature (1): width - 1 and height - 1 in 14 bits each.
    check_rejected(&claiming(webp, 21, &[0xFE, 0xBF, 0xFF, 0x0F]), "pixel-count", &rejected("16383 × 16383"));
}

/// A WebP file of these chunks.
fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut contents = b"WEBP".to_vec();
    for (name, payload) in chunks {
        contents.extend_from_slice(*name);
        contents.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        contents.extend_from_slice(payload);
        contents.resize(contents.len().next_multiple_of(2), 0);
    }
    [b"RIFF".as_slice(), &u32::try_from(contents.len()).unwrap().to_le_bytes(), &contents].concat()
}

/// A `VP8X` chunk with these flags and a canvas of 30 × 15 pixels.
fn canvas(flags: u8) -> (&'static [u8; 4], Vec<u8>) {
    (b"VP8X", vec![flags, 0, 0, 0, 29, 0, 0, 14, 0, 0])
}

/// The start of a lossy frame: tag, start code, and each side in 14 bits.
fn lossy_frame(side: u16) -> (&'static [u8; 4], Vec<u8>) {
    let side = side.to_le_bytes();
    (b"VP8 ", [&[0x10, 0, 0, 0x9D, 0x01, 0x2A], side.as_slice(), &side, &[0; 64]].concat())
}

#[test]
fn a_webp_that_contradicts_its_canvas_is_rejected_before_it_is_decoded() {
    let damaged = "the image is damaged; save it again as JPEG, PNG or WebP";
    check_rejected(&webp(&[canvas(0), lossy_frame(16_383)]), "damaged-image", damaged);
    let lossless = (b"VP8L", vec![0x2F, 0xFE, 0xBF, 0xFF, 0x0F, 0, 0, 0]);
    check_rejected(&webp(&[canvas(0), lossless]), "damaged-image", damaged);
    // A chunk that declares 4 GB in a small file.
    let whole = webp(&[canvas(1 << 3), lossy_frame(30), (b"EXIF", vec![0; 8])]);
    let claims = claiming(whole.clone(), whole.len() - 12, &[0xFF; 4]);
    check_rejected(&claims, "damaged-image", damaged);
    let moving = "the format animated WebP is not supported; allowed are still images in JPEG, PNG and WebP";
    check_rejected(&webp(&[canvas(1 << 1), (b"ANIM", vec![0; 6])]), "unsupported-format", moving);
}

/// A progressive JPEG that declares 30 megapixels and has `scans` scans of a few bytes.
fn scan_bomb(scans: usize) -> Vec<u8> {
    // One component of 6000 × 5000 pixels; a table with the code 0 for a run of 32,767 blocks (annexes B and G).
    let frame = b"\xFF\xC2\0\x0B\x08\x13\x88\x17\x70\x01\x01\x11\0";
    let quantisation = [b"\xFF\xDB\0\x43\0".as_slice(), &[1; 64]].concat();
    let codes =
        [b"\xFF\xC4\0\x14\0".as_slice(), &[1], &[0; 15], &[0], b"\xFF\xC4\0\x14\x10", &[1], &[0; 15], &[0xE0]].concat();
    let average = [b"\xFF\xDA\0\x08\x01\x01\0\0\0\0".as_slice(), &vec![0; 60_000]].concat();
    let details = [b"\xFF\xDA\0\x08\x01\x01\0\x01\x3F\0".as_slice(), &[0; 64]].concat();
    [b"\xFF\xD8", frame.as_slice(), &quantisation, &codes, &average, &details.repeat(scans - 1), b"\xFF\xD9"].concat()
}

#[test]
fn a_jpeg_whose_many_scans_would_take_minutes_is_rejected_before_it_is_decoded() {
    assert_eq!(inspect(&scan_bomb(100)).unwrap().width, 6000);
    let bomb = scan_bomb(10_000);
    assert!(bomb.len() < 1_000_000, "{} bytes", bomb.len());
    let message = "the image has more than 100 scans; save it again as a JPEG that is not progressive";
    check_rejected(&bomb, "too-many-scans", message);
}

/// A PNG whose colour profile of half a megabyte inflates to 512 MB.
fn profile_bomb() -> Vec<u8> {
    let mut zeros = ZlibEncoder::new(b"profile\0\0".to_vec(), Compression::default());
    let megabyte = vec![0; 1_000_000];
    for _ in 0..512 {
        zeros.write_all(&megabyte).unwrap();
    }
    let content = [b"iCCP".to_vec(), zeros.finish().unwrap()].concat();
    let length = u32::try_from(content.len() - 4).unwrap().to_be_bytes();
    let png = small(ImageFormat::Png);
    // After the signature (8 bytes) and the header chunk (25).
    [&png[..33], &length, &content, &crc32(&content), &png[33..]].concat()
}

/// The peak memory of this process, in KB.
#[cfg(target_os = "linux")]
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_profile_that_inflates_to_gigabytes_is_ignored_and_takes_no_memory() {
    let bomb = profile_bomb();
    assert!(bomb.len() < 600_000, "{} bytes", bomb.len());
    let before = peak_memory_kb();
    let inspected = inspect(&bomb).unwrap();
    assert_eq!((inspected.width, inspected.height), (30, 15));
    let config = LocationConfig { width: 60, height: 30, fit: Fit::Fill, ..LocationConfig::default() };
    let variant = render(&bomb, None, config).unwrap();
    assert_eq!(image::load_from_memory(&variant.bytes).unwrap().width(), 60);
    let taken_kb = peak_memory_kb() - before;
    assert!(taken_kb < 150_000, "{taken_kb} KB");
}
