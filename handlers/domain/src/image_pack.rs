//! What the image-pack table holds: packs and the configuration of their locations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identifier::LocationName;

/// One image pack, as far as delivering its pictures needs it. Other attributes (`assetId`, title, …) are cosmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePack {
    /// The pictures by location.
    #[serde(default)]
    pub image_locations: BTreeMap<LocationName, ImageLocation>,
    /// The location that a URL without `location` means.
    pub main_image_location: Option<LocationName>,
}

/// One picture of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageLocation {
    /// The picture that variants are made from.
    pub original: Original,
    /// The part of the original that is shown; all of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
}

/// One version of one object in the originals bucket. Replacing an original in place yields another `version`, which
/// is how the stream shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// The object's key.
    pub key: String,
    /// The object's S3 version id.
    pub version: String,
}

/// A rectangle of the original, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crop {
    /// Pixels from the left edge.
    pub x: u32,
    /// Pixels from the upper edge.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// How a location's variants are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationConfig {
    /// Width of the variant in pixels.
    pub width: u32,
    /// Height of the variant in pixels.
    pub height: u32,
    /// What happens when the original's proportions are others.
    #[serde(default)]
    pub fit: Fit,
}

/// What happens when an original's proportions are not those of its location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Scale until the box is filled, cut off what stands over.
    #[default]
    Cover,
    /// Scale until the picture fits into the box; the variant may be smaller than the box.
    Fit,
    /// Stretch to the box.
    Fill,
}

/// A location that has no configuration gets full-HD frames, cut to fill.
impl Default for LocationConfig {
    fn default() -> Self {
        Self { width: 1920, height: 1080, fit: Fit::Cover }
    }
}
