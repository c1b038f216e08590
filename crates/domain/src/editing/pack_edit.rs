//! Edits of an image pack: the attributes that they write, and the errors of rejected edits.

use serde_json::{Value, json};

use crate::editing::managed_pack::{LOCATIONS_MAX, ManagedImage, ManagedOriginal, ManagedPack};
use crate::editing::pack_description::{PackDescription, Patch};
use crate::identifier::LocationName;
use crate::image::image_pack::Crop;

#[cfg(test)]
mod tests;

/// One edit of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackEdit {
    /// Change its description.
    Describe(PackDescription),
    /// Show this original at a location, new or not.
    ShowOriginal {
        /// The location.
        location: LocationName,
        /// The original to show.
        original: ManagedOriginal,
    },
    /// Show a part of the original.
    SetCrop {
        /// The location.
        location: LocationName,
        /// The part to show.
        crop: Crop,
    },
    /// Show all of the original.
    RemoveCrop(LocationName),
    /// Remove the image of a location.
    RemoveImage(LocationName),
}

/// The outcome of an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The attributes to set and to remove. Empty: the pack is already as the edit requests.
    pub assignments: Vec<Assignment>,
    /// The key of the original that the pack no longer shows.
    pub released: Option<String>,
}

/// One attribute, as a path that begins with its canonical name, and its new value. An edit writes only the attributes
/// that change, so that attributes of other programs stay in the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    path: Vec<String>,
    value: Option<Value>,
}

impl Assignment {
    /// Sets the attribute at `path`.
    #[must_use]
    pub fn set<const N: usize>(path: [&str; N], value: Value) -> Self {
        Self { path: path.map(ToOwned::to_owned).into(), value: Some(value) }
    }

    /// Removes the attribute at `path`.
    #[must_use]
    pub fn remove<const N: usize>(path: [&str; N]) -> Self {
        Self { path: path.map(ToOwned::to_owned).into(), value: None }
    }

    /// The path, and the value to set or `None` to remove.
    #[must_use]
    pub fn into_parts(self) -> (Vec<String>, Option<Value>) {
        (self.path, self.value)
    }
}

/// The error of a rejected edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The location has no image.
    #[error("the pack has no image at location {location:?}; it has {present}", present = shown(.present))]
    NoImage {
        /// The location of the edit.
        location: String,
        /// The locations that have an image.
        present: Vec<LocationName>,
    },
    /// The main location has no image.
    #[error("mainImageLocation {location:?} has no image; the pack has {present}", present = shown(.present))]
    NoMainImage {
        /// The main location of the edit.
        location: String,
        /// The locations that have an image.
        present: Vec<LocationName>,
    },
    /// The crop has no area.
    #[error("the crop has no area; width and height must be at least 1")]
    EmptyCrop,
    /// The crop reaches beyond its original.
    #[error("the crop reaches beyond the original, which has {width} × {height} pixels")]
    CropOutside {
        /// The original's width in pixels.
        width: u32,
        /// The original's height in pixels.
        height: u32,
    },
    /// The pack has the largest number of images already.
    #[error("the pack has {LOCATIONS_MAX} images, which is the limit; remove one first")]
    TooManyImages,
}

fn shown(present: &[LocationName]) -> String {
    if present.is_empty() {
        return "none".to_owned();
    }
    present.iter().map(LocationName::as_str).collect::<Vec<_>>().join(", ")
}

/// Decides the attributes that `edit` writes into `pack`.
pub fn decide(pack: &ManagedPack, edit: &PackEdit) -> Result<Decision, EditError> {
    match edit {
        PackEdit::Describe(description) => describe(pack, description),
        PackEdit::ShowOriginal { location, original } => show(pack, location, original),
        PackEdit::SetCrop { location, crop } => set_crop(pack, location, *crop),
        PackEdit::RemoveCrop(location) => {
            let is_cropped = image(pack, location)?.crop.is_some();
            let removal = Assignment::remove(["imageLocations", location.as_str(), "crop"]);
            Ok(Decision { assignments: is_cropped.then_some(removal).into_iter().collect(), released: None })
        }
        PackEdit::RemoveImage(location) => remove_image(pack, location),
    }
}

