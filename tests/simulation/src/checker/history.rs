//! The meanings of a pack or a location, each with the writes between which it held.

use std::collections::BTreeMap;
use std::fmt;

use domain::LocationName;
use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImageLocation, ImagePack, LocationConfig};

use crate::services::cloudfront::ImageResponse;
use crate::services::originals_bucket;

/// The meanings of one item, each with the writes between which it held.
#[derive(Debug)]
pub(super) struct History<T> {
    eras: Vec<(u64, u64, T)>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { eras: Vec::new() }
    }
}

/// The period in which the meaning was the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Era {
    since: u64,
    replaced_by: Option<u64>,
}

impl<T> History<T> {
    pub(super) fn begin(&mut self, sequence: u64, at_ms: u64, value: T) {
        self.eras.push((sequence, at_ms, value));
    }

    pub(super) fn now(&self) -> Option<&T> {
        self.eras.last().map(|(_, _, value)| value)
    }

    pub(super) fn now_mut(&mut self) -> Option<&mut T> {
        self.eras.last_mut().map(|(_, _, value)| value)
    }

    pub(super) fn last_sequence(&self) -> u64 {
        self.eras.last().map_or(0, |(sequence, _, _)| *sequence)
    }

    /// Whether the meaning of now has held before `at_ms`.
    pub(super) fn is_known_by(&self, at_ms: u64) -> bool
    where
        T: PartialEq,
    {
        self.eras.iter().any(|(_, since_ms, value)| *since_ms <= at_ms && Some(value) == self.now())
    }

    /// Each era, the newest first.
    pub(super) fn eras(&self) -> impl Iterator<Item = (Era, &T)> {
        self.eras.iter().enumerate().rev().map(|(index, (since, _, value))| {
            let replaced_by = self.eras.get(index + 1).map(|(sequence, _, _)| *sequence);
            (Era { since: *since, replaced_by }, value)
        })
    }

    /// The last write that replaced something that `could_be_cached`.
    pub(super) fn last_replaced(&self, could_be_cached: impl Fn(&T) -> bool) -> Option<u64> {
        self.eras().filter(|(_, value)| could_be_cached(value)).find_map(|(era, _)| era.replaced_by)
    }
}

impl Era {
    pub(super) fn is_replaced_by(self, sequence: u64) -> bool {
        self.replaced_by.is_some_and(|replaced_by| replaced_by <= sequence)
    }
}

impl fmt::Display for Era {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "as of write {}", self.since)?;
        self.replaced_by.map_or(Ok(()), |by| write!(formatter, " until write {by}"))
    }
}

/// The image of a location, or the code of the response that says why there is none.
pub(super) fn image_of<'a>(
    pack: Option<&'a ImagePack>,
    location: Option<&LocationName>,
) -> Result<&'a ImageLocation, &'static str> {
    let pack = pack.ok_or("unknown-image-pack")?;
    let location = location.ok_or("no-main-location")?;
    pack.image_locations.get(location).ok_or("unknown-location")
}

/// The fingerprints that are known, by the version of the original (no two images share one), crop and generation.
#[derive(Debug, Default)]
pub(super) struct Fingerprints(BTreeMap<(String, Option<[u32; 4]>, u64), String>);

impl Fingerprints {
    fn of(&mut self, image: &ImageLocation, generation: u64) -> &str {
        let crop = image.crop.map(|crop| [crop.x, crop.y, crop.width, crop.height]);
        let key = (image.original.version.clone(), crop, generation);
        self.0
            .entry(key)
            .or_insert_with(|| fingerprint(image, &LocationConfig { generation, ..LocationConfig::default() }))
    }
}

/// Whether `response` is the image, rendered by one of `configs`: compared by its fingerprint and by its bytes.
pub(super) fn shows(
    response: &ImageResponse,
    image: &ImageLocation,
    configs: &[LocationConfig],
    fingerprints: &mut Fingerprints,
) -> bool {
    let Some(first) = configs.first() else { return false };
    if response.status != 200 {
        return false;
    }
    if response.fingerprint.as_deref() != Some(fingerprints.of(image, first.generation)) {
        return false;
    }
    let original = originals_bucket::image(&image.original.version);
    configs.iter().any(|config| {
        let rendered = imaging::render(original, image.crop, *config);
        rendered.is_ok_and(|rendered| rendered.bytes == response.body)
    })
}
