//! What a pack or a location meant, from which write to which.

use std::collections::BTreeMap;
use std::fmt;

use domain::LocationName;
use domain::image::image_pack::{ImageLocation, ImagePack, LocationConfig};
use domain::image::picture_revision::picture_revision;

use crate::services::cloudfront::Picture;
use crate::services::originals_bucket;

/// What something meant, from which write to which.
#[derive(Debug)]
pub(super) struct History<T> {
    eras: Vec<(u64, u64, T)>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { eras: Vec::new() }
    }
}

/// When something meant the same.
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

/// The picture of a location, or the code of the answer that says why there is none.
pub(super) fn picture_of<'a>(
    pack: Option<&'a ImagePack>,
    location: Option<&LocationName>,
) -> Result<&'a ImageLocation, &'static str> {
    let pack = pack.ok_or("unknown-image-pack")?;
    let location = location.ok_or("no-main-location")?;
    pack.image_locations.get(location).ok_or("unknown-location")
}

/// The revisions that are known, by the version of the original (no two pictures share one), crop and forced revision.
#[derive(Debug, Default)]
pub(super) struct Revisions(BTreeMap<(String, Option<[u32; 4]>, u64), String>);

impl Revisions {
    fn of(&mut self, picture: &ImageLocation, forced_revision: u64) -> &str {
        let crop = picture.crop.map(|crop| [crop.x, crop.y, crop.width, crop.height]);
        let key = (picture.original.version.clone(), crop, forced_revision);
        self.0.entry(key).or_insert_with(|| picture_revision(picture, forced_revision))
    }
}

/// Whether `answer` is the picture, made by one of `configs`: compared by its revision and by its bytes.
pub(super) fn shows(
    answer: &Picture,
    picture: &ImageLocation,
    configs: &[LocationConfig],
    revisions: &mut Revisions,
) -> bool {
    let Some(first) = configs.first() else { return false };
    if answer.status != 200 {
        return false;
    }
    if answer.revision.as_deref() != Some(revisions.of(picture, first.forced_revision)) {
        return false;
    }
    let original = originals_bucket::picture(&picture.original.version);
    configs.iter().any(|config| {
        let rendered = picture::render(original, picture.crop, *config);
        rendered.is_ok_and(|rendered| rendered.bytes == answer.body)
    })
}
