//! Orientation: crops and sizes refer to the upright image; the pixels are stored as the camera was held.

use domain::image::image_pack::Crop;
use image::metadata::Orientation;

use crate::geometry::Frame;

/// The size in pixels of an upright image whose stored size is `width` × `height`.
pub(crate) const fn upright_size(orientation: Orientation, (width, height): (u32, u32)) -> (u32, u32) {
    if exchanges_sides(orientation) { (height, width) } else { (width, height) }
}

/// The frame of the stored pixels that shows what `frame` shows of the upright image. `stored` is the stored size in
/// pixels. Scaling the stored pixels and turning the variant gives the same image as turning the original and scaling
/// it, and turns fewer pixels.
pub(crate) const fn stored_frame(frame: Frame, orientation: Orientation, stored: (u32, u32)) -> Frame {
    let Frame { part, width, height } = frame;
    let (part, width, height) = if exchanges_sides(orientation) {
        (Crop { x: part.y, y: part.x, width: part.height, height: part.width }, height, width)
    } else {
        (part, width, height)
    };
    let (is_mirrored, is_upside_down) = flips(orientation);
    let x = if is_mirrored { stored.0 - part.x - part.width } else { part.x };
    let y = if is_upside_down { stored.1 - part.y - part.height } else { part.y };
    Frame { part: Crop { x, y, ..part }, width, height }
}

const fn exchanges_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Whether columns, and whether rows, are stored in the opposite order of the upright image's.
const fn flips(orientation: Orientation) -> (bool, bool) {
    match orientation {
        Orientation::NoTransforms | Orientation::Rotate90FlipH => (false, false),
        Orientation::FlipHorizontal | Orientation::Rotate270 => (true, false),
        Orientation::FlipVertical | Orientation::Rotate90 => (false, true),
        Orientation::Rotate180 | Orientation::Rotate270FlipH => (true, true),
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};

    use super::*;

    #[test]
    fn the_stored_part_turned_upright_is_the_part_of_the_upright_image() {
        let stored: DynamicImage = GrayImage::from_fn(9, 5, |x, y| Luma([u8::try_from(y * 9 + x).unwrap()])).into();
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut upright = stored.clone();
            upright.apply_orientation(orientation);
            assert_eq!(upright_size(orientation, (9, 5)), (upright.width(), upright.height()), "{orientation:?}");

            let part = Crop { x: 1, y: 2, width: 4, height: 3 };
            let expected = upright.crop_imm(part.x, part.y, part.width, part.height);
            let frame = Frame { part, width: part.width, height: part.height };
            let frame = stored_frame(frame, orientation, (9, 5));
            let Crop { x, y, width, height } = frame.part;
            let mut actual = stored.crop_imm(x, y, width, height);
            assert_eq!((frame.width, frame.height), (width, height), "{orientation:?}");
            actual.apply_orientation(orientation);
            assert_eq!(actual, expected, "{orientation:?}");
        }
    }
}
