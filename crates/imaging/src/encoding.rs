//! Encodes variants.

use std::io;
use std::panic::catch_unwind;

use domain::image::image_pack::{Quality, VariantFormat};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder, ImageError};
use mozjpeg::{ColorSpace, Compress, Marker};

use crate::alpha::{is_opaque, on_white};
use crate::fallback::Encoding;
use crate::inspection::Format;
use crate::webp_container::with_colour_profile;

/// An encoder's error. Sizes are bounded before, so the cause is a defect in this crate or a lack of memory.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The JPEG encoder failed. libjpeg-turbo's errors have no Rust error type.
    #[error("the JPEG encoder rejected the pixels")]
    Jpeg,
    /// The PNG encoder failed.
    #[error("the PNG encoder rejected the pixels")]
    Png(#[source] ImageError),
    /// The WebP encoder failed. libwebp's error has no Rust error type.
    #[error("the WebP encoder rejected the pixels: {0}")]
    Webp(String),
}

/// The effort of libwebp for a lossless file, from 0 (fast) to 100 (small).
const LOSSLESS_EFFORT: f32 = 0.0;

/// The name of a segment with a part of a colour profile.
const PROFILE_NAME: &[u8] = b"ICC_PROFILE\0";

/// The largest part of a colour profile, in bytes: a segment has at most 65,533, with the name and two numbers.
const PROFILE_PART_BYTES_MAX: usize = 65_533 - PROFILE_NAME.len() - 2;

/// The lowest quality at which the JPEG encoder stores the colour of each pixel.
const FULL_COLOUR_QUALITY: u8 = 90;

/// Encodes `pixels`, RGB or RGBA with 8 bits a channel: as the location is configured, or smaller if the file would be too
/// large for a response. Returns the bytes, which are too large if no encoding is small enough, and their format.
pub(crate) fn encode(
    pixels: DynamicImage,
    colour_profile: Option<&[u8]>,
    format: VariantFormat,
    quality: Quality,
) -> Result<(Vec<u8>, Format), EncodeError> {
    let pixels = match pixels {
        DynamicImage::ImageRgba8(pixels) if !is_opaque(&pixels) => match format {
            VariantFormat::Jpeg => DynamicImage::ImageRgb8(on_white(&pixels)),
            VariantFormat::Auto | VariantFormat::Png | VariantFormat::Webp => DynamicImage::ImageRgba8(pixels),
        },
        // Many PNG images have an alpha channel in which every pixel is opaque.
        opaque => DynamicImage::ImageRgb8(opaque.into_rgb8()),
    };
    let mut encoding = Encoding::configured(format, quality, pixels.color().has_alpha());
    loop {
        let bytes = encode_as(encoding, &pixels, colour_profile)?;
        match encoding.fallback(bytes.len(), quality) {
            Some(smaller) => encoding = smaller,
            None => return Ok((bytes, encoding.format())),
        }
    }
}

fn encode_as(encoding: Encoding, pixels: &DynamicImage, colour_profile: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
    match encoding {
        Encoding::Jpeg(quality) => jpeg(pixels, colour_profile, quality),
        Encoding::Png => png(pixels, colour_profile),
        Encoding::LosslessWebp => webp(pixels, colour_profile, None),
        Encoding::Webp(quality) => webp(pixels, colour_profile, Some(quality)),
    }
}

/// The number of pixels of a variant that share a colour, in each direction.
pub(crate) fn colour_divisor(format: VariantFormat, quality: Quality) -> u32 {
    match Encoding::configured(format, quality, false) {
        Encoding::Jpeg(quality) if quality.get() < FULL_COLOUR_QUALITY => 2,
        Encoding::Webp(_) => 2,
        Encoding::Jpeg(_) | Encoding::Png | Encoding::LosslessWebp => 1,
    }
}

/// Encodes opaque `pixels` with libjpeg-turbo, which reports an error by unwinding.
fn jpeg(pixels: &DynamicImage, colour_profile: Option<&[u8]>, quality: Quality) -> Result<Vec<u8>, EncodeError> {
    let file = catch_unwind(|| compress(pixels, colour_profile, quality));
    file.ok().and_then(Result::ok).ok_or(EncodeError::Jpeg)
}

fn compress(pixels: &DynamicImage, colour_profile: Option<&[u8]>, quality: Quality) -> io::Result<Vec<u8>> {
    let [width, height] = [pixels.width(), pixels.height()].map(|side| usize::try_from(side).unwrap_or_default());
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    // The others are those of mozjpeg: smaller files in many times the time.
    encoder.set_fastest_defaults();
    encoder.set_size(width, height);
    encoder.set_quality(quality.get().into());
    // Codes for this image: a tenth smaller, for 11 ms of a full-HD frame.
    encoder.set_optimize_coding(true);
    // Below FULL_COLOUR_QUALITY, each 2 × 2 pixels share their mean colour.
    let shared = if quality.get() < FULL_COLOUR_QUALITY { (2, 2) } else { (1, 1) };
    encoder.set_chroma_sampling_pixel_sizes(shared, shared);
    let mut encoder = encoder.start_compress(Vec::new())?;
    for segment in profile_segments(colour_profile.unwrap_or_default()) {
        encoder.write_marker(Marker::APP(2), &segment);
    }
    encoder.write_scanlines(pixels.as_bytes())?;
    encoder.finish()
}

/// The contents of the segments of a colour profile (ICC.1:2022, B.4): a name, the segment's number from 1 on, the number
/// of segments, and a part of the profile.
fn profile_segments(profile: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let parts = profile.chunks(PROFILE_PART_BYTES_MAX);
    let count = parts.len();
    // `COLOUR_PROFILE_BYTES_MAX` is the size of two parts.
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    parts.zip(1..).map(move |(part, number)| [PROFILE_NAME, &[byte(number), byte(count)], part].concat())
}

fn png(pixels: &DynamicImage, colour_profile: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    if let Some(profile) = colour_profile {
        let kept = encoder.set_icc_profile(profile.to_vec());
        kept.map_err(|error| EncodeError::Png(ImageError::Unsupported(error)))?;
    }
    pixels.write_with_encoder(encoder).map_err(EncodeError::Png)?;
    Ok(bytes)
}

/// Encodes with this quality, or without loss.
fn webp(
    pixels: &DynamicImage,
    colour_profile: Option<&[u8]>,
    quality: Option<Quality>,
) -> Result<Vec<u8>, EncodeError> {
    let (width, height) = (pixels.width(), pixels.height());
    let encoder = if pixels.color().has_alpha() {
        webp::Encoder::from_rgba(pixels.as_bytes(), width, height)
    } else {
        webp::Encoder::from_rgb(pixels.as_bytes(), width, height)
    };
    let file = match quality {
        Some(quality) => encoder.encode_simple(false, f32::from(quality.get())),
        None => encoder.encode_simple(true, LOSSLESS_EFFORT),
    };
    let file = file.map_err(|error| EncodeError::Webp(format!("{error:?}")))?;
    Ok(match colour_profile {
        Some(profile) => with_colour_profile(&file, profile, width, height),
        None => file.to_vec(),
    })
}