fn describe(pack: &ManagedPack, description: &PackDescription) -> Result<Decision, EditError> {
    let PackDescription { asset_id, title, main_image_location } = description;
    if let Patch::Set(location) = main_image_location
        && !pack.image_locations.contains_key(location)
    {
        let present = pack.image_locations.keys().cloned().collect();
        return Err(EditError::NoMainImage { location: location.to_string(), present });
    }
    let assignments = [
        assignment("assetId", asset_id, |asset_id| asset_id.as_str()),
        assignment("title", title, |title| title.as_str()),
        assignment("mainImageLocation", main_image_location, LocationName::as_str),
    ];
    Ok(Decision { assignments: assignments.into_iter().flatten().collect(), released: None })
}

fn assignment<T>(attribute: &str, patch: &Patch<T>, text: fn(&T) -> &str) -> Option<Assignment> {
    match patch {
        Patch::Keep => None,
        Patch::Remove => Some(Assignment::remove([attribute])),
        Patch::Set(value) => Some(Assignment::set([attribute], json!(text(value)))),
    }
}

/// The first image of a pack becomes its main one. The crop is kept if the new original has the size of the old one,
/// because it then means the same part.
fn show(pack: &ManagedPack, location: &LocationName, original: &ManagedOriginal) -> Result<Decision, EditError> {
    let name = location.as_str();
    if let Some(shown) = pack.image_locations.get(location) {
        if shown.original == *original {
            return Ok(Decision::default());
        }
        let mut assignments = vec![Assignment::set(["imageLocations", name, "original"], json!(original))];
        let keeps_size = original.size().is_some() && original.size() == shown.original.size();
        if shown.crop.is_some() && !keeps_size {
            assignments.push(Assignment::remove(["imageLocations", name, "crop"]));
        }
        return Ok(Decision { assignments, released: Some(shown.original.key.clone()) });
    }
    if pack.image_locations.len() >= LOCATIONS_MAX {
        return Err(EditError::TooManyImages);
    }
    let image = json!({"original": original});
    let assignments = if pack.image_locations.is_empty() {
        let main = Assignment::set(["mainImageLocation"], json!(name));
        // The map itself, since an item that another program wrote may not have it.
        vec![Assignment::set(["imageLocations"], json!({name: image})), main]
    } else {
        vec![Assignment::set(["imageLocations", name], image)]
    };
    Ok(Decision { assignments, released: None })
}

fn set_crop(pack: &ManagedPack, location: &LocationName, crop: Crop) -> Result<Decision, EditError> {
    let original = &image(pack, location)?.original;
    if crop.width == 0 || crop.height == 0 {
        return Err(EditError::EmptyCrop);
    }
    let ends_within = |start: u32, length: u32, whole: u32| u64::from(start) + u64::from(length) <= u64::from(whole);
    if let Some((width, height)) = original.size()
        && !(ends_within(crop.x, crop.width, width) && ends_within(crop.y, crop.height, height))
    {
        return Err(EditError::CropOutside { width, height });
    }
    let assignment = Assignment::set(["imageLocations", location.as_str(), "crop"], json!(crop));
    Ok(Decision { assignments: vec![assignment], released: None })
}

/// A pack whose main image is removed has no main location until an editor sets one.
fn remove_image(pack: &ManagedPack, location: &LocationName) -> Result<Decision, EditError> {
    let released = Some(image(pack, location)?.original.key.clone());
    let mut assignments = vec![Assignment::remove(["imageLocations", location.as_str()])];
    if pack.main_image_location.as_ref() == Some(location) {
        assignments.push(Assignment::remove(["mainImageLocation"]));
    }
    Ok(Decision { assignments, released })
}

fn image<'a>(pack: &'a ManagedPack, location: &LocationName) -> Result<&'a ManagedImage, EditError> {
    pack.image_locations.get(location).ok_or_else(|| EditError::NoImage {
        location: location.to_string(),
        present: pack.image_locations.keys().cloned().collect(),
    })
}
