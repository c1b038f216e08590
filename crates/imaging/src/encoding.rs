//! Encodes variants.

use domain::image::image_pack::{Quality, VariantFormat};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder, ImageError};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, EncodingError};

use crate::alpha::{is_opaque, on_white};
use crate::fallback::Encoding;
use crate::inspection::Format;
use crate::webp_container::with_colour_profile;

/// An encoder's error. Sizes are bounded before, so the cause is a defect in this crate or a lack of memory.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The JPEG encoder failed.
    #[error("the JPEG encoder rejected the pixels")]
    Jpeg(#[source] EncodingError),
    /// The PNG encoder failed.
    #[error("the PNG encoder rejected the pixels")]
    Png(#[source] ImageError),
    /// The WebP encoder failed. libwebp's error has no Rust error type.
    #[error("the WebP encoder rejected the pixels: {0}")]
    Webp(String),
}

/// The effort of libwebp for a lossless file, from 0 (fast) to 100 (small).
const LOSSLESS_EFFORT: f32 = 0.0;

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

/// Encodes opaque `pixels`.
fn jpeg(pixels: &DynamicImage, colour_profile: Option<&[u8]>, quality: Quality) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality.get());
    // Below FULL_COLOUR_QUALITY, each 2 × 2 pixels share their mean colour, not the colour of one of them.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(profile) = colour_profile {
        encoder.add_icc_profile(profile).map_err(EncodeError::Jpeg)?;
    }
    // A variant's sides are far below the 65,535 pixels of JPEG. The encoder rejects the 0 of a longer one.
    let [width, height] = [pixels.width(), pixels.height()].map(|side| u16::try_from(side).unwrap_or_default());
    encoder.encode(pixels.as_bytes(), width, height, ColorType::Rgb).map_err(EncodeError::Jpeg)?;
    Ok(bytes)
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
