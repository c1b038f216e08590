//! The encoding of a variant, and the one to fall back to when the file is too large for a response.

use contract::limits::VARIANT_BYTES_MAX;
use domain::image::image_pack::{Quality, VariantFormat};

use crate::inspection::Format;

/// An encoding of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// JPEG.
    Jpeg(Quality),
    /// PNG.
    Png,
    /// WebP without loss.
    LosslessWebp,
    /// WebP with loss.
    Webp(Quality),
}

/// The quality of the last fallback. Below it, a photo shows its blocks.
const SMALLEST_QUALITY: u8 = 50;

impl Encoding {
    /// The encoding that a location's configuration selects.
    pub(crate) fn configured(format: VariantFormat, quality: Quality, is_transparent: bool) -> Self {
        match format {
            VariantFormat::Auto if is_transparent => Self::Png,
            VariantFormat::Auto | VariantFormat::Jpeg => Self::Jpeg(quality),
            VariantFormat::Png => Self::Png,
            VariantFormat::Webp => Self::Webp(quality),
        }
    }

    /// The encoding to use instead of this one, which gave a file of `bytes` bytes; `quality` is the location's. `None`:
    /// the file is not too large, or there is no smaller encoding.
    ///
    /// Lossless WebP has about three quarters of the size of PNG, and a photo at the smallest quality about half the size
    /// that it has at 85. So neither is tried, which takes seconds, where it would have to save more than half.
    pub(crate) fn fallback(self, bytes: usize, quality: Quality) -> Option<Self> {
        let bytes_max = VARIANT_BYTES_MAX as usize;
        if bytes <= bytes_max {
            return None;
        }
        let is_near = bytes <= 2 * bytes_max;
        match self {
            Self::Png if is_near => Some(Self::LosslessWebp),
            Self::Png | Self::LosslessWebp | Self::Jpeg(_) => Some(Self::Webp(quality)),
            Self::Webp(quality) if is_near && quality.get() > SMALLEST_QUALITY => {
                SMALLEST_QUALITY.try_into().ok().map(Self::Webp)
            }
            Self::Webp(_) => None,
        }
    }

    /// The format of the file.
    pub(crate) const fn format(self) -> Format {
        match self {
            Self::Jpeg(_) => Format::Jpeg,
            Self::Png => Format::Png,
            Self::LosslessWebp | Self::Webp(_) => Format::Webp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(number: u8) -> Quality {
        number.try_into().unwrap()
    }

    #[test]
    fn a_format_selects_an_encoding_and_auto_keeps_transparency() {
        let webp = Encoding::Webp(quality(85));
        let jpeg = Encoding::Jpeg(quality(85));
        for (format, opaque, transparent) in [
            (VariantFormat::Auto, jpeg, Encoding::Png),
            (VariantFormat::Jpeg, jpeg, jpeg),
            (VariantFormat::Png, Encoding::Png, Encoding::Png),
            (VariantFormat::Webp, webp, webp),
        ] {
            assert_eq!(Encoding::configured(format, quality(85), false), opaque, "{format:?}");
            assert_eq!(Encoding::configured(format, quality(85), true), transparent, "{format:?}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_falls_back_to_a_smaller_encoding_until_there_is_none() {
        let webp = |number| Encoding::Webp(quality(number));
        let fits = 4_500_000;
        for (encoding, bytes, expected) in [
            (Encoding::Png, fits, None),
            (Encoding::Png, fits + 1, Some(Encoding::LosslessWebp)),
            (Encoding::Png, 2 * fits, Some(Encoding::LosslessWebp)),
            (Encoding::Png, 2 * fits + 1, Some(webp(85))),
            (Encoding::LosslessWebp, fits, None),
            (Encoding::LosslessWebp, fits + 1, Some(webp(85))),
            (Encoding::Jpeg(quality(85)), fits, None),
            (Encoding::Jpeg(quality(85)), fits + 1, Some(webp(85))),
            (webp(85), fits, None),
            (webp(85), fits + 1, Some(webp(50))),
            (webp(85), 2 * fits, Some(webp(50))),
            (webp(85), 2 * fits + 1, None),
            (webp(51), fits + 1, Some(webp(50))),
            (webp(50), fits + 1, None),
            (webp(30), fits + 1, None),
        ] {
            assert_eq!(encoding.fallback(bytes, quality(85)), expected, "{encoding:?} of {bytes} bytes");
        }
    }
}
