//! Change detection: a write to the image-pack table is meaningful if a viewer could see an old image after it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::attribute_names::AttributeNames;
use crate::change::attribute_value::{AttributeValue, Attributes, Number};
use crate::identifier::TenantId;
use crate::target::Target;

/// An item of the image-pack table before or after a write.
pub type StreamImage = Attributes;

/// One record of the table's stream: the item and its images before and after the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The item's tenant.
    pub tenant: TenantId,
    /// The pack or location configuration that the item is.
    pub target: Target,
    /// The item before the write; `None` for a new item.
    pub old: Option<StreamImage>,
    /// The item after the write; `None` for a removed item.
    pub new: Option<StreamImage>,
}

/// A meaningful write: the target to purge and the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The target to purge.
    pub target: Target,
    /// The reasons, at least one.
    pub reasons: Vec<Reason>,
}

/// The reason for a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// `imageLocations` differs: an original replaced, a crop moved, a location added or removed.
    ImageLocationsChanged,
    /// `mainImageLocation` differs: a URL without `location` now means another image.
    MainImageLocationChanged,
    /// The pack was removed.
    PackRemoved,
    /// The pack shows its first image, and its tenant's distribution may still have the error of before in its cache.
    FirstImage,
    /// A location's configuration was saved with force.
    LocationForced,
    /// An admin requested it.
    Manual,
    /// The target may have changed while the stream lost records.
    Resync,
}

impl Reason {
    /// The reason's name in the queue, the ledger and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImageLocationsChanged => "image-locations-changed",
            Self::MainImageLocationChanged => "main-image-location-changed",
            Self::PackRemoved => "pack-removed",
            Self::FirstImage => "first-image",
            Self::LocationForced => "location-forced",
            Self::Manual => "manual",
            Self::Resync => "resync",
        }
    }
}

/// The error of a record without images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record has neither an old nor a new image; the stream's view type must be NEW_AND_OLD_IMAGES")]
pub struct NoImagesError;

/// Decides whether a write is meaningful, by comparing the item before and after it. `None`: it is not.
///
/// Not meaningful are: a new pack and the first image of a pack that had none, because no cache can hold them; and a
/// location's configuration saved without force, which applies to variants rendered later.
///
/// The first image is meaningful for the tenants `with_existing_distribution`: how long such a distribution caches the
/// error that it got before is its owner's configuration.
pub fn detect_change(
    record: &Record,
    with_existing_distribution: &BTreeSet<TenantId>,
) -> Result<Option<Change>, NoImagesError> {
    let Record { tenant, target, old, new } = record;
    if old.is_none() && new.is_none() {
        return Err(NoImagesError);
    }
    let names = AttributeNames::default();
    let shows_images = |pack: &Option<StreamImage>| pack.as_ref().is_some_and(|pack| shows_images(pack, &names));
    let reasons = match target {
        Target::Pack(_) if !shows_images(old) => {
            let is_meaningful = shows_images(new) && with_existing_distribution.contains(tenant);
            is_meaningful.then_some(Reason::FirstImage).into_iter().collect()
        }
        Target::Pack(_) if new.is_none() => vec![Reason::PackRemoved],
        _ => {
            let differs = |compared: &Compared<'_>| compared.value(old.as_ref()) != compared.value(new.as_ref());
            let compared = compared(target, &names);
            compared.iter().filter(|compared| differs(compared)).map(|compared| compared.reason).collect()
        }
    };
    let change = |reasons| Change { tenant: tenant.clone(), target: target.clone(), reasons };
    Ok((!reasons.is_empty()).then(|| change(reasons)))
}

/// An attribute that a write changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Touched {
    /// Its canonical name.
    pub attribute: String,
    /// Whether viewers can see it, so that detection compares it.
    pub is_visible: bool,
}

/// The attributes that a write changed, sorted by name. A pack that was created or removed changed all of its own.
#[must_use]
pub fn touched(record: &Record) -> Vec<Touched> {
    let names = AttributeNames::default();
    let compared: Vec<_> = compared(&record.target, &names).iter().map(|compared| compared.name).collect();
    let images = [&record.old, &record.new];
    let written: BTreeSet<_> = images.into_iter().flatten().flat_map(StreamImage::names).collect();
    let value = |image: &Option<StreamImage>, name| image.as_ref().and_then(|image| image.get(name)).cloned();
    let changed = written.into_iter().filter(|&name| value(&record.old, name) != value(&record.new, name));
    changed.map(|name| Touched { attribute: name.to_owned(), is_visible: compared.contains(&name) }).collect()
}

/// An attribute that is compared.
struct Compared<'a> {
    name: &'a str,
    /// The reason to purge if it differs.
    reason: Reason,
    /// The value that an item without the attribute has.
    default: Option<AttributeValue>,
}

impl Compared<'_> {
    fn value<'a>(&'a self, image: Option<&'a StreamImage>) -> Option<&'a AttributeValue> {
        image.and_then(|image| image.get(self.name)).or(self.default.as_ref())
    }
}

/// The attributes of `target` that are compared. A new field of [`AttributeNames`] does not compile here until it is
/// decided whether a write of it is meaningful.
fn compared<'a>(target: &Target, names: &'a AttributeNames) -> Vec<Compared<'a>> {
    let AttributeNames {
        // Meaningful.
        image_locations,
        main_image_location,
        generation,
        // The primary key, which no write changes.
        tenant: _,
        entity: _,
        // Cosmetic: no viewer sees them. So are all attributes that the pipeline does not name.
        revision: _,
        updated_at: _,
        updated_by: _,
        asset_id: _,
        title: _,
    } = names;
    match target {
        Target::Pack(_) => vec![
            Compared { name: image_locations, reason: Reason::ImageLocationsChanged, default: None },
            Compared { name: main_image_location, reason: Reason::MainImageLocationChanged, default: None },
        ],
        // A configuration that was never forced has generation 0.
        Target::Location(_) => {
            let default = Some(AttributeValue::N(Number::ZERO));
            vec![Compared { name: generation, reason: Reason::LocationForced, default }]
        }
        Target::Tenant => Vec::new(),
    }
}

/// Whether a pack shows any image. Images in an unknown form count as images.
fn shows_images(pack: &StreamImage, names: &AttributeNames) -> bool {
    match pack.get(&names.image_locations) {
        None => false,
        Some(AttributeValue::M(locations)) => !locations.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests;
