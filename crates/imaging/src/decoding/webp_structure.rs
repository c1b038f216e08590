//! Reads the structure of a WebP file before it is decoded.
//!
//! A WebP file is a RIFF file: after 12 bytes (`RIFF`, the length of what follows, `WEBP`) come chunks, each of a name
//! of 4 bytes, the length of its payload and the payload, padded to an even length. Bytes behind the RIFF file are
//! ignored (RFC 9649, 2.3 to 2.7).
//!
//! The decoder takes the image's size from the first chunk, allocates the declared length of a chunk, and rejects a
//! file whose header announces metadata that an optimiser removed. Therefore the decoder reads
//! [`WebpStructure::still_image`] instead of the file: the chunks of the pixels, checked, under a header that announces
//! nothing else.

use crate::inspection::{DamageError, InvalidImageError, check_pixel_count};
use crate::webp_container::{HAS_ALPHA, chunk, container, extended_header};

/// The length of the header before a file's first chunk: `RIFF`, the length of the rest, `WEBP`.
const FILE_HEADER_BYTES: usize = 12;

/// The flag of `VP8X` for an animation.
const IS_ANIMATED: u8 = 1 << 1;

/// Width and height in pixels.
type Size = (u32, u32);

/// The structure of a WebP file.
pub(super) struct WebpStructure<'a> {
    /// The payload of the first `EXIF` chunk.
    pub(super) exif: Option<&'a [u8]>,
    /// The payload of the first `ICCP` chunk.
    pub(super) colour_profile: Option<&'a [u8]>,
    /// The payload of the first `ALPH` chunk: the transparency of a lossy image.
    alpha: Option<&'a [u8]>,
    /// The name and the payload of the chunk of the pixels.
    pixels: ([u8; 4], &'a [u8]),
    size: Size,
}

impl<'a> WebpStructure<'a> {
    /// Reads the structure of `file`.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, InvalidImageError> {
        let header = file.first_chunk::<FILE_HEADER_BYTES>().ok_or(InvalidImageError::Incomplete)?;
        let [_, _, _, _, l0, l1, l2, l3, ..] = *header;
        let end = length([l0, l1, l2, l3]).saturating_add(8);
        let contents = &file[FILE_HEADER_BYTES.min(end)..end.min(file.len())];
        // A file that is shorter than its RIFF header says was cut off.
        let missing = |reason| {
            if end > file.len() { InvalidImageError::Incomplete } else { DamageError::Structure(reason).into() }
        };

        let mut rest = contents;
        let (mut canvas, mut pixels) = (None, None);
        let (mut exif, mut colour_profile, mut alpha) = (None, None, None);
        while let Some((header, after)) = rest.split_first_chunk::<8>() {
            let [n0, n1, n2, n3, l0, l1, l2, l3] = *header;
            let name = [n0, n1, n2, n3];
            let payload = after.get(..length([l0, l1, l2, l3]));
            let payload = payload.ok_or_else(|| missing("a chunk reaches beyond the file"))?;
            match &name {
                b"ANIM" | b"ANMF" => return Err(InvalidImageError::UnsupportedFormat("animated WebP")),
                b"VP8X" if payload.first().is_some_and(|flags| flags & IS_ANIMATED != 0) => {
                    return Err(InvalidImageError::UnsupportedFormat("animated WebP"));
                }
                b"VP8X" => canvas = canvas.or(Some(payload)),
                b"VP8 " | b"VP8L" => pixels = pixels.or(Some((name, payload))),
                b"ALPH" => alpha = alpha.or(Some(payload)),
                b"EXIF" => exif = exif.or(Some(payload)),
                b"ICCP" => colour_profile = colour_profile.or(Some(payload)),
                _ => {}
            }
            // The last chunk's padding may be missing.
            rest = after.get(payload.len().next_multiple_of(2)..).unwrap_or_default();
        }
        if end > file.len().next_multiple_of(2) {
            return Err(InvalidImageError::Incomplete);
        }
        let pixels = pixels.ok_or_else(|| missing("the file has no image"))?;
        let size = frame_size(pixels).ok_or(DamageError::Structure("the frame header is malformed"))?;
        if canvas.is_some_and(|canvas| canvas_size(canvas) != Some(size)) {
            return Err(DamageError::Structure("a frame has another size than the canvas").into());
        }
        check_pixel_count(size.0, size.1)?;
        Ok(Self { exif, colour_profile, alpha, pixels, size })
    }

    /// A WebP file of the pixels alone.
    pub(super) fn still_image(&self) -> Vec<u8> {
        let (name, payload) = self.pixels;
        let pixels = chunk(name, payload);
        match self.alpha.filter(|_| &name == b"VP8 ") {
            Some(alpha) => container(&[extended_header(HAS_ALPHA, self.size), chunk(*b"ALPH", alpha), pixels]),
            None => container(&[pixels]),
        }
    }
}

fn length(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
}

fn canvas_size(payload: &[u8]) -> Option<Size> {
    let [_, _, _, _, w0, w1, w2, h0, h1, h2] = *payload.first_chunk()?;
    Some((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
}

fn frame_size((name, payload): ([u8; 4], &[u8])) -> Option<Size> {
    if &name == b"VP8 " { lossy_size(payload) } else { lossless_size(payload) }
}

/// The size of a lossy frame: after its tag (3 bytes) and start code (3), each side in 14 bits.
fn lossy_size(payload: &[u8]) -> Option<Size> {
    let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = *payload.first_chunk()? else { return None };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Some((side(w0, w1), side(h0, h1)))
}

/// The size of a lossless frame: after its signature (1 byte), each side minus one in 14 bits.
fn lossless_size(payload: &[u8]) -> Option<Size> {
    let [0x2F, b0, b1, b2, b3] = *payload.first_chunk()? else { return None };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}
