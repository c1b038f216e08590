//! Geometry of variants: the shown part of an original and the size of the variant.

use contract::limits::VARIANT_SIDE_MAX_PX;
use domain::image::image_pack::{Crop, Fit, LocationConfig};

/// The geometry of a variant: the part of the original that it shows, and its size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The part of the original, in pixels.
    pub part: Crop,
    /// The variant's width in pixels.
    pub width: u32,
    /// The variant's height in pixels.
    pub height: u32,
}

/// Computes the frame of a variant of an original of `width` × `height` pixels. Every input has a frame: a crop may be
/// older than the original, and then an image serves a viewer better than an error.
#[must_use]
pub fn frame(width: u32, height: u32, crop: Option<Crop>, config: LocationConfig) -> Frame {
    let part = crop.and_then(|crop| within(width, height, crop)).unwrap_or(Crop { x: 0, y: 0, width, height });
    let (width, height) = bounded(config);
    match config.fit {
        Fit::Fill => Frame { part, width, height },
        Fit::Cover => Frame { part: covering(part, width, height), width, height },
        Fit::Fit => {
            let (width, height) = fitting(part, width, height);
            Frame { part, width, height }
        }
    }
}

/// The part of `crop` within an original of `width` × `height` pixels. `None`: the crop is outside.
fn within(width: u32, height: u32, crop: Crop) -> Option<Crop> {
    let cut =
        |offset: u32, length: u32, limit: u32| Some(length.min(limit.checked_sub(offset)?)).filter(|&cut| cut > 0);
    Some(Crop { width: cut(crop.x, crop.width, width)?, height: cut(crop.y, crop.height, height)?, ..crop })
}

/// The location's size, limited to at least one pixel and at most [`VARIANT_SIDE_MAX_PX`] on each side.
fn bounded(config: LocationConfig) -> (u32, u32) {
    let (width, height) = (config.width.max(1), config.height.max(1));
    let (longest, side_max) = (width.max(height), VARIANT_SIDE_MAX_PX);
    if longest <= side_max {
        return (width, height);
    }
    (scaled(width, side_max, longest), scaled(height, side_max, longest))
}

/// The centre of `part` in the proportions of `width` × `height`.
///
/// Cropping comes before scaling, because scaling first would enlarge a one-pixel-wide strip to millions of rows.
fn covering(part: Crop, width: u32, height: u32) -> Crop {
    let (cut_width, cut_height) = if is_wider(part, width, height) {
        (scaled(part.height, width, height).min(part.width), part.height)
    } else {
        (part.width, scaled(part.width, height, width).min(part.height))
    };
    Crop {
        x: part.x + (part.width - cut_width) / 2,
        y: part.y + (part.height - cut_height) / 2,
        width: cut_width,
        height: cut_height,
    }
}

/// The largest size within `width` × `height` that has the proportions of `part`.
fn fitting(part: Crop, width: u32, height: u32) -> (u32, u32) {
    if is_wider(part, width, height) {
        (width, scaled(width, part.height, part.width).min(height))
    } else {
        (scaled(height, part.width, part.height).min(width), height)
    }
}

fn is_wider(part: Crop, width: u32, height: u32) -> bool {
    u64::from(part.width) * u64::from(height) > u64::from(part.height) * u64::from(width)
}

/// `length` × `numerator` / `denominator`, rounded, and at least one pixel.
fn scaled(length: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator);
    let scaled = (u64::from(length) * u64::from(numerator) + denominator / 2) / denominator;
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rectangle([x, y, width, height]: [u32; 4]) -> Crop {
        Crop { x, y, width, height }
    }

    /// `size` is the location's width and height; `expected` is the shown part and the variant's size.
    fn check(
        original: (u32, u32),
        crop: Option<[u32; 4]>,
        fit: Fit,
        size: (u32, u32),
        expected: ([u32; 4], (u32, u32)),
    ) {
        let config = LocationConfig { width: size.0, height: size.1, fit, ..LocationConfig::default() };
        let frame = frame(original.0, original.1, crop.map(rectangle), config);
        let (part, (width, height)) = expected;
        assert_eq!(frame, Frame { part: rectangle(part), width, height }, "{original:?} {crop:?} {fit:?} {size:?}");
    }

    #[test]
    fn cover_fills_the_box_with_the_centre_of_the_image() {
        check((400, 200), None, Fit::Cover, (100, 100), ([100, 0, 200, 200], (100, 100)));
        check((200, 400), None, Fit::Cover, (100, 100), ([0, 100, 200, 200], (100, 100)));
        check((400, 200), None, Fit::Cover, (200, 100), ([0, 0, 400, 200], (200, 100)));
        check((40, 20), None, Fit::Cover, (100, 100), ([10, 0, 20, 20], (100, 100)));
    }

    #[test]
    fn fit_keeps_the_proportions_within_the_box() {
        check((400, 200), None, Fit::Fit, (100, 100), ([0, 0, 400, 200], (100, 50)));
        check((200, 400), None, Fit::Fit, (100, 100), ([0, 0, 200, 400], (50, 100)));
        check((40, 20), None, Fit::Fit, (100, 100), ([0, 0, 40, 20], (100, 50)));
    }

    #[test]
    fn fill_stretches_to_the_box() {
        check((400, 200), None, Fit::Fill, (100, 100), ([0, 0, 400, 200], (100, 100)));
    }

    #[test]
    fn a_crop_is_applied_before_the_fit() {
        check((400, 200), Some([300, 0, 100, 200]), Fit::Cover, (100, 100), ([300, 50, 100, 100], (100, 100)));
        check((400, 200), Some([300, 0, 100, 200]), Fit::Fit, (100, 100), ([300, 0, 100, 200], (50, 100)));
    }

    #[test]
    fn a_crop_beyond_the_original_is_cut_and_one_outside_is_ignored() {
        check((400, 200), Some([300, 100, 200, 200]), Fit::Fill, (10, 10), ([300, 100, 100, 100], (10, 10)));
        check((400, 200), Some([0, 0, u32::MAX, u32::MAX]), Fit::Fill, (10, 10), ([0, 0, 400, 200], (10, 10)));
        for outside in [[400, 0, 10, 10], [0, 200, 10, 10], [0, 0, 0, 10], [u32::MAX, u32::MAX, 1, 1]] {
            check((400, 200), Some(outside), Fit::Fill, (10, 10), ([0, 0, 400, 200], (10, 10)));
        }
    }

    #[test]
    fn every_size_has_a_frame_of_at_least_a_pixel() {
        check((1, 10_000), None, Fit::Cover, (1920, 1080), ([0, 4999, 1, 1], (1920, 1080)));
        check((1, 10_000), None, Fit::Fit, (1920, 1080), ([0, 0, 1, 10_000], (1, 1080)));
        check((400, 200), None, Fit::Fill, (0, 0), ([0, 0, 400, 200], (1, 1)));
    }

    #[test]
    fn a_huge_location_is_scaled_down_in_its_proportions() {
        check((400, 200), None, Fit::Fill, (8192, 4096), ([0, 0, 400, 200], (4096, 2048)));
        check((400, 200), None, Fit::Fill, (u32::MAX, 1), ([0, 0, 400, 200], (4096, 1)));
        check((400, 200), None, Fit::Fit, (u32::MAX, u32::MAX), ([0, 0, 400, 200], (4096, 2048)));
    }
}
