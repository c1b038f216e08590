//! Decodes JPEG.

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use super::jpeg_structure::JpegStructure;
use super::{Decoded, exif};
use crate::inspection::{DamageError, Format, InvalidImageError};
use crate::orientation::upright_size;
use crate::reduction::Reduction;

/// The largest side that is never reduced, in pixels. Longer ones have another reduced length for each reduction.
const UNREDUCED_SIDE: u32 = 8;

/// Decodes a JPEG file completely.
pub(super) fn decode(
    file: &[u8],
    reduction_of: impl FnOnce((u32, u32), u32) -> Reduction,
) -> Result<Decoded, InvalidImageError> {
    let structure = JpegStructure::read(file)?;
    let size = (structure.width, structure.height);
    let orientation = exif::orientation(structure.exif);
    let reduction = match reduction_of(upright_size(orientation, size), structure.colour_divisor) {
        _ if size.0.min(size.1) <= UNREDUCED_SIDE => Reduction::None,
        reduction => reduction,
    };
    let mut decoder = Decoder::new(structure.stream.as_slice());
    let result = scaled(&mut decoder, reduction, size).and_then(|size| Ok((size, decoder.decode()?)));
    let ((width, height), samples) = result.map_err(|error| match error {
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
        size,
        pixels: pixels.ok_or(DamageError::Structure("the pixels have another size than the image"))?,
        reduction,
        orientation,
        colour_profile: decoder.icc_profile(),
    })
}

/// Makes `decoder` reduce an image of this width and height, and returns the reduced ones.
fn scaled(
    decoder: &mut Decoder<&[u8]>,
    reduction: Reduction,
    (width, height): (u32, u32),
) -> Result<(u32, u32), jpeg_decoder::Error> {
    // Both have at most 16 bits.
    let [width, height] =
        [width, height].map(|side| u16::try_from(side.div_ceil(reduction.divisor())).unwrap_or(u16::MAX));
    let (width, height) = decoder.scale(width, height)?;
    Ok((width.into(), height.into()))
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
