//! Which writes to the image-pack table are meaningful: the ones after which a viewer could see an old image.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::identifier::{InvalidIdentifier, TenantId};
use crate::target::{InvalidTarget, Target};

/// The attributes of one item as DynamoDB writes them: `{"title": {"S": "Evening news"}}`. Compared in this form every
/// change shows: plain JSON has no binary values, and its numbers lose digits that DynamoDB's have.
pub type StreamImage = Map<String, Value>;

/// One record of the table's stream: the item's keys and its images before and after the write.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The item's key attributes, `tenant` and `entity`, as plain strings.
    pub keys: StreamImage,
    /// The item before the write; `None` for a new item.
    pub old: Option<StreamImage>,
    /// The item after the write; `None` for a removed item.
    pub new: Option<StreamImage>,
}

/// A meaningful write: what to purge and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose images.
    pub tenant: TenantId,
    /// Which of them.
    pub target: Target,
    /// Why, at least one reason.
    pub reasons: Vec<Reason>,
}

/// Why something is purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// `imageLocations` differs: an original replaced, a crop moved, a location added or removed.
    ImageLocationsChanged,
    /// `mainImageLocation` differs: a URL without `location` now means another image.
    MainImageLocationChanged,
    /// The pack is gone.
    PackRemoved,
    /// A location's configuration was saved with force.
    LocationForced,
    /// An admin requested it.
    Manual,
    /// It may have changed while the stream did not work.
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

/// Why a stream record cannot be read. It belongs into the dead-letter queue: nobody knows what it should purge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRecord {
    /// A key attribute is missing or not a string.
    #[error("the record's key attribute {0:?} is missing or not a string")]
    Key(&'static str),
    /// The tenant is not an identifier.
    #[error(transparent)]
    Tenant(#[from] InvalidIdentifier),
    /// The entity is neither a pack nor a location.
    #[error(transparent)]
    Entity(#[from] InvalidTarget),
    /// An entity that only the queue knows.
    #[error("the record's entity is {0:?}; the image-pack table holds pack#<imagePackId> and location#<name>")]
    NotInThisTable(String),
    /// Neither image is there.
    #[error("the record has neither an old nor a new image; the stream's view type must be NEW_AND_OLD_IMAGES")]
    NoImages,
}

/// Decides whether a write is meaningful, by comparing the item before and after it. `None`: it is not.
///
/// Attributes that this function does not name are cosmetic. A new pack is not meaningful, since no cache can hold it;
/// neither is the first image of a pack that had none, for the same reason; neither is a location's configuration saved
/// without force, which applies to variants rendered from then on.
pub fn detect_change(record: &Record) -> Result<Option<Change>, MalformedRecord> {
    let key = |name| record.keys.get(name).and_then(Value::as_str).ok_or(MalformedRecord::Key(name));
    let target = match Target::parse(key("entity")?) {
        // A table that existed before may hold other records too, which no image depends on.
        Err(InvalidTarget::UnknownKind(_)) => return Ok(None),
        target => target?,
    };
    let tenant = TenantId::parse(key("tenant")?)?;
    if record.old.is_none() && record.new.is_none() {
        return Err(MalformedRecord::NoImages);
    }
    let differs = |attribute| before(record, attribute) != after(record, attribute);

    let mut reasons = Vec::new();
    match (&target, &record.old, &record.new) {
        (Target::Tenant, _, _) => return Err(MalformedRecord::NotInThisTable(target.to_string())),
        (Target::Location(_), _, _) => {
            // A configuration that was never forced has generation 0, whether it says so or not.
            let generation = |value: Option<&Value>| value.cloned().unwrap_or_else(|| json!({"N": "0"}));
            if generation(before(record, "generation")) != generation(after(record, "generation")) {
                reasons.push(Reason::LocationForced);
            }
        }
        (Target::Pack(_), None, _) => {}
        (Target::Pack(_), Some(old), _) if !shows_images(old) => {}
        (Target::Pack(_), Some(_), None) => reasons.push(Reason::PackRemoved),
        (Target::Pack(_), Some(_), Some(_)) => {
            if differs("imageLocations") {
                reasons.push(Reason::ImageLocationsChanged);
            }
            if differs("mainImageLocation") {
                reasons.push(Reason::MainImageLocationChanged);
            }
        }
    }
    Ok((!reasons.is_empty()).then_some(Change { tenant, target, reasons }))
}

/// Whether a pack shows any image. Images in a form that nobody knows count as images.
fn shows_images(pack: &StreamImage) -> bool {
    match pack.get("imageLocations") {
        None => false,
        Some(locations) => locations["M"].as_object().is_none_or(|locations| !locations.is_empty()),
    }
}

fn before<'a>(record: &'a Record, attribute: &str) -> Option<&'a Value> {
    record.old.as_ref()?.get(attribute)
}

