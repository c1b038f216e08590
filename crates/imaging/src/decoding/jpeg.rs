//! Decodes JPEG.

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use super::jpeg_structure::JpegStructure;
use super::{Decoded, exif};
use crate::inspection::{DamageError, Format, InvalidImageError};

/// Decodes a JPEG file completely.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, InvalidImageError> {
    let structure = JpegStructure::read(file)?;
    let (width, height) = (structure.width, structure.height);
    let mut decoder = Decoder::new(structure.stream.as_slice());
    let samples = decoder.decode().map_err(|error| match error {
        // The decoder needed data beyond the end of the file.
        _ if structure.is_cut => InvalidImageError::Incomplete,
        error => DamageError::Jpeg(error).into(),
    })?;
    let format = decoder.info().map(|info| info.pixel_format);
    let pixels = match format {
        Some(PixelFormat::L8) => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::CMYK32) => RgbImage::from_raw(width, height, rgb_of_cmyk(samples)).map(DynamicImage::from),
        Some(PixelFormat::L16) | None => None,
    };
    Ok(Decoded {
        format: Format::Jpeg,
        pixels: pixels.ok_or(DamageError::Structure("the pixels have another size than the image"))?,
        orientation: exif::orientation(structure.exif),
        colour_profile: decoder.icc_profile(),
    })
}

/// Converts amounts of cyan, magenta, yellow and black ink to red, green and blue, in place: 50 megapixels take 200 MB.
fn rgb_of_cmyk(mut samples: Vec<u8>) -> Vec<u8> {
    let pixels = samples.len() / 4;
    for pixel in 0..pixels {
        let Some(&[cyan, magenta, yellow, black]) = samples[pixel * 4..].first_chunk() else { break };
        let rgb = [cyan, magenta, yellow].map(|ink| light(ink, black));
        samples[pixel * 3..][..3].copy_from_slice(&rgb);
    }
    samples.truncate(pixels * 3);
    samples
}

/// The light that two inks on top of each other leave.
fn light(ink: u8, black: u8) -> u8 {
    let [left, full] = [u8::MAX - ink, u8::MAX - black].map(u32::from);
    u8::try_from((left * full + 127) / 255).unwrap_or(u8::MAX)
}
