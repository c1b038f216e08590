//! Decodes JPEG.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use super::jpeg_structure::JpegStructure;
use super::libjpeg_turbo::{self, Channels};
use super::{Decoded, Libraries, Shown, exif};
use crate::inspection::{DamageError, Format, InvalidImageError};
use crate::reduction::{ColourDivisors, Reduction};
use crate::scaling::rows_read;

/// The largest side that is never reduced, in pixels. Longer ones have another reduced length for each reduction.
const UNREDUCED_SIDE: u32 = 8;

/// Decodes a JPEG file.
///
/// libjpeg-turbo decodes only what it has no complaint about. All other files are decoded by `jpeg-decoder`, completely,
/// whose verdict counts: so a file whose pixels are all shown is accepted or rejected alike, whatever `libraries` says.
pub(super) fn decode(
    file: &[u8],
    libraries: Libraries,
    shown: impl FnOnce(Orientation, (u32, u32)) -> Option<Shown>,
) -> Result<Decoded, InvalidImageError> {
    let structure = JpegStructure::read(file)?;
    let size = (structure.width, structure.height);
    let orientation = exif::orientation(structure.exif);
    let shown = shown(orientation, size);
    let reduction = shown.filter(|_| size.0.min(size.1) > UNREDUCED_SIDE).map_or(Reduction::None, |shown| {
        let colours = ColourDivisors { original: structure.colour_divisor, variant: shown.colour_divisor };
        Reduction::of(shown.frame, colours)
    });
    let rows_max = shown.map_or(u32::MAX, |shown| rows_read(shown.frame, reduction));
    let damaged = |error| match error {
        // The decoder needed data beyond the end of the file.
        _ if structure.is_cut => InvalidImageError::Incomplete,
        error => DamageError::Jpeg(error).into(),
    };
    let mut header = Decoder::new(structure.stream.as_slice());
    header.read_info().map_err(damaged)?;
    let format = header.info().map(|info| info.pixel_format);
    let channels = match format {
        Some(PixelFormat::L8) => Some(Channels::Grey),
        Some(PixelFormat::RGB24) => Some(Channels::Rgb),
        Some(PixelFormat::CMYK32 | PixelFormat::L16) | None => None,
    };
    let channels = channels.filter(|_| libraries == Libraries::RustAndC);
    let decoded = channels.and_then(|channels| libjpeg_turbo::decode(&structure.stream, channels, reduction, rows_max));
    let pixels = match decoded {
        Some(pixels) => Some(pixels),
        None => by_jpeg_decoder(&structure.guarded_stream(), format, reduction, size).map_err(damaged)?,
    };
    Ok(Decoded {
        format: Format::Jpeg,
        size,
        pixels: pixels.ok_or(DamageError::Structure("the pixels have another size than the image"))?,
        reduction,
        orientation,
        colour_profile: header.icc_profile(),
    })
}

/// Decodes the pixels of `stream` with `jpeg-decoder`.
fn by_jpeg_decoder(
    stream: &[u8],
    format: Option<PixelFormat>,
    reduction: Reduction,
    size: (u32, u32),
) -> Result<Option<DynamicImage>, jpeg_decoder::Error> {
    let mut decoder = Decoder::new(stream);
    let (width, height) = scaled(&mut decoder, reduction, size)?;
    let samples = decoder.decode()?;
    Ok(match format {
        Some(PixelFormat::L8) => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::CMYK32) => RgbImage::from_raw(width, height, rgb_of_cmyk(samples)).map(DynamicImage::from),
        Some(PixelFormat::L16) | None => None,
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
