//! Sample originals, each of another colour.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use local_cloud::cause::Cause;

/// Size of a sample image in pixels.
pub(super) const SIZE: (u32, u32) = (1200, 800);
/// JPEG quality, as editors export images.
const JPEG_QUALITY: u8 = 88;
/// The step between hues, in turns: the golden ratio's fraction keeps successive hues furthest apart.
const GOLDEN: f32 = 0.618_034;
/// The hills from back to front: height, waviness, waves across the image, lightness.
const HILLS: [(f32, f32, f32, f32); 3] = [(0.56, 0.09, 1.3, 0.50), (0.70, 0.07, 2.1, 0.38), (0.84, 0.05, 3.2, 0.26)];
/// The sun's radius, in heights of the image.
const SUN_RADIUS: f32 = 0.11;

/// The sample image `number`, as JPEG, with details everywhere to recognise a crop.
#[expect(clippy::cast_precision_loss, reason = "an image's side is far below 2^23 pixels, a number of clicks too")]
pub(super) fn sample_image(number: u32) -> Result<Vec<u8>, Cause> {
    let (width, height) = (SIZE.0 as f32, SIZE.1 as f32);
    let hue = (0.58 + number as f32 * GOLDEN).fract();
    let sun = (width / height * (0.2 + 0.6 * (number as f32 * GOLDEN * GOLDEN).fract()), 0.28);
    let sky: Vec<_> = (0..SIZE.1).map(|y| rgb(hue, 0.62, 0.62 + 0.28 * y as f32 / height)).collect();
    let hills = HILLS.map(|(_, _, _, lightness)| rgb(hue + 0.04, 0.48, lightness));
    let crests: Vec<_> = (0..SIZE.0).map(|x| crests(x as f32 / width, number as f32)).collect();

    let image = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (across, down) = (x as f32 / height, y as f32 / height);
        let nearest = crests[x as usize].iter().rposition(|crest| down > *crest);
        match nearest {
            Some(hill) => hills[hill],
            None if (across - sun.0).hypot(down - sun.1) < SUN_RADIUS => rgb(hue + 0.5, 0.85, 0.72),
            None => sky[y as usize],
        }
    });
    let mut bytes = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    Ok(bytes)
}

/// The top of each hill at `x`, both in parts of the image.
fn crests(x: f32, number: f32) -> [f32; 3] {
    HILLS.map(|(height, waviness, waves, _)| height + waviness * ((x * waves + number * GOLDEN) * 6.3).sin())
}

/// A colour by its hue (in turns), saturation and lightness.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a channel is from 0 to 255")]
fn rgb(hue: f32, saturation: f32, lightness: f32) -> Rgb<u8> {
    let amplitude = saturation * lightness.min(1.0 - lightness);
    Rgb([0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + hue * 12.0) % 12.0;
        let channel = lightness - amplitude * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (channel.clamp(0.0, 1.0) * 255.0) as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_image_is_a_jpeg_of_its_size_and_differs_from_earlier_ones() {
        let sample_images: Vec<_> = (0..4).map(|number| sample_image(number).unwrap()).collect();
        for (number, bytes) in sample_images.iter().enumerate() {
            let image = image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg).unwrap();
            assert_eq!((image.width(), image.height()), SIZE);
            assert!(sample_images[..number].iter().all(|before| before != bytes));
        }
    }
}
