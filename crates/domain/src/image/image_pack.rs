//! The records of the image-pack table: packs and the configuration of their locations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::identifier::LocationName;
use crate::{null_attribute, schema};

/// One image pack, with the attributes that the delivery of its images needs. Other attributes (`assetId`, title, …)
/// are cosmetic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePack {
    /// The images by location.
    #[serde(default, deserialize_with = "null_attribute::members")]
    pub image_locations: BTreeMap<LocationName, ImageLocation>,
    /// The location that a URL without `location` means.
    pub main_image_location: Option<LocationName>,
}

/// One image of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageLocation {
    /// The image that variants are rendered from.
    pub original: Original,
    /// The part of the original that is shown; all of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
}

/// One version of one object in the originals bucket. Replacing an original in place yields another `version`, so the
/// stream shows the replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// The object's key.
    pub key: String,
    /// The object's S3 version id.
    pub version: String,
}

/// A rectangle of the original, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// The configuration of a location: the rendering of its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationConfig {
    /// Width of the variant in pixels.
    pub width: u32,
    /// Height of the variant in pixels.
    pub height: u32,
    /// The treatment of an original with other proportions.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub fit: Fit,
    /// The encoding of variants.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub format: VariantFormat,
    /// The quality of lossy variants.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub quality: Quality,
    /// The counter that saving with force increments, which purges the location's variants.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub generation: u64,
    /// Changes with each write by the management API. Conditional writes compare it.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub revision: u64,
}

/// The treatment of an original whose proportions are not those of its location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Scale until the image fills the box, and cut off the rest.
    #[default]
    Cover,
    /// Scale until the image fits into the box. The variant may be smaller than the box.
    Fit,
    /// Stretch to the box.
    Fill,
}

/// The encoding of variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VariantFormat {
    /// JPEG for opaque images, PNG for images with transparency.
    #[default]
    Auto,
    /// JPEG, with white behind transparent parts.
    Jpeg,
    /// PNG, lossless.
    Png,
    /// WebP, lossy, with transparency.
    Webp,
}

/// The quality of a lossy variant, from 1 (small) to 100 (large).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Quality(u8);

/// The error of a number that is not a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quality {0} is not valid: allowed are 1 to 100")]
pub struct InvalidQualityError(u8);

impl Quality {
    /// The quality as a number from 1 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// 85: with higher values the file size grows faster than the visible quality.
impl Default for Quality {
    fn default() -> Self {
        Self(85)
    }
}

impl TryFrom<u8> for Quality {
    type Error = InvalidQualityError;

    fn try_from(number: u8) -> Result<Self, InvalidQualityError> {
        if (1..=100).contains(&number) { Ok(Self(number)) } else { Err(InvalidQualityError(number)) }
    }
}

impl PartialSchema for Quality {
    fn schema() -> RefOr<Schema> {
        schema::number(1..=100).into()
    }
}

impl ToSchema for Quality {}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

/// The configuration of a location that has none: full-HD frames, cut to fill.
impl Default for LocationConfig {
    fn default() -> Self {
        Self {
            width: 1920,
            height: 1080,
            fit: Fit::default(),
            format: VariantFormat::default(),
            quality: Quality::default(),
            generation: 0,
            revision: 0,
        }
    }
}
