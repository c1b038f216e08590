//! Scales pixels.

use fast_image_resize::{ResizeError, ResizeOptions, Resizer};
use image::DynamicImage;

use crate::geometry::Frame;
use crate::reduction::Reduction;

/// Scales the part of the original that `frame` shows (Lanczos, three lobes). `pixels` are those of the original, after
/// `reduction`.
///
/// Scaling averages neighbouring pixels. The invisible colour of a transparent pixel (mostly black), averaged with a
/// visible neighbour, would leave a dark fringe around a logo. Therefore the resizer weights each colour by its opacity
/// before scaling and reverts the weighting afterwards.
pub(crate) fn scale(pixels: &DynamicImage, reduction: Reduction, frame: Frame) -> Result<DynamicImage, ResizeError> {
    let divisor = f64::from(reduction.divisor());
    let part =
        [frame.part.x, frame.part.y, frame.part.width, frame.part.height].map(|length| f64::from(length) / divisor);
    let [left, top, width, height] = part;
    let mut scaled = DynamicImage::new(frame.width, frame.height, pixels.color());
    let options = ResizeOptions::new().crop(left, top, width, height).use_alpha(true);
    Resizer::new().resize(pixels, &mut scaled, &options)?;
    Ok(scaled)
}
