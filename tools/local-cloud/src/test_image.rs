//! Test images with a named colour: generated for editors, recognised for viewers.

use std::fmt;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::cause::Cause;

/// The usual size of an original in pixels.
pub const ORIGINAL_SIZE: (u32, u32) = (1600, 1200);

/// JPEG quality of the originals, as cameras and editors export them.
const JPEG_QUALITY: u8 = 88;
/// The amplitude of the gradient, of 255.
const GRADIENT: f32 = 36.0;
/// The amplitude of the grain, of 255.
const GRAIN: i16 = 12;

/// The colours: different enough to survive a resize and JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Brick red.
    Red,
    /// Grass green.
    Green,
    /// Sea blue.
    Blue,
    /// Amber yellow.
    Amber,
}

impl Colour {
    /// Every colour.
    pub const ALL: [Self; 4] = [Self::Red, Self::Green, Self::Blue, Self::Amber];

    fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [190, 50, 50],
            Self::Green => [50, 150, 70],
            Self::Blue => [50, 80, 190],
            Self::Amber => [215, 170, 50],
        }
    }

    fn nearest(pixel: Rgb<u8>) -> Self {
        let distance = |colour: &Self| -> u32 {
            let channels = colour.rgb().into_iter().zip(pixel.0);
            channels.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
        };
        // `ALL` is not empty.
        Self::ALL.into_iter().min_by_key(distance).unwrap_or(Self::Red)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// The format of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
}

impl Encoding {
    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// The properties of a recognised image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognised {
    /// The colour that most of its pixels are nearest to.
    pub colour: Colour,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// An image like a photograph, `width` by `height` pixels: a gradient around `colour` with grain on it.
///
/// The same `seed` generates the same image, another seed other bytes of the same colour.
pub fn photograph(colour: Colour, size: (u32, u32), encoding: Encoding, seed: u32) -> Result<Vec<u8>, Cause> {
    photograph_of(|_| colour, size, encoding, seed)
}

/// The same with a colour for each column of pixels.
pub fn photograph_of(
    colour_at: impl Fn(u32) -> Colour,
    (width, height): (u32, u32),
    encoding: Encoding,
    seed: u32,
) -> Result<Vec<u8>, Cause> {
    let mut grain = Grain(seed);
    #[expect(clippy::cast_precision_loss, reason = "an image's side is far below 2^23 pixels")]
    let image = RgbImage::from_fn(width, height, |x, y| {
        let light = (x as f32 / width as f32 + y as f32 / height as f32 - 1.0) * GRADIENT;
        Rgb(colour_at(x).rgb().map(|channel| grain.over(f32::from(channel) + light)))
    });
    let image = DynamicImage::ImageRgb8(image);
    let mut bytes = Vec::new();
    match encoding {
        Encoding::Jpeg => {
            image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        }
        Encoding::Png => image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?,
    }
    Ok(bytes)
}

/// Decodes an image of any format and finds the colour that most of its pixels are nearest to.
pub fn recognise(bytes: &[u8]) -> Result<Recognised, Cause> {
    let image = image::load_from_memory(bytes)?.into_rgb8();
    let mut counts = Colour::ALL.map(|colour| (0, colour));
    for &pixel in image.pixels() {
        let nearest = Colour::nearest(pixel);
        counts.iter_mut().filter(|(_, colour)| *colour == nearest).for_each(|(count, _)| *count += 1);
    }
    let pixels = image.pixels().len();
    let (_, colour) = counts
        .into_iter()
        .find(|&(count, _)| count > pixels / 2)
        .ok_or_else(|| format!("no colour has most of the {pixels} pixels"))?;
    Ok(Recognised { colour, width: image.width(), height: image.height() })
}

/// Film grain: a linear congruential generator with the constants of Numerical Recipes.
struct Grain(u32);

impl Grain {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is clamped to a byte")]
    fn over(&mut self, channel: f32) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let spread = f32::from(GRAIN) * 2.0 + 1.0;
        let grain = f32::from((self.0 >> 24) as u8) / 256.0 * spread - f32::from(GRAIN);
        (channel + grain).clamp(0.0, 255.0) as u8
    }
}