fn after<'a>(record: &'a Record, attribute: &str) -> Option<&'a Value> {
    record.new.as_ref()?.get(attribute)
}

#[cfg(test)]
mod tests {
    use super::Reason::{ImageLocationsChanged, LocationForced, MainImageLocationChanged, PackRemoved};
    use super::*;

    fn image(value: Value) -> Option<StreamImage> {
        match value {
            Value::Object(image) => Some(image),
            _ => None,
        }
    }

    fn record(entity: &Value, old: Value, new: Value) -> Record {
        Record { keys: image(json!({"tenant": "acme", "entity": entity})).unwrap(), old: image(old), new: image(new) }
    }

    /// `Value::Null` stands for "no image".
    fn check(entity: &str, old: Value, new: Value, expected: &[Reason]) {
        let change = detect_change(&record(&json!(entity), old, new)).expect("a readable record");
        assert_eq!(change.as_ref().map_or(&[][..], |change| &change.reasons), expected);
        if let Some(change) = change {
            assert_eq!((change.tenant.as_str(), change.target.to_string().as_str()), ("acme", entity));
        }
    }

    fn pack() -> Value {
        json!({
            "imageLocations": {"main": {"original": {"key": "acme/p1/main", "version": "v1"}}},
            "mainImageLocation": "main",
            "assetId": "a1",
            "title": "Evening news",
        })
    }

    /// The pack after `edit`.
    fn edited(edit: impl FnOnce(&mut Value)) -> Value {
        let mut pack = pack();
        edit(&mut pack);
        pack
    }

    #[test]
    fn an_original_replaced_in_place_is_meaningful() {
        let new = edited(|pack| pack["imageLocations"]["main"]["original"]["version"] = json!("v2"));
        check("pack#p1", pack(), new, &[ImageLocationsChanged]);
    }

    #[test]
    fn a_crop_set_moved_or_removed_is_meaningful() {
        let crop = |x: u32| {
            edited(|pack| pack["imageLocations"]["main"]["crop"] = json!({"x": x, "y": 0, "width": 10, "height": 10}))
        };
        check("pack#p1", pack(), crop(0), &[ImageLocationsChanged]);
        check("pack#p1", crop(0), crop(1), &[ImageLocationsChanged]);
        check("pack#p1", crop(1), pack(), &[ImageLocationsChanged]);
    }

    #[test]
    fn a_location_added_or_removed_is_meaningful() {
        let added = edited(|pack| pack["imageLocations"]["poster"] = json!({"original": {"key": "k", "version": "1"}}));
        check("pack#p1", pack(), added.clone(), &[ImageLocationsChanged]);
        check("pack#p1", added, pack(), &[ImageLocationsChanged]);
        let none = edited(|pack| pack["imageLocations"] = json!({}));
        check("pack#p1", pack(), none, &[ImageLocationsChanged]);
    }

    #[test]
    fn another_main_image_location_is_meaningful() {
        let new = edited(|pack| pack["mainImageLocation"] = json!("poster"));
        check("pack#p1", pack(), new, &[MainImageLocationChanged]);
    }

