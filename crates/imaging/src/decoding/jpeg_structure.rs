//! Reads the structure of a JPEG file before it is decoded: its size, its metadata and its scans.
//!
//! A JPEG file is a sequence of segments, each of a marker and mostly a length and a payload. The segment of a scan is
//! followed by compressed data, up to the next marker (ITU-T T.81, annex B).
//!
//! `jpeg-decoder` takes missing compressed data for zeros, so a truncated image would be grey below the cut. Therefore it
//! reads [`JpegStructure::guarded_stream`] instead of the file: the same segments, and behind the data of each scan
//! [`END_OF_DATA`], which is an error only for a decoder that still needs data.

use memchr::memchr;

use crate::inspection::{DamageError, InvalidImageError, check_pixel_count};

/// The largest number of scans. Each scan visits every pixel, however short its data is: with a hundred, a file of
/// 0.3 MB that declares 50 megapixels takes 2.4 s
/// (`docs/adr/0024-decoders.md`). Usual progressive images have 10.
const SCANS_MAX: usize = 100;

/// The end of the data of a scan. Between segments, `jpeg-decoder` passes over it. Within compressed data, it begins with
/// eight bytes of ones, which `FF 00` encodes: as many as the decoder reads ahead, and no code of ones alone exists
/// (annex C). Then follows `FF FF 00`, which is no byte and no marker, for data without codes.
const END_OF_DATA: &[u8; 19] = b"\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\xFF\xFF\0";

/// The coefficients of one block of 8 × 8 pixels.
const COEFFICIENTS: usize = 64;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

/// The structure of a JPEG file.
pub(super) struct JpegStructure<'a> {
    /// The width in pixels of the stored image.
    pub(super) width: u32,
    /// The height in pixels of the stored image.
    pub(super) height: u32,
    /// The largest number of pixels that share a colour, in one direction.
    pub(super) colour_divisor: u32,
    /// The first EXIF segment, which is the one that browsers read.
    pub(super) exif: Option<&'a [u8]>,
    /// The segments that a decoder needs, from the start marker to the end marker: a JPEG file without the oddities.
    pub(super) stream: Vec<u8>,
    /// The positions in the stream behind the data of each scan.
    scan_ends: Vec<usize>,
    /// Whether the file ends early. All the pixels can be there nevertheless: many files lack the end marker only.
    pub(super) is_cut: bool,
}

/// One segment.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
}

impl<'a> JpegStructure<'a> {
    /// Reads the structure of `file`.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, InvalidImageError> {
        let mut rest = file.get(2..).unwrap_or_default();
        let (mut stream, mut exif, mut frame) = (vec![0xFF, SOI], None, None::<Frame>);
        let mut scan_ends = Vec::new();
        let is_cut = loop {
            let Some(Segment { marker, payload }) = next_segment(&mut rest) else { break true };
            match marker {
                EOI => break false,
                APP1 if payload.starts_with(super::exif::JPEG_PREFIX) => exif = exif.or(Some(payload)),
                // Only these application segments describe the pixels: JFIF, the colour profile, Adobe's colour space.
                APP0 | APP2 | APP14 => append(&mut stream, marker, payload),
                APP0..=APP15 | COM => {}
                SOS => {
                    if scan_ends.len() == SCANS_MAX {
                        return Err(InvalidImageError::TooManyScans { scans_max: SCANS_MAX });
                    }
                    let frame = frame.as_mut().ok_or(DamageError::Structure("a scan precedes the image's size"))?;
                    frame.record_scan(payload)?;
                    append(&mut stream, marker, payload);
                    stream.extend_from_slice(compressed_data(&mut rest));
                    scan_ends.push(stream.len());
                }
                _ => {
                    if is_start_of_frame(marker) && frame.is_none() {
                        frame = Some(Frame::read(marker, payload)?);
                    }
                    append(&mut stream, marker, payload);
                }
            }
        };
        stream.extend([0xFF, EOI]);
        let frame = frame.filter(|frame| frame.has_pixels(is_cut)).ok_or(InvalidImageError::Incomplete)?;
        let (width, height, colour_divisor) = (frame.width, frame.height, frame.colour_divisor());
        Ok(Self { width, height, colour_divisor, exif, stream, scan_ends, is_cut })
    }

    /// The stream with [`END_OF_DATA`] behind the data of each scan.
    pub(super) fn guarded_stream(&self) -> Vec<u8> {
        let mut guarded = Vec::with_capacity(self.stream.len() + self.scan_ends.len() * END_OF_DATA.len());
        let mut start = 0;
        for &end in &self.scan_ends {
            guarded.extend_from_slice(&self.stream[start..end]);
            guarded.extend(END_OF_DATA);
            start = end;
        }
        guarded.extend_from_slice(&self.stream[start..]);
        guarded
    }
}

/// Reads the next segment. `None`: the file ends before it does. Bytes between segments are passed over, as in
/// browsers.
fn next_segment<'a>(rest: &mut &'a [u8]) -> Option<Segment<'a>> {
    loop {
        let start = memchr(0xFF, rest)?;
        let after = &rest[start..];
        let fill = after.iter().position(|&byte| byte != 0xFF)?;
        let marker = after[fill];
        *rest = &after[fill + 1..];
        match marker {
            // A byte of compressed data, a restart, a reserved marker: without a payload, and nothing outside of a scan.
            0x00 | 0x01 | 0xD0..=0xD7 => {}
            SOI | EOI => return Some(Segment { marker, payload: &[] }),
            _ => {
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                let payload = rest.get(2..length.max(2))?;
                *rest = &rest[length.max(2)..];
                return Some(Segment { marker, payload });
            }
        }
    }
}

