//! Section `rendering`: the image libraries that were considered. The decisions are in `docs/adr/0011-image-libraries.md`
//! and `docs/adr/0024-decoders.md`.

use std::io::Cursor;

use fast_image_resize::{IntoImageView, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbaImage};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, SamplingFactor};

use crate::candidate::{Candidate, compare};
use crate::error::BenchError;
use crate::section::{Section, Table};
use crate::{Folders, decoding, photo};

/// The size of a 12-megapixel original, as phones take them.
const ORIGINAL: (u32, u32) = (4000, 3000);
/// The sizes of the variants of a page: a full-HD frame and a thumbnail.
const VARIANTS: [(u32, u32); 2] = [(1920, 1080), (640, 360)];
pub(crate) const QUALITY: u8 = 85;

/// Measures the libraries.
#[expect(clippy::unnecessary_wraps, reason = "every section can fail")]
pub(crate) fn run(_folders: &Folders) -> Result<Section, BenchError> {
    let photo = photo::opaque(ORIGINAL.0, ORIGINAL.1);
    let logo = photo::transparent(ORIGINAL.0, ORIGINAL.1);
    let mut tables = vec![decoding::correctness()];
    tables.extend(decoding::speed(&photo));
    tables.push(decoding::largest_originals());
    for size in VARIANTS {
        tables.push(scaling("opaque", &photo, size));
        tables.push(scaling("transparent", &logo, size));
    }
    for (width, height) in VARIANTS {
        let frame = photo.resize_exact(width, height, FilterType::Lanczos3);
        tables.extend(encoding(&frame, (width, height)));
    }
    let (name, title) = ("rendering".to_owned(), "Rendering".to_owned());
    Ok(Section { name, title, conditions: vec![], goals: vec![], tables, plots: vec![] })
}

fn scaling(kind: &str, original: &DynamicImage, (width, height): (u32, u32)) -> Table {
    compare(
        &format!("Scale 12 megapixels, {kind}, to {width} × {height} (Lanczos3)"),
        vec![
            Candidate::new("image, weighted by alpha by hand", || by_imageops(original, width, height)),
            Candidate::new("fast_image_resize", || by_fast_image_resize(original, width, height)),
        ],
    )
}

fn by_imageops(original: &DynamicImage, width: u32, height: u32) -> usize {
    let mut part = original.clone();
    if let DynamicImage::ImageRgba8(part) = &mut part {
        premultiply(part);
    }
    let mut scaled = part.resize_exact(width, height, FilterType::Lanczos3);
    if let DynamicImage::ImageRgba8(scaled) = &mut scaled {
        unpremultiply(scaled);
    }
    scaled.as_bytes().len()
}

fn premultiply(image: &mut RgbaImage) {
    for pixel in image.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        pixel.0[..3].iter_mut().for_each(|colour| *colour = (u32::from(*colour) * alpha / 255) as u8);
    }
}

fn unpremultiply(image: &mut RgbaImage) {
    for pixel in image.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        let weighted = |colour: u8| (u32::from(colour) * 255).checked_div(alpha).unwrap_or(0).min(255) as u8;
        pixel.0[..3].iter_mut().for_each(|colour| *colour = weighted(*colour));
    }
}

fn by_fast_image_resize(original: &DynamicImage, width: u32, height: u32) -> usize {
    let mut scaled = DynamicImage::new(width, height, original.color());
    Resizer::new().resize(original, &mut scaled, &ResizeOptions::new()).expect("the same pixel type");
    IntoImageView::height(&scaled) as usize * scaled.as_bytes().len() / scaled.height() as usize
}

fn encoding(frame: &DynamicImage, (width, height): (u32, u32)) -> [Table; 3] {
    let jpeg = compare(
        &format!("Encode {width} × {height} as JPEG of quality {QUALITY}"),
        vec![
            Candidate::new("image, 4:4:4", || by_image_jpeg(frame).len()),
            Candidate::new("jpeg-encoder, 4:4:4", || by_jpeg_encoder(frame, SamplingFactor::F_1_1)),
            Candidate::new("jpeg-encoder, 4:2:0", || by_jpeg_encoder(frame, SamplingFactor::F_2_2)),
        ],
    );
    let png = compare(
        &format!("Encode {width} × {height} as PNG"),
        vec![
            Candidate::new("image, fast, adaptive", || by_png(frame, CompressionType::Fast)),
            Candidate::new("image, default, adaptive", || by_png(frame, CompressionType::Default)),
        ],
    );
    let webp = compare(
        &format!("Encode {width} × {height} as WebP"),
        vec![
            Candidate::new("image, lossless", || by_image_webp(frame)),
            Candidate::new("webp (libwebp), quality 85", || by_libwebp(frame, 4).len()),
            Candidate::new("webp (libwebp), quality 85, fast", || by_libwebp(frame, 2).len()),
        ],
    );
    [jpeg, png, webp]
}

fn by_image_jpeg(frame: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)).expect("a JPEG");
    bytes
}

fn by_jpeg_encoder(frame: &DynamicImage, sampling: SamplingFactor) -> usize {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let (width, height) = (frame.width() as u16, frame.height() as u16);
    encoder.encode(frame.as_bytes(), width, height, ColorType::Rgb).expect("a JPEG");
    bytes.len()
}

fn by_png(frame: &DynamicImage, compression: CompressionType) -> usize {
    let mut bytes = Vec::new();
    frame
        .write_with_encoder(PngEncoder::new_with_quality(&mut bytes, compression, PngFilter::Adaptive))
        .expect("a PNG");
    bytes.len()
}

fn by_image_webp(frame: &DynamicImage) -> usize {
    let mut bytes = Cursor::new(Vec::new());
    frame.write_to(&mut bytes, ImageFormat::WebP).expect("a WebP");
    bytes.into_inner().len()
}

pub(crate) fn by_libwebp(frame: &DynamicImage, method: i32) -> Vec<u8> {
    let mut config = webp::WebPConfig::new().expect("a configuration");
    config.quality = f32::from(QUALITY);
    config.method = method;
    let encoder = webp::Encoder::from_rgb(frame.as_bytes(), frame.width(), frame.height());
    encoder.encode_advanced(&config).expect("a WebP").to_vec()
}
