//! Decoding: correctness, then speed and memory.

use std::fs;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, SamplingFactor};

use crate::candidate::{Candidate, compare};
use crate::photo;
use crate::section::{Cell, Table};

/// A decoder of JPEG to RGB or grey. `None`: rejected.
type Decode = fn(&[u8]) -> Option<Vec<u8>>;

const JPEG_DECODERS: [(&str, Decode); 2] = [("image (zune-jpeg)", by_image), ("jpeg-decoder", by_jpeg_decoder)];

/// The largest difference from libjpeg-turbo's pixels that counts as equal: decoders round and interpolate differently.
const TOLERANCE: u8 = 8;

/// Decodes the JPEG images of the corpus and counts how many each decoder decodes as libjpeg-turbo does.
pub(crate) fn correctness() -> Table {
    let mut table = Table::new("JPEG images of the corpus", ["right", "wrong", "rejected"]);
    for (name, decode) in JPEG_DECODERS {
        let (mut right, mut wrong, mut rejected) = (0, 0, 0);
        for (file, expected) in corpus() {
            match std::panic::catch_unwind(|| decode(&file)).ok().flatten() {
                Some(pixels) if is_close(&pixels, &expected) => right += 1,
                Some(_) => wrong += 1,
                None => rejected += 1,
            }
        }
        table.push(name, [right, wrong, rejected].map(|count| Cell::number(f64::from(count), 0)));
    }
    table
}

/// The JPEG files of each sampling, with the pixels that libjpeg-turbo decodes.
fn corpus() -> Vec<(Vec<u8>, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/imaging/tests/corpus/files/jpeg");
    let mut files = Vec::new();
    for sampling in entries(&root) {
        let expected = fs::read(sampling.join("expected.png")).expect("the expected pixels");
        let expected = image::load_from_memory_with_format(&expected, ImageFormat::Png).expect("a PNG").into_rgb8();
        let jpegs = entries(&sampling).into_iter().filter(|path| path.extension().is_some_and(|end| end == "jpg"));
        files.extend(jpegs.map(|path| (fs::read(path).expect("a file"), expected.as_raw().clone())));
    }
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

fn is_close(pixels: &[u8], expected: &[u8]) -> bool {
    pixels.len() == expected.len() && pixels.iter().zip(expected).all(|(one, other)| one.abs_diff(*other) <= TOLERANCE)
}

fn by_image(file: &[u8]) -> Option<Vec<u8>> {
    let decoder = JpegDecoder::new(std::io::Cursor::new(file)).ok()?;
    Some(DynamicImage::from_decoder(decoder).ok()?.into_bytes())
}

fn by_jpeg_decoder(file: &[u8]) -> Option<Vec<u8>> {
    jpeg_decoder::Decoder::new(file).decode().ok()
}

/// Compares the decoders with a photo of 12 megapixels.
pub(crate) fn speed(photo: &DynamicImage) -> Vec<Table> {
    let rgb = photo.to_rgb8();
    let mut tables = Vec::new();
    for (kind, is_progressive) in [("baseline", false), ("progressive", true)] {
        let jpeg = &jpeg(&rgb, SamplingFactor::F_2_2, is_progressive);
        let candidates =
            JPEG_DECODERS.map(|(name, decode)| Candidate::new(name, move || decode(jpeg).expect("an image").len()));
        tables.push(compare(&format!("Decode a {kind} JPEG of 12 megapixels"), candidates.into()));
    }
    let webp = crate::rendering::by_libwebp(photo, 4);
    tables.push(compare(
        "Decode a WebP of 12 megapixels",
        vec![
            Candidate::new("image (image-webp)", || image::load_from_memory(&webp).expect("an image").as_bytes().len()),
            Candidate::new("webp (libwebp)", || webp::Decoder::new(&webp).decode().expect("a WebP").len()),
        ],
    ));
    tables
}

pub(crate) fn jpeg(rgb: &RgbImage, sampling: SamplingFactor, is_progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, crate::rendering::QUALITY);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(is_progressive);
    let [width, height] = [rgb.width(), rgb.height()].map(|side| side as u16);
    encoder.encode(rgb.as_raw(), width, height, ColorType::Rgb).expect("a JPEG");
    bytes
}

/// Measures what the product takes for an original of the largest size, of each format.
pub(crate) fn largest_originals() -> Table {
    let photo = photo::opaque(8660, 5773);
    let rgb = photo.to_rgb8();
    let png = |image: &DynamicImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
        bytes.into_inner()
    };
    let cmyk = || {
        let inks: Vec<u8> = rgb.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 0]).collect();
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, crate::rendering::QUALITY);
        encoder.set_progressive(true);
        encoder.encode(&inks, 8660, 5773, ColorType::CmykAsYcck).expect("a JPEG");
        bytes
    };
    let lossless_webp = || webp::Encoder::from_rgb(&rgb, 8660, 5773).encode_lossless().to_vec();
    let files: [(&str, &dyn Fn() -> Vec<u8>); 8] = [
        ("JPEG, baseline, 4:2:0", &|| jpeg(&rgb, SamplingFactor::F_2_2, false)),
        ("JPEG, progressive, 4:2:0", &|| jpeg(&rgb, SamplingFactor::F_2_2, true)),
        ("JPEG, progressive, 4:4:4", &|| jpeg(&rgb, SamplingFactor::F_1_1, true)),
        ("JPEG, progressive, CMYK", &cmyk),
        ("PNG, 8 bits, RGB", &|| png(&photo)),
        ("PNG, 16 bits, RGBA", &|| png(&photo.to_rgba16().into())),
        ("WebP, lossy", &|| crate::rendering::by_libwebp(&photo, 0)),
        ("WebP, lossless", &lossless_webp),
    ];
    let mut table = Table::new("Inspect an original of 50 megapixels", ["file MB", "ms", "peak MB"]);
    for (name, file) in files {
        let file = file();
        let before = reset_peak_kb();
        let start = std::time::Instant::now();
        imaging::inspect(&file).expect("an original");
        let elapsed = start.elapsed().as_secs_f64() * 1e3;
        let peak = (status_kb("VmHWM:") - before) as f64 / 1e3;
        table.push(name, [file.len() as f64 / 1e6, elapsed, peak].map(|value| Cell::number(value, 0)));
    }
    table
}

/// Resets the peak of this process's memory and returns the memory that it uses.
fn reset_peak_kb() -> u64 {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
    status_kb("VmRSS:")
}

fn status_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let value = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
    value.trim().trim_end_matches(" kB").parse().expect("a number")
}