/// Takes the compressed data at the start of `rest`, restart markers included.
fn compressed_data<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let mut end = 0;
    loop {
        end = memchr(0xFF, &rest[end..]).map_or(rest.len(), |offset| end + offset);
        match rest.get(end + 1) {
            Some(0x00 | 0xD0..=0xD7) => end += 2,
            _ => break,
        }
    }
    let (data, after) = rest.split_at(end);
    *rest = after;
    data
}

fn append(stream: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    stream.extend([0xFF, marker]);
    if marker != SOI {
        // The length was read from two bytes.
        let length = u16::try_from(payload.len() + 2).unwrap_or(u16::MAX);
        stream.extend(length.to_be_bytes());
        stream.extend_from_slice(payload);
    }
}

/// Returns whether `marker` starts a frame: SOF0 to SOF15, without DHT, JPG and DAC, which are among them.
fn is_start_of_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// The image that the scans describe.
struct Frame {
    width: u32,
    height: u32,
    components: Vec<Component>,
}

/// One component: brightness or one of two colours, for instance.
struct Component {
    identifier: u8,
    horizontal_factor: u8,
    vertical_factor: u8,
    /// The number of low bits that are still missing from each coefficient; `None` before the first scan of it.
    missing_bits: [Option<u8>; COEFFICIENTS],
}

impl Frame {
    fn read(marker: u8, payload: &[u8]) -> Result<Self, InvalidImageError> {
        const MALFORMED: DamageError = DamageError::Structure("the frame header is malformed");
        // Baseline, extended sequential and progressive: what browsers decode.
        if !matches!(marker, 0xC0..=0xC2) {
            return Err(InvalidImageError::UnsupportedFormat("lossless, hierarchical or arithmetic JPEG"));
        }
        let ([precision, height0, height1, width0, width1, _], components) =
            payload.split_first_chunk().ok_or(MALFORMED)?;
        if *precision != 8 {
            return Err(InvalidImageError::UnsupportedFormat("JPEG with more than 8 bits a channel"));
        }
        let (width, height) = (be16(*width0, *width1), be16(*height0, *height1));
        check_pixel_count(width, height)?;
        let components: Vec<_> = components.as_chunks().0.iter().map(|&entry| Component::read(entry)).collect();
        Ok(Self { width, height, components })
    }

    /// The largest ratio of the resolutions of two components.
    fn colour_divisor(&self) -> u32 {
        let divisor = |factor: fn(&Component) -> u8| {
            let factors = || self.components.iter().map(factor);
            factors().max().unwrap_or(1).div_ceil(factors().min().unwrap_or(1).max(1))
        };
        divisor(|one| one.horizontal_factor).max(divisor(|one| one.vertical_factor)).into()
    }

    /// Records the coefficients that a scan contains.
    fn record_scan(&mut self, header: &[u8]) -> Result<(), InvalidImageError> {
        const MALFORMED: DamageError = DamageError::Structure("a scan header is malformed");
        let (&count, rest) = header.split_first().ok_or(MALFORMED)?;
        let (selectors, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or(MALFORMED)?;
        let [first, last, approximation] = *rest.first_chunk().ok_or(MALFORMED)?;
        let coefficients = usize::from(first)..=usize::from(last);
        let is_alone = count == 1 && self.components.len() > 1;
        let max = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1);
        let factors_max = [max(|one| one.horizontal_factor), max(|one| one.vertical_factor)];
        for [identifier, _] in selectors.as_chunks().0 {
            let component = self.components.iter_mut().find(|one| one.identifier == *identifier).ok_or(MALFORMED)?;
            let factors = [component.horizontal_factor, component.vertical_factor];
            // The decoder miscounts the blocks of such a scan. No known encoder writes one.
            if is_alone && factors.iter().zip(factors_max).any(|(&factor, max)| factor != 1 && factor != max) {
                return Err(InvalidImageError::UnsupportedFormat("JPEG with three resolutions of its channels"));
            }
            component.missing_bits.get_mut(coefficients.clone()).ok_or(MALFORMED)?.fill(Some(approximation & 0x0F));
        }
        Ok(())
    }

    /// Returns whether the scans describe the whole image. If the file has its end marker, the average of each block is
    /// enough: its author left out the details. If the file is cut, the details are missing.
    fn has_pixels(&self, is_cut: bool) -> bool {
        self.components.iter().all(|component| {
            let missing_bits = &component.missing_bits;
            if is_cut { missing_bits.iter().all(|bits| *bits == Some(0)) } else { missing_bits[0].is_some() }
        })
    }
}

impl Component {
    fn read([identifier, factors, _]: [u8; 3]) -> Self {
        Self {
            identifier,
            horizontal_factor: factors >> 4,
            vertical_factor: factors & 0x0F,
            missing_bits: [None; COEFFICIENTS],
        }
    }
}

fn be16(high: u8, low: u8) -> u32 {
    u32::from(u16::from_be_bytes([high, low]))
}
