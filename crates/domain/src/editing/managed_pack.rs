//! An image pack as its editors see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identifier::LocationName;
use crate::image::image_pack::Crop;
use crate::null_attribute;

/// The largest number of images of one pack: its item stays far below DynamoDB's limit of 400 KB ("Service quotas",
/// developer guide), and reading it stays cheap.
pub const LOCATIONS_MAX: usize = 50;

/// One image pack. Its item in the table may have other attributes; the management API neither shows nor changes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedPack {
    /// Grows by one with each write of the management API; 0 for a pack that another program wrote.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub revision: u64,
    /// The asset that the pack belongs to, in a system of its editors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// The title of the pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The location that a URL without `location` means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_image_location: Option<LocationName>,
    /// The images by location.
    #[serde(default, deserialize_with = "null_attribute::members")]
    pub image_locations: BTreeMap<LocationName, ManagedImage>,
}

/// One image of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Image)]
pub struct ManagedImage {
    /// The image that variants are rendered from.
    pub original: ManagedOriginal,
    /// The part of it that is shown; all of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
}

/// An original and its properties, as they were found when it was stored. An original that another program wrote has
/// only key and version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Original)]
pub struct ManagedOriginal {
    /// Its key in the originals bucket.
    pub key: String,
    /// Its S3 version id.
    pub version: String,
    /// Its media type, by its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its width in pixels, after its orientation is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its height in pixels, after its orientation is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The upload that stored it, so that a repeated confirmation is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<String>,
}

impl ManagedOriginal {
    /// Width and height in pixels after the orientation is applied. `None`: unknown.
    #[must_use]
    pub fn size(&self) -> Option<(u32, u32)> {
        Some((self.width?, self.height?))
    }
}
