//! Builds WebP files of chunks; for instance one with a colour profile, which libwebp's encoder does not write.
//!
//! A WebP file is a RIFF file: after 12 bytes (`RIFF`, the length of what follows, `WEBP`) come chunks, each of a name
//! of 4 bytes, the length of its payload (little-endian) and the payload, padded to an even length. With a profile the
//! chunks are `VP8X` (what the file has), `ICCP` (the profile), and the image's own (RFC 9649, 2.7).

/// The flag of `VP8X` for transparency.
pub(crate) const HAS_ALPHA: u8 = 1 << 4;
/// The flag of `VP8X` for an `ICCP` chunk.
const HAS_PROFILE: u8 = 1 << 5;
/// The bit of a lossless image's header that says the same (RFC 9649, 3.4): in the last of four bytes, which hold width,
/// height, this bit and the version.
const LOSSLESS_HAS_ALPHA: u8 = 1 << 4;

/// The length of the header before a file's first chunk.
const FILE_HEADER_BYTES: usize = 12;
/// The length of a `VP8X` chunk with its name and length.
const EXTENDED_CHUNK_BYTES: usize = 18;

/// Adds `profile` to `webp`, a file of libwebp's encoder of `width` × `height` pixels.
pub(crate) fn with_colour_profile(webp: &[u8], profile: &[u8], width: u32, height: u32) -> Vec<u8> {
    let chunks = webp.get(FILE_HEADER_BYTES..).unwrap_or_default();
    // A lossy image with transparency has a VP8X chunk with that flag; an opaque and a lossless one have no VP8X chunk.
    let (flags, image) = match chunks {
        [b'V', b'P', b'8', b'X', _, _, _, _, flags, ..] => {
            (*flags, chunks.get(EXTENDED_CHUNK_BYTES..).unwrap_or_default())
        }
        [b'V', b'P', b'8', b'L', _, _, _, _, _signature, _, _, _, header, ..] if header & LOSSLESS_HAS_ALPHA != 0 => {
            (HAS_ALPHA, chunks)
        }
        _ => (0, chunks),
    };
    let header = extended_header(flags | HAS_PROFILE, (width, height));
    container(&[header, chunk(*b"ICCP", profile), image.to_vec()])
}

/// A `VP8X` chunk: the features of a file and its width and height in pixels.
pub(crate) fn extended_header(flags: u8, (width, height): (u32, u32)) -> Vec<u8> {
    let mut features = vec![flags, 0, 0, 0];
    for side in [width, height] {
        features.extend_from_slice(&(side - 1).to_le_bytes()[..3]);
    }
    chunk(*b"VP8X", &features)
}

/// A WebP file of `chunks`.
pub(crate) fn container(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(*b"RIFF", &[b"WEBP".as_slice(), &chunks.concat()].concat())
}

/// A chunk: its name, the length of `payload`, `payload` and its padding.
pub(crate) fn chunk(name: [u8; 4], payload: &[u8]) -> Vec<u8> {
    // Originals and variants are far smaller than 4 GB.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let padding: &[u8] = if payload.len() % 2 == 1 { &[0] } else { &[] };
    [name.as_slice(), &length.to_le_bytes(), payload, padding].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_profile_says_whether_it_is_transparent() {
        let transparent = [10, 20, 30, 40].repeat(6);
        let opaque = [10, 20, 30].repeat(6);
        for (encoder, is_lossless, expected) in [
            (webp::Encoder::from_rgba(&transparent, 3, 2), true, HAS_PROFILE | HAS_ALPHA),
            (webp::Encoder::from_rgba(&transparent, 3, 2), false, HAS_PROFILE | HAS_ALPHA),
            (webp::Encoder::from_rgb(&opaque, 3, 2), true, HAS_PROFILE),
            (webp::Encoder::from_rgb(&opaque, 3, 2), false, HAS_PROFILE),
        ] {
            let file = encoder.encode_simple(is_lossless, 75.0).unwrap();
            let file = with_colour_profile(&file, b"profile", 3, 2);
            assert_eq!((&file[12..16], file[20]), (b"VP8X".as_slice(), expected), "lossless: {is_lossless}");
        }
    }
}