    #[test]
    fn both_at_once_are_both_reasons() {
        let new = edited(|pack| {
            pack["mainImageLocation"] = json!("poster");
            pack["imageLocations"] = json!({});
        });
        check("pack#p1", pack(), new, &[ImageLocationsChanged, MainImageLocationChanged]);
    }

    #[test]
    fn a_removed_pack_is_meaningful() {
        check("pack#p1", pack(), Value::Null, &[PackRemoved]);
    }

    #[test]
    fn nothing_that_happens_to_a_pack_without_images_is_meaningful() {
        for nothing in [json!({}), json!({"title": {"S": "new"}}), json!({"imageLocations": {"M": {}}})] {
            let first = json!({"imageLocations": {"M": {"main": {"M": {}}}}, "mainImageLocation": {"S": "main"}});
            check("pack#p1", nothing.clone(), first, &[]);
            check("pack#p1", nothing, Value::Null, &[]);
        }
        let unknown = json!({"imageLocations": {"L": []}});
        check("pack#p1", unknown, Value::Null, &[PackRemoved]);
    }

    #[test]
    fn a_new_pack_is_not_meaningful() {
        check("pack#p1", Value::Null, pack(), &[]);
    }

    #[test]
    fn cosmetic_attributes_are_not_meaningful() {
        for attribute in ["assetId", "title", "updatedAt", "anythingElse"] {
            check("pack#p1", pack(), edited(|pack| pack[attribute] = json!("new")), &[]);
        }
        check("pack#p1", pack(), pack(), &[]);
    }

    #[test]
    fn the_order_of_attributes_is_not_meaningful() {
        let old = json!({"imageLocations": {"main": {"original": {"key": "k", "version": "1"}}}});
        let new = json!({"imageLocations": {"main": {"original": {"version": "1", "key": "k"}}}});
        check("pack#p1", old, new, &[]);
    }

    #[test]
    fn a_location_config_is_meaningful_only_with_force() {
        let config = |width: &str, forced: &str| json!({"width": {"N": width}, "generation": {"N": forced}});
        check("location#main", config("16", "1"), config("32", "1"), &[]);
        check("location#main", config("16", "1"), config("16", "2"), &[LocationForced]);
        check("location#main", json!({"width": {"N": "16"}}), json!({"width": {"N": "32"}}), &[]);
        check("location#main", json!({"width": {"N": "16"}}), config("16", "1"), &[LocationForced]);
        check("location#main", Value::Null, json!({"width": {"N": "16"}}), &[]);
        check("location#main", Value::Null, config("16", "0"), &[]);
        check("location#main", json!({"width": {"N": "16"}}), config("16", "0"), &[]);
        check("location#main", Value::Null, config("16", "1"), &[LocationForced]);
    }

    #[test]
    fn a_record_of_something_else_is_not_meaningful() {
        for entity in ["asset#1", "user#7", "PACK#p1", "packs", ""] {
            check(entity, pack(), Value::Null, &[]);
        }
        let mut foreign = record(&json!("order#9"), pack(), Value::Null);
        foreign.keys.insert("tenant".to_owned(), json!("Acme Corp."));
        assert_eq!(detect_change(&foreign), Ok(None));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_malformed() {
        let check = |record: Record, expected: &str| {
            let message = detect_change(&record).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        check(record(&json!(null), pack(), pack()), "\"entity\" is missing");
        check(record(&json!(7), pack(), pack()), "\"entity\" is missing or not a string");
        check(record(&json!("pack#*"), pack(), pack()), "image pack id \"*\" is not valid");
        check(record(&json!("tenant"), pack(), pack()), "the image-pack table holds");
        check(record(&json!("pack#p1"), Value::Null, Value::Null), "NEW_AND_OLD_IMAGES");
        let mut no_tenant = record(&json!("pack#p1"), pack(), pack());
        no_tenant.keys.remove("tenant");
        check(no_tenant, "\"tenant\" is missing");
    }
}
