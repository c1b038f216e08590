//! From an original's pixels to a variant's.

use fast_image_resize::{ResizeError, ResizeOptions, Resizer};
use image::DynamicImage;

use crate::geometry::Frame;

/// Scales what `frame` shows (Lanczos, three lobes).
///
/// Scaling averages neighbours. The colour of a transparent pixel (mostly black) is not meant to be seen, but averaged
/// with a visible neighbour it leaves a dark fringe round every logo. The resizer therefore weights each colour by its
/// opacity before, and undoes it after.
pub(crate) fn scale(pixels: &DynamicImage, frame: Frame) -> Result<DynamicImage, ResizeError> {
    let part = [frame.part.x, frame.part.y, frame.part.width, frame.part.height].map(f64::from);
    let [left, top, width, height] = part;
    let mut scaled = DynamicImage::new(frame.width, frame.height, pixels.color());
    let options = ResizeOptions::new().crop(left, top, width, height).use_alpha(true);
    Resizer::new().resize(pixels, &mut scaled, &options)?;
    Ok(scaled)
}
