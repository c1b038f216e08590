//! The orientation in EXIF metadata: how the stored pixels have to be turned to be upright.
//!
//! EXIF is a TIFF file: a header, then a directory of entries of 12 bytes: a tag, the type of the value, the number of
//! values, the value (Exif 3.0, 4.6.2).

use image::metadata::Orientation;

/// The prefix of EXIF metadata in a JPEG segment. Some programs write it in PNG and WebP too, where it does not belong.
pub(super) const JPEG_PREFIX: &[u8] = b"Exif\0\0";

/// The length of the TIFF header: byte order, 42, the position of the first directory.
const HEADER_BYTES: usize = 8;
/// The length of a directory entry.
const ENTRY_BYTES: usize = 12;

/// The tag of the orientation.
const ORIENTATION: u32 = 0x0112;
/// The type of a value of 16 bits, the one that the standard prescribes for the orientation.
const SHORT: u32 = 3;
/// The type of a value of 32 bits, which some programs write.
const LONG: u32 = 4;

/// Returns the orientation in `exif`, with or without the prefix of JPEG. Metadata that is absent, unreadable or names
/// no valid orientation leaves the pixels as they are.
pub(super) fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(stored_orientation).unwrap_or(Orientation::NoTransforms)
}

fn stored_orientation(exif: &[u8]) -> Option<Orientation> {
    let tiff = exif.strip_prefix(JPEG_PREFIX).unwrap_or(exif);
    let order = match tiff.first_chunk()? {
        [b'I', b'I', 42, 0] => ByteOrder::Little,
        [b'M', b'M', 0, 42] => ByteOrder::Big,
        _ => return None,
    };
    let directory = usize::try_from(order.read(tiff.get(4..HEADER_BYTES)?)).ok()?;
    let (count, entries) = tiff.get(directory..)?.split_first_chunk::<2>()?;
    let count = usize::try_from(order.read(count)).ok()?;
    let entry = entries.chunks_exact(ENTRY_BYTES).take(count).find(|entry| order.read(&entry[..2]) == ORIENTATION)?;
    let value = match order.read(&entry[2..4]) {
        SHORT => order.read(&entry[8..10]),
        LONG => order.read(&entry[8..12]),
        _ => return None,
    };
    Orientation::from_exif(u8::try_from(value).ok()?)
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// Reads a number of at most four bytes.
    fn read(self, bytes: &[u8]) -> u32 {
        let append = |number, byte: &u8| number << 8 | u32::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, append),
            Self::Big => bytes.iter().fold(0, append),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXIF metadata with two entries, of which the second is the orientation: its type and its value.
    fn exif(order: ByteOrder, value_type: u16, value: [u8; 4]) -> Vec<u8> {
        let number = |number: u16| match order {
            ByteOrder::Little => number.to_le_bytes(),
            ByteOrder::Big => number.to_be_bytes(),
        };
        let header: &[u8] = match order {
            ByteOrder::Little => b"II*\0\x08\0\0\0",
            ByteOrder::Big => b"MM\0*\0\0\0\x08",
        };
        let mut bytes = [header, &number(2)].concat();
        bytes.extend([[0; 2], number(3), [0; 2], [0; 2], [0; 2], [0; 2]].as_flattened());
        bytes.extend([number(0x0112), number(value_type)].as_flattened());
        bytes.extend([0, 0, 0, 1]);
        bytes.extend(value);
        bytes
    }

    fn check(exif: &[u8], expected: Orientation) {
        assert_eq!(orientation(Some(exif)), expected, "{exif:?}");
        assert_eq!(orientation(Some(&[JPEG_PREFIX, exif].concat())), expected, "with a prefix: {exif:?}");
    }

    #[test]
    fn the_orientation_is_read_in_both_byte_orders_and_both_types() {
        check(&exif(ByteOrder::Little, 3, [6, 0, 0, 0]), Orientation::Rotate90);
        check(&exif(ByteOrder::Little, 4, [6, 0, 0, 0]), Orientation::Rotate90);
        check(&exif(ByteOrder::Big, 3, [0, 6, 0, 0]), Orientation::Rotate90);
        check(&exif(ByteOrder::Big, 4, [0, 0, 0, 6]), Orientation::Rotate90);
    }

    #[test]
    fn metadata_without_a_valid_orientation_turns_nothing() {
        assert_eq!(orientation(None), Orientation::NoTransforms);
        let valid = exif(ByteOrder::Little, 3, [6, 0, 0, 0]);
        for length in 0..valid.len() {
            check(&valid[..length], Orientation::NoTransforms);
        }
        for (value_type, value) in [(3, 0), (3, 9), (1, 6), (2, 6), (5, 6)] {
            check(&exif(ByteOrder::Little, value_type, [value, 0, 0, 0]), Orientation::NoTransforms);
        }
        check(&exif(ByteOrder::Little, 4, [6, 1, 0, 0]), Orientation::NoTransforms);
        check(b"II*\0\xff\xff\xff\xff", Orientation::NoTransforms);
        check(b"not TIFF", Orientation::NoTransforms);
    }
}
