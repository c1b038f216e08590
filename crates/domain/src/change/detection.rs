//! Change detection: a write to the image-pack table is meaningful if a viewer could see an old image after it.

use serde::{Deserialize, Serialize};

use crate::attribute_names::AttributeNames;
use crate::change::attribute_value::{AttributeValue, Attributes, Number};
use crate::identifier::{InvalidIdentifierError, TenantId};
use crate::target::{InvalidTargetError, Target};

/// An item of the image-pack table before or after a write.
pub type StreamImage = Attributes;

/// One record of the table's stream: the item's keys and its images before and after the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The item's key attributes, `tenant` and `entity`.
    pub keys: Attributes,
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
            Self::LocationForced => "location-forced",
            Self::Manual => "manual",
            Self::Resync => "resync",
        }
    }
}

/// The error of a stream record that cannot be read. Its target is unknown, so the record belongs into the dead-letter
/// queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRecordError {
    /// A key attribute is missing or not a string.
    #[error("the record's key attribute {0:?} is missing or not a string")]
    Key(String),
    /// The tenant is not an identifier.
    #[error(transparent)]
    Tenant(#[from] InvalidIdentifierError),
    /// The entity is neither a pack nor a location.
    #[error(transparent)]
    Entity(#[from] InvalidTargetError),
    /// The entity is a target that only the queue has.
    #[error("the record's entity is {0:?}; the image-pack table holds pack#<imagePackId> and location#<name>")]
    NotInThisTable(String),
    /// Both images are missing.
    #[error("the record has neither an old nor a new image; the stream's view type must be NEW_AND_OLD_IMAGES")]
    NoImages,
}

/// Decides whether a write is meaningful, by comparing the item before and after it. `None`: it is not.
///
/// Not meaningful are: a new pack and the first image of a pack that had none, because no cache can hold them; and a
/// location's configuration saved without force, which applies to variants rendered later.
pub fn detect_change(record: &Record) -> Result<Option<Change>, MalformedRecordError> {
    let names = AttributeNames::default();
    let key = |name: &str| record.keys.text(name).ok_or_else(|| MalformedRecordError::Key(name.to_owned()));
    let target = match Target::parse(key(&names.entity)?) {
        // The table of an existing installation may hold other records, which no image depends on.
        Err(InvalidTargetError::UnknownKind(_)) => return Ok(None),
        target => target?,
    };
    let tenant = TenantId::parse(key(&names.tenant)?)?;
    let reasons = match (&target, &record.old, &record.new) {
        (_, None, None) => return Err(MalformedRecordError::NoImages),
        (Target::Tenant, _, _) => return Err(MalformedRecordError::NotInThisTable(target.to_string())),
        (Target::Pack(_), None, _) => Vec::new(),
        (Target::Pack(_), Some(old), _) if !shows_images(old, &names) => Vec::new(),
        (Target::Pack(_), Some(_), None) => vec![Reason::PackRemoved],
        (Target::Pack(_) | Target::Location(_), old, new) => {
            let differs = |compared: &Compared<'_>| compared.value(old.as_ref()) != compared.value(new.as_ref());
            compared(&target, &names)
                .iter()
                .filter(|compared| differs(compared))
                .map(|compared| compared.reason)
                .collect()
        }
    };
    Ok((!reasons.is_empty()).then_some(Change { tenant, target, reasons }))
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
