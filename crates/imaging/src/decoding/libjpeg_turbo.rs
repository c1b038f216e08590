//! Decodes JPEG with libjpeg-turbo, which is in C and much faster than the decoders in Rust.
//!
//! libjpeg-turbo shows what it can of a damaged file and warns. Here a warning is an error, so that each file is decoded
//! as a whole or by the other decoder.

use std::ffi::c_int;
use std::io;
use std::panic::{catch_unwind, resume_unwind};
use std::ptr;

use image::{DynamicImage, GrayImage, RgbImage};
use mozjpeg::Decompress;
use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr};

use crate::reduction::Reduction;

/// The channels of an original.
#[derive(Debug, Clone, Copy)]
pub(super) enum Channels {
    /// Brightness.
    Grey,
    /// Red, green and blue.
    Rgb,
}

/// Decodes the first `rows_max` reduced rows of a JPEG file; the data of the rows below is not read where the file stores
/// the rows one after the other. `None`: libjpeg-turbo has a complaint about what it read.
pub(super) fn decode(file: &[u8], channels: Channels, reduction: Reduction, rows_max: u32) -> Option<DynamicImage> {
    catch_unwind(|| decompress(file, channels, reduction, rows_max)).ok()?.ok()?
}

fn decompress(
    file: &[u8],
    channels: Channels,
    reduction: Reduction,
    rows_max: u32,
) -> io::Result<Option<DynamicImage>> {
    let mut header = Decompress::with_err(errors()).from_mem(file)?;
    // A block of which only the average is known keeps it, as in the other decoder.
    header.do_block_smoothing(false);
    header.scale(match reduction {
        Reduction::None => 8,
        Reduction::Half => 4,
        Reduction::Quarter => 2,
        Reduction::Eighth => 1,
    });
    let mut image = match channels {
        Channels::Grey => header.grayscale(),
        Channels::Rgb => header.rgb(),
    }?;
    let [width, height] = [image.width(), image.height()].map(|side| u32::try_from(side).unwrap_or_default());
    let rows = height.min(rows_max);
    let samples = if rows == height {
        let samples = image.read_scanlines()?;
        image.finish()?;
        samples
    } else {
        let mut samples = vec![0; image.min_flat_buffer_size() / image.height().max(1) * rows as usize];
        image.read_scanlines_into(&mut samples)?;
        samples
    };
    Ok(match channels {
        Channels::Grey => GrayImage::from_raw(width, rows, samples).map(DynamicImage::from),
        Channels::Rgb => RgbImage::from_raw(width, rows, samples).map(DynamicImage::from),
    })
}

/// The treatment of libjpeg-turbo's errors and warnings: both end the decoding.
fn errors() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(fail),
        emit_message: Some(fail_if_warning),
        output_message: Some(ignore),
        format_message: None,
        reset_error_mgr: Some(ignore),
        msg_code: 0,
        msg_parm: mozjpeg_sys::msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

/// Ends the decoding. libjpeg's interface for errors is a function that does not return; [`decode`] catches it.
extern "C-unwind" fn fail(_decoder: &mut jpeg_common_struct) {
    resume_unwind(Box::new("libjpeg-turbo has a complaint"))
}

/// Ends the decoding at a warning, whose level is below 0. The others are traces.
extern "C-unwind" fn fail_if_warning(decoder: &mut jpeg_common_struct, level: c_int) {
    if level < 0 {
        fail(decoder);
    }
}

const extern "C-unwind" fn ignore(_decoder: &mut jpeg_common_struct) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corpus file of one sampling and arrangement of scans.
    fn file(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/corpus/files/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn an_intact_file_of_each_arrangement_is_decoded_at_each_reduction() {
        for arrangement in
            ["interleaved", "each", "restarts", "progressive", "progressive-each", "progressive-restarts"]
        {
            for (reduction, expected) in [
                (Reduction::None, (45, 37)),
                (Reduction::Half, (23, 19)),
                (Reduction::Quarter, (12, 10)),
                (Reduction::Eighth, (6, 5)),
            ] {
                for (channels, is_grey) in [(Channels::Rgb, false), (Channels::Grey, true)] {
                    let image =
                        decode(&file(&format!("jpeg/420/{arrangement}.jpg")), channels, reduction, u32::MAX).unwrap();
                    assert_eq!((image.width(), image.height()), expected, "{arrangement}, {reduction:?}");
                    assert_eq!(image.as_luma8().is_some(), is_grey, "{arrangement}, {channels:?}");
                }
            }
        }
    }

    #[test]
    fn the_upper_rows_are_those_of_the_complete_image() {
        for arrangement in ["interleaved", "each", "restarts", "progressive"] {
            let file = file(&format!("jpeg/420/{arrangement}.jpg"));
            for reduction in [Reduction::None, Reduction::Half, Reduction::Quarter, Reduction::Eighth] {
                let complete = decode(&file, Channels::Rgb, reduction, u32::MAX).unwrap();
                for rows in 1..=complete.height() {
                    let upper = decode(&file, Channels::Rgb, reduction, rows).unwrap();
                    assert_eq!(upper, complete.crop_imm(0, 0, complete.width(), rows), "{arrangement}, {reduction:?}");
                }
            }
        }
    }

    #[test]
    fn a_file_with_which_libjpeg_turbo_has_a_complaint_is_left_to_the_other_decoder() {
        let whole = file("jpeg/420/interleaved.jpg");
        let half = &whole[..whole.len() / 2];
        for (name, file) in [
            ("cut", half.to_vec()),
            ("cut and closed again", [half, &[0xFF, 0xD9]].concat()),
            ("without its end marker", whole[..whole.len() - 2].to_vec()),
            ("bytes between its segments", file("jpeg/420/odd/bytes-between-segments.jpg")),
            ("no JPEG", b"RIFF".to_vec()),
            ("empty", Vec::new()),
        ] {
            assert!(decode(&file, Channels::Rgb, Reduction::None, u32::MAX).is_none(), "{name}");
        }
    }
}
