//! Scales pixels.

use fast_image_resize::{FilterType, ResizeAlg, ResizeError, ResizeOptions, Resizer};
use image::DynamicImage;

use crate::geometry::Frame;
use crate::reduction::Reduction;

/// The radius of the Lanczos filter, in pixels of the variant: each is a weighted mean of what lies nearer than that.
const LOBES: u32 = 3;

/// An upper limit of the reduced rows, from the first one on, that [`scale`] reads of an original: those of the shown part,
/// and those below it to which the filter reaches.
pub(crate) fn rows_read(Frame { part, height, .. }: Frame, reduction: Reduction) -> u32 {
    let divisor = reduction.divisor();
    (part.y + part.height).div_ceil(divisor) + LOBES * part.height.div_ceil(divisor * height)
}

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
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(left, top, width, height)
        .use_alpha(true);
    Resizer::new().resize(pixels, &mut scaled, &options)?;
    Ok(scaled)
}

#[cfg(test)]
mod tests {
    use domain::image::image_pack::Crop;
    use image::{Rgb, RgbImage};

    use super::*;

    /// An original of 161 × 121 pixels after `reduction`, of which no two rows are alike.
    fn reduced(reduction: Reduction) -> DynamicImage {
        let [width, height] = [161, 121].map(|side: u32| side.div_ceil(reduction.divisor()));
        let noise = |x: u32, y: u32| (x + 1).wrapping_mul(2_654_435_761).wrapping_mul(y * y + 7).to_be_bytes();
        RgbImage::from_fn(width, height, |x, y| Rgb([noise(x, y)[0], noise(y, x)[1], noise(x, y)[2]])).into()
    }

    #[test]
    fn the_rows_that_scaling_reads_are_enough() {
        let mut cut = 0;
        for reduction in [Reduction::None, Reduction::Half, Reduction::Quarter, Reduction::Eighth] {
            let all = reduced(reduction);
            for [x, y, width, height] in
                [[0, 0, 161, 121], [0, 0, 100, 1], [3, 5, 90, 61], [60, 40, 20, 50], [0, 90, 121, 31]]
            {
                for (variant_width, variant_height) in [(300, 200), (100, 60), (40, 30), (16, 9), (5, 4), (1, 1)] {
                    let part = Crop { x, y, width, height };
                    let frame = Frame { part, width: variant_width, height: variant_height };
                    let rows = all.height().min(rows_read(frame, reduction));
                    let upper = all.crop_imm(0, 0, all.width(), rows);
                    let scaled = scale(&upper, reduction, frame).unwrap();
                    assert_eq!(scaled, scale(&all, reduction, frame).unwrap(), "{frame:?} {reduction:?}");
                    cut += usize::from(rows < all.height());
                }
            }
        }
        assert!(cut > 20, "{cut} of 120 cases need fewer rows than there are");
    }
}
