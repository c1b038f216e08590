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
    /// The largest reduction after which the shown part of the original has at least the pixels of the variant, in both
    /// directions, and at least the colours that the variant stores.
    pub(crate) fn of(Frame { part, width, height }: Frame, colours: ColourDivisors) -> Self {
        let is_enough = |reduction: &Self| {
            let divisor = reduction.divisor();
            [(part.width, width), (part.height, height)].into_iter().all(|(original, variant)| {
                let has_colours =
                    original * colours.variant >= variant.saturating_mul(divisor).saturating_mul(colours.original);
                original / divisor >= variant && has_colours
            })
        };
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

/// The resolutions of colours. Many files store the colours of several pixels once; the decoder reduces them from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColourDivisors {
    /// The pixels of the original that share a colour, in the direction in which they are more.
    pub(crate) original: u32,
    /// The same of the variant.
    pub(crate) variant: u32,
}

#[cfg(test)]
mod tests {
    use domain::image::image_pack::Crop;

    use super::*;

    const FULL: ColourDivisors = ColourDivisors { original: 1, variant: 1 };

    fn check(part: (u32, u32), variant: (u32, u32), colours: ColourDivisors, expected: Reduction) {
        let part = Crop { x: 7, y: 9, width: part.0, height: part.1 };
        let frame = Frame { part, width: variant.0, height: variant.1 };
        assert_eq!(Reduction::of(frame, colours), expected, "{frame:?} {colours:?}");
    }

    #[test]
    fn the_reduced_part_has_at_least_the_colours_of_the_variant() {
        for (original, variant, expected) in [
            (1, 1, Reduction::Quarter),
            (1, 2, Reduction::Quarter),
            (2, 2, Reduction::Quarter),
            (2, 1, Reduction::Half),
            (4, 2, Reduction::Half),
            (4, 1, Reduction::None),
        ] {
            check((4000, 3000), (1000, 750), ColourDivisors { original, variant }, expected);
        }
    }

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
            check(part, variant, FULL, expected);
        }
    }
}
