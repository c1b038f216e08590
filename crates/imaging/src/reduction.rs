//! Reduction of an original while it is decoded.

use crate::geometry::Frame;

/// A reduction of width and height. The decoder of JPEG computes a smaller block instead of each block of 8 × 8 pixels,
/// in a fraction of the time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Every pixel is decoded.
    None,
    /// Half the width and height.
    Half,
    /// A quarter of the width and height.
    Quarter,
    /// An eighth of the width and height.
    Eighth,
}

impl Reduction {
    /// The largest reduction that leaves the shown part of the original at least as large as the variant, in both
    /// directions, so that no variant is enlarged from fewer pixels than its original has.
    pub(crate) fn of(Frame { part, width, height }: Frame) -> Self {
        let is_enough =
            |reduction: &Self| part.width / reduction.divisor() >= width && part.height / reduction.divisor() >= height;
        [Self::Eighth, Self::Quarter, Self::Half].into_iter().find(is_enough).unwrap_or(Self::None)
    }

    /// The number of pixels of the original for one reduced pixel, in each direction.
    pub(crate) const fn divisor(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::image::image_pack::Crop;

    use super::*;

    #[test]
    fn the_reduced_part_has_at_least_the_pixels_of_the_variant() {
        for (part, variant, expected) in [
            ((4000, 3000), (1920, 1080), Reduction::Half),
            ((4000, 3000), (640, 360), Reduction::Quarter),
            ((4000, 3000), (500, 375), Reduction::Eighth),
            ((4000, 3000), (501, 375), Reduction::Quarter),
            ((4000, 3000), (500, 376), Reduction::Quarter),
            ((4000, 3000), (2000, 1500), Reduction::Half),
            ((4000, 3000), (2001, 100), Reduction::None),
            ((4000, 3000), (100, 1501), Reduction::None),
            ((40, 30), (4000, 3000), Reduction::None),
            ((15, 15), (8, 8), Reduction::None),
        ] {
            let part = Crop { x: 7, y: 9, width: part.0, height: part.1 };
            let frame = Frame { part, width: variant.0, height: variant.1 };
            assert_eq!(Reduction::of(frame), expected, "{frame:?}");
        }
    }
}
