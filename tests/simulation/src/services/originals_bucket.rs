//! The bucket of originals: every version of every object, for ever.

use std::io::Cursor;
use std::sync::LazyLock;

use delivery::ports::{FoundOriginal, Originals};
use domain::image::image_pack::Original;
use image::{ImageFormat, Rgb, RgbImage};
use purging::ports::CallError;

use crate::lambda::Instance;

/// The number of different images.
const IMAGES: u8 = 64;

/// Images of 2 × 2 pixels, each pixel of another colour, so that a crop shows.
static IMAGES_PNG: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| (0..IMAGES).map(png).collect());

fn png(number: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(2, 2, |x, y| {
        let pixel = u8::try_from(2 * y + x).unwrap_or_default();
        Rgb([number * 4, pixel * 60, 255 - number])
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("an image of four pixels is encoded");
    bytes.into_inner()
}

/// The image that is version `version` (a number) of any original. Versions that follow each other differ.
pub(crate) fn image(version: &str) -> &'static [u8] {
    let number: usize = version.parse().unwrap_or_default();
    &IMAGES_PNG[number % usize::from(IMAGES)]
}

impl Originals for Instance {
    async fn read(&self, original: &Original) -> Result<FoundOriginal, CallError> {
        let Original { key, version } = original.clone();
        self.call(format!("reads original {key} version {version}"), move |_| {
            FoundOriginal::Bytes(image(&version).to_vec())
        })
        .await
    }
}
