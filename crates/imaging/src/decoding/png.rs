//! Decodes PNG.

use std::io::{Cursor, ErrorKind};

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};

use super::{Decoded, exif};
use crate::inspection::{DamageError, Format, InvalidImageError, check_pixel_count};
use crate::reduction::Reduction;

/// The memory limit of the decoder besides the pixels, in bytes: for compressed metadata and rows. A colour profile of
/// a few KB can inflate to gigabytes; above the limit, the decoder ignores it.
const DECODER_BYTES_MAX: u64 = 32_000_000;

/// The length of the signature, before the first chunk.
const SIGNATURE_BYTES: usize = 8;

/// Decodes a PNG file completely.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, InvalidImageError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    let mut decoder = PngDecoder::with_limits(Cursor::new(file), limits).map_err(invalid)?;
    if decoder.is_apng().map_err(invalid)? {
        return Err(InvalidImageError::UnsupportedFormat("animated PNG"));
    }
    let size = decoder.dimensions();
    check_pixel_count(size.0, size.1)?;
    let colour_profile = decoder.icc_profile().map_err(invalid)?;
    let pixels = DynamicImage::from_decoder(decoder).map_err(invalid)?;
    Ok(Decoded {
        format: Format::Png,
        size,
        pixels,
        reduction: Reduction::None,
        orientation: exif::orientation(exif_chunk(file)),
        colour_profile,
    })
}

fn invalid(error: ImageError) -> InvalidImageError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => InvalidImageError::Incomplete,
        error => DamageError::Image(error).into(),
    }
}

/// The first `eXIf` chunk, which may stand before and behind the pixels. A chunk is a length, a name of four bytes, the
/// payload and a checksum (PNG specification, 5.3).
fn exif_chunk(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(SIGNATURE_BYTES..)?;
    loop {
        let (length, after) = rest.split_first_chunk()?;
        let (name, after) = after.split_first_chunk::<4>()?;
        let payload = after.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        if name == b"eXIf" {
            return Some(payload);
        }
        rest = after.get(payload.len() + 4..)?;
    }
}
