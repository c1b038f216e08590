//! Checks the structure of a WebP file before it is decoded.
//!
//! The decoder takes the image's size from the first chunk and allocates the declared length of a chunk. So a small
//! file could declare a small canvas with a huge frame in it, or a chunk of gigabytes. This check reads the chunks
//! once: each must lie within the file, and the frame must have the size of the canvas (RFC 9649, 2.3 to 2.7).

/// The length of the header before a file's first chunk: `RIFF`, the length of the rest, `WEBP`.
const FILE_HEADER_BYTES: usize = 12;

/// The flag of `VP8X` for an animation.
const IS_ANIMATED: u8 = 1 << 1;

/// The reason for which a WebP file is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StructureError {
    /// The file is an animation; variants are still images.
    Animated,
    /// The chunks contradict the header.
    Damaged(&'static str),
}

/// Checks the chunks of `file`.
pub(crate) fn check(file: &[u8]) -> Result<(), StructureError> {
    let mut rest = file.get(FILE_HEADER_BYTES..).unwrap_or_default();
    let mut canvas = None;
    while let Some((header, contents)) = rest.split_first_chunk::<8>() {
        let [n0, n1, n2, n3, l0, l1, l2, l3] = *header;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let payload = contents.get(..length).ok_or(StructureError::Damaged("a chunk reaches beyond the file"))?;
        match &[n0, n1, n2, n3] {
            b"ANIM" | b"ANMF" => return Err(StructureError::Animated),
            b"VP8X" if payload.first().is_some_and(|flags| flags & IS_ANIMATED != 0) => {
                return Err(StructureError::Animated);
            }
            b"VP8X" => canvas = canvas_size(payload),
            b"VP8 " if differs(canvas, lossy_size(payload)) => return Err(FRAME),
            b"VP8L" if differs(canvas, lossless_size(payload)) => return Err(FRAME),
            _ => {}
        }
        // The last chunk's padding may be missing.
        rest = contents.get(length + length % 2..).unwrap_or_default();
    }
    Ok(())
}

const FRAME: StructureError = StructureError::Damaged("a frame has another size than the canvas");

/// Width and height in pixels.
type Size = (u32, u32);

fn differs(canvas: Option<Size>, frame: Option<Size>) -> bool {
    canvas.is_some_and(|canvas| frame != Some(canvas))
}

fn canvas_size(payload: &[u8]) -> Option<Size> {
    let [_, _, _, _, w0, w1, w2, h0, h1, h2] = *payload.first_chunk()?;
    Some((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
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
