//! From the bytes of an original to the bytes of a variant.

use std::io::Cursor;

use domain::image_pack::{Crop, LocationConfig};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageReader};

use crate::ORIGINAL_PIXELS_MAX;
use crate::alpha::{premultiply, unpremultiply};
use crate::geometry::{Frame, frame};

/// How many bytes a variant may have. A Lambda response takes 6 MB ("Lambda quotas"), in which a picture stands as
/// base64, four bytes for three; the rest is left to the headers.
const VARIANT_BYTES_MAX: usize = 4_500_000;

/// The quality of JPEG variants, of 100. Above 85 files grow faster than the eye notices.
const JPEG_QUALITY: u8 = 85;

/// A variant, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
}

/// Why no variant can be made of an original. Its text goes to the viewer.
#[derive(Debug, thiserror::Error)]
pub enum CannotRender {
    /// It is damaged, or no picture.
    #[error("The original cannot be decoded: upload it again as JPEG, PNG or WebP.")]
    Undecodable(#[from] ImageError),
    /// None, or more than [`ORIGINAL_PIXELS_MAX`].
    #[error("The original has {width} × {height} pixels: upload one with 1 to {ORIGINAL_PIXELS_MAX}.")]
    PixelCount {
        /// The width that the header says.
        width: u32,
        /// The height that the header says.
        height: u32,
    },
    /// More than a response can hold.
    #[error("The picture takes {bytes} bytes and at most {VARIANT_BYTES_MAX} can be sent: make the location smaller.")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
}

impl CannotRender {
    /// The word that tells it to programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Undecodable(_) => "undecodable-original",
            Self::PixelCount { .. } => "pixel-count",
            Self::TooLarge { .. } => "variant-too-large",
        }
    }
}

/// Makes a variant: what `crop` shows of `original`, in the size of the location. Opaque pictures become JPEG,
/// pictures with an alpha channel stay lossless as PNG.
pub fn render(original: &[u8], crop: Option<Crop>, config: LocationConfig) -> Result<Rendered, CannotRender> {
    let Decoded { pixels, colour_profile } = decode(original)?;
    let frame = frame(pixels.width(), pixels.height(), crop, config);
    let variant = encode(&scale(&pixels, frame), colour_profile)?;
    if variant.bytes.len() > VARIANT_BYTES_MAX {
        return Err(CannotRender::TooLarge { bytes: variant.bytes.len() });
    }
    Ok(variant)
}

struct Decoded {
    /// 8 bits a channel, RGB or RGBA, upright.
    pixels: DynamicImage,
    colour_profile: Option<Vec<u8>>,
}

fn decode(original: &[u8]) -> Result<Decoded, CannotRender> {
    let reader = ImageReader::new(Cursor::new(original)).with_guessed_format().map_err(ImageError::IoError)?;
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if !(1..=ORIGINAL_PIXELS_MAX).contains(&(u64::from(width) * u64::from(height))) {
        return Err(CannotRender::PixelCount { width, height });
    }
    // A camera held upright says so in EXIF instead of turning the pixels. Crops count in the picture as it is seen.
    let orientation = decoder.orientation()?;
    // A wide-gamut original without its profile looks dull. Profiles of other colour spaces (CMYK, grey) do not fit the
    // pixels below; an ICC profile names its space at bytes 16 to 19 (ICC.1:2022, 7.2.8).
    let colour_profile = decoder.icc_profile()?.filter(|profile| profile.get(16..20) == Some(b"RGB ".as_slice()));
    let mut pixels = DynamicImage::from_decoder(decoder)?;
    pixels.apply_orientation(orientation);
    let pixels = if pixels.color().has_alpha() {
        DynamicImage::ImageRgba8(pixels.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(pixels.into_rgb8())
    };
    Ok(Decoded { pixels, colour_profile })
}

fn scale(pixels: &DynamicImage, frame: Frame) -> DynamicImage {
    let Crop { x, y, width, height } = frame.part;
    let mut part = pixels.crop_imm(x, y, width, height);
    if let DynamicImage::ImageRgba8(part) = &mut part {
        premultiply(part);
    }
    let mut scaled = part.resize_exact(frame.width, frame.height, FilterType::Lanczos3);
    if let DynamicImage::ImageRgba8(scaled) = &mut scaled {
        unpremultiply(scaled);
    }
    scaled
}

fn encode(pixels: &DynamicImage, colour_profile: Option<Vec<u8>>) -> Result<Rendered, ImageError> {
    let mut bytes = Vec::new();
    let content_type = if pixels.color().has_alpha() {
        write(PngEncoder::new(&mut bytes), pixels, colour_profile)?;
        "image/png"
    } else {
        write(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY), pixels, colour_profile)?;
        "image/jpeg"
    };
    Ok(Rendered { bytes, content_type })
}

fn write(
    mut encoder: impl ImageEncoder,
    pixels: &DynamicImage,
    colour_profile: Option<Vec<u8>>,
) -> Result<(), ImageError> {
    if let Some(profile) = colour_profile {
        encoder.set_icc_profile(profile).map_err(ImageError::Unsupported)?;
    }
    pixels.write_with_encoder(encoder)
}

#[cfg(test)]
mod tests;
