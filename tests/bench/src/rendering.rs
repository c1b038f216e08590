//! Section `rendering`: whole variants beside sharp, then the image libraries that were considered. The decisions are in
//! `docs/adr/0011-image-libraries.md`, `0024-decoders.md` and `0035-scaled-decoding.md`.

use std::fs;
use std::io::Cursor;

use domain::image::image_pack::Fit;
use fast_image_resize::{IntoImageView, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbaImage};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, SamplingFactor};

use crate::candidate::{Candidate, compare};
use crate::error::{BenchError, Doing};
use crate::renderer::Renderer;
use crate::section::{Cell, Goal, Plot, Section, Table};
use crate::{Folders, decoding, machine, photo};

/// The size of a 12-megapixel original, as phones take them.
const ORIGINAL: (u32, u32) = (4000, 3000);
/// The sizes of the variants of a page: a full-HD frame and a thumbnail.
const VARIANTS: [(u32, u32); 2] = [(1920, 1080), (640, 360)];
pub(crate) const QUALITY: u8 = 85;

/// The number of runs of each candidate that count; one more is a warm-up.
const ROUNDS: usize = 12;

/// Measures variants and libraries.
pub(crate) fn run(folders: &Folders) -> Result<Section, BenchError> {
    let photo = photo::opaque(ORIGINAL.0, ORIGINAL.1);
    let logo = photo::transparent(ORIGINAL.0, ORIGINAL.1);
    let mut section = beside_sharp(folders, &photo)?;
    section.tables.push(decoding::correctness());
    section.tables.extend(decoding::speed(&photo));
    section.tables.push(decoding::largest_originals());
    for size in VARIANTS {
        section.tables.push(scaling("opaque", &photo, size));
        section.tables.push(scaling("transparent", &logo, size));
    }
    for (width, height) in VARIANTS {
        let frame = photo.resize_exact(width, height, FilterType::Lanczos3);
        section.tables.extend(encoding(&frame, (width, height)));
    }
    Ok(section)
}

/// Renders variants of a JPEG from bytes to bytes, with this system and with sharp, alternately and on one processor.
fn beside_sharp(folders: &Folders, photo: &DynamicImage) -> Result<Section, BenchError> {
    let photo_file = folders.out.join("photo.jpg");
    let original = decoding::jpeg(&photo.to_rgb8(), SamplingFactor::F_2_2, false);
    fs::write(&photo_file, &original).doing(|| format!("write {}", photo_file.display()))?;
    let mut table = Table::new(
        "Render a variant of a JPEG of 12 megapixels, minimum",
        ["ms", "sharp, ms", "ratio", "bytes", "sharp, bytes", "PSNR, dB", "sharp, PSNR, dB"],
    );
    let (mut goals, mut bars) = (Vec::new(), Vec::new());
    machine::pin_to_one_processor()?;
    let (mut this_system, mut sharp) = (Renderer::of_this_system(&photo_file)?, Renderer::sharp(folders, &photo_file)?);
    for (width, height) in VARIANTS {
        let cases = [Fit::Cover, Fit::Fill].map(|fit| (fit, expected(photo, (width, height), fit)));
        for ((fit, expected), format) in cases.iter().flat_map(|case| ["jpeg", "webp"].map(|format| (case, format))) {
            let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
            let (mut our_file, mut their_file) = (Vec::new(), Vec::new());
            for round in 0..=ROUNDS {
                let our_time;
                (our_time, our_file) = this_system.render((width, height), *fit, format, QUALITY)?;
                let their_time;
                (their_time, their_file) = sharp.render((width, height), *fit, format, QUALITY)?;
                if round > 0 {
                    (ours, theirs) = (ours.min(our_time), theirs.min(their_time));
                }
            }
            let title = match fit {
                Fit::Fill => format!("{width} × {height} as {format}, all of the photo"),
                Fit::Cover | Fit::Fit => format!("{width} × {height} as {format}, covered"),
            };
            let [our_psnr, their_psnr] = [&our_file, &their_file].map(|file| psnr(file, expected));
            let times = [Cell::number(ours, 1), Cell::number(theirs, 1), Cell::number(ours / theirs, 2)];
            let bytes = [&our_file, &their_file].map(|file| Cell::number(file.len() as f64, 0));
            let quality = [our_psnr, their_psnr].map(|psnr| Cell::number(psnr, 1));
            table.push(&title, times.into_iter().chain(bytes).chain(quality));
            goals.push(Goal::at_most(format!("time of sharp, {title}"), ours / theirs, 1.0));
            bars.extend([(title.clone(), ours), (format!("{title}, sharp"), theirs)]);
        }
    }
    this_system.stop()?;
    sharp.stop()?;
    machine::unpin()?;
    let title = "Render a variant of a JPEG of 12 megapixels".to_owned();
    Ok(Section {
        name: "rendering".to_owned(),
        title: "Rendering".to_owned(),
        conditions: vec![
            format!(
                "Variants: minimum of {ROUNDS} alternating runs of each program, both on one processor. This system has the \
                 variables of image-processing."
            ),
            "Covered: the part of the photo in the variant's proportions, the middle three quarters of its rows; the default \
             of both programs. All of the photo: stretched."
                .to_owned(),
            "PSNR: against the photo before it was encoded, scaled by the crate image (Lanczos3).".to_owned(),
        ],
        goals,
        tables: vec![table],
        plots: vec![Plot::Bars { title, axis: "ms".to_owned(), bars }],
    })
}

/// The photo in the size of a variant, without a codec.
fn expected(photo: &DynamicImage, (width, height): (u32, u32), fit: Fit) -> DynamicImage {
    match fit {
        Fit::Cover => photo.resize_to_fill(width, height, FilterType::Lanczos3),
        Fit::Fill | Fit::Fit => photo.resize_exact(width, height, FilterType::Lanczos3),
    }
}

/// The peak signal-to-noise ratio of a variant in decibels: 10 × log10(255² / mean squared difference).
fn psnr(file: &[u8], expected: &DynamicImage) -> f64 {
    let variant = image::load_from_memory(file).expect("a variant").into_rgb8();
    let squares =
        variant.as_raw().iter().zip(expected.as_bytes()).map(|(one, other)| f64::from(one.abs_diff(*other)).powi(2));
    10.0 * (255.0 * 255.0 * variant.as_raw().len() as f64 / squares.sum::<f64>()).log10()
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
