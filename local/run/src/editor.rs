//! What the image management API does when an editor works: originals into the bucket, records into the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use domain::Target;
use domain::image_pack::{Crop, ImageLocation, LocationConfig, Original};
use domain::{ImagePackId, LocationName, TenantId};
use serde::Serialize;

use crate::clients::Clients;
use crate::picture::Encoding;

/// Somebody who puts pictures into packs.
#[derive(Debug, Clone)]
pub struct Editor {
    /// The AWS clients.
    pub clients: Clients,
    /// The image-pack table's name.
    pub image_pack_table: String,
    /// The name of the versioned bucket of originals.
    pub originals_bucket: String,
}

/// A picture's place: one location of one pack of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose picture.
    pub tenant: TenantId,
    /// The pack.
    pub image_pack: ImagePackId,
    /// The location in the pack.
    pub location: LocationName,
}

/// A picture to upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// How it is encoded.
    pub encoding: Encoding,
}

/// An edit that was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// The original did not get into the bucket.
    #[error("the original {key} could not be uploaded to {bucket}")]
    Upload {
        /// The object's key.
        key: String,
        /// The bucket.
        bucket: String,
        /// Why.
        source: Box<aws_sdk_s3::Error>,
    },
    /// The bucket keeps no versions, so a replaced original would look unchanged.
    #[error("{0} answered an upload without a version id; versioning must be on")]
    NotVersioned(String),
    /// The record was not written; a failed condition says that it exists already, or does not exist yet.
    #[error("the record {entity} of {tenant} could not be written")]
    Write {
        /// Whose record.
        tenant: TenantId,
        /// The record's sort key.
        entity: Target,
        /// Why.
        source: Box<aws_sdk_dynamodb::Error>,
    },
    /// A value that DynamoDB has no type for.
    #[error("a value could not be turned into a DynamoDB attribute")]
    Attribute(#[from] serde_dynamo::Error),
}

/// The record of a new pack with one picture.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewPack<'a> {
    tenant: &'a TenantId,
    entity: Target,
    image_locations: HashMap<&'a LocationName, ImageLocation>,
    main_image_location: &'a LocationName,
    asset_id: &'a str,
    title: &'a str,
}

/// The record of a location's configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationRecord<'a> {
    tenant: &'a TenantId,
    entity: Target,
    #[serde(flatten)]
    config: LocationConfig,
    forced_revision: u64,
}

impl Editor {
    /// Saves how a location's variants are made, without force.
    pub async fn configure_location(
        &self,
        tenant: &TenantId,
        location: &LocationName,
        config: LocationConfig,
    ) -> Result<(), EditorError> {
        let entity = Target::Location(location.clone());
        let record = LocationRecord { tenant, entity: entity.clone(), config, forced_revision: 0 };
        let put = self.clients.dynamodb.put_item().table_name(&self.image_pack_table);
        let put = put.set_item(Some(serde_dynamo::to_item(record)?)).send().await;
        put.map(drop).map_err(|error| not_written(tenant, entity, error.into()))
    }

    /// Makes a pack whose main picture is `upload`. An existing pack is left alone, which is an error.
    pub async fn create_pack(&self, place: &Place, title: &str, upload: Upload) -> Result<(), EditorError> {
        let original = self.upload(place, upload).await?;
        let record = NewPack {
            tenant: &place.tenant,
            entity: place.entity(),
            image_locations: HashMap::from([(&place.location, ImageLocation { original, crop: None })]),
            main_image_location: &place.location,
            asset_id: "asset-1",
            title,
        };
        let put = self.clients.dynamodb.put_item().table_name(&self.image_pack_table);
        let put = put
            .set_item(Some(serde_dynamo::to_item(record)?))
            .condition_expression("attribute_not_exists(entity)")
            .send()
            .await;
        put.map(drop).map_err(|error| not_written(&place.tenant, place.entity(), error.into()))
    }

    /// Uploads another original for a picture and lets the pack refer to it.
    pub async fn replace_original(&self, place: &Place, upload: Upload) -> Result<(), EditorError> {
        let original = self.upload(place, upload).await?;
        self.update(place, "SET imageLocations.#location.original = :value", original).await
    }

    /// Moves the part of the original that is shown.
    pub async fn move_crop(&self, place: &Place, crop: Crop) -> Result<(), EditorError> {
        self.update(place, "SET imageLocations.#location.crop = :value", crop).await
    }

    /// Changes nothing that a viewer could see: which asset the pack belongs to.
    pub async fn set_asset_id(&self, place: &Place, asset_id: &str) -> Result<(), EditorError> {
        self.update(place, "SET assetId = :value", asset_id).await
    }

    async fn upload(&self, place: &Place, upload: Upload) -> Result<Original, EditorError> {
        let key = format!("{}/{}/{}", place.tenant, place.image_pack, place.location);
        let put = self.clients.s3.put_object().bucket(&self.originals_bucket).key(&key);
        let put = put
            .content_type(upload.encoding.content_type())
            .body(ByteStream::from(upload.bytes))
            .send()
            .await
            .map_err(|error| EditorError::Upload {
                key: key.clone(),
                bucket: self.originals_bucket.clone(),
                source: Box::new(error.into()),
            })?;
        let version = put.version_id.ok_or_else(|| EditorError::NotVersioned(self.originals_bucket.clone()))?;
        Ok(Original { key, version })
    }

    async fn update(&self, place: &Place, expression: &str, value: impl Serialize) -> Result<(), EditorError> {
        let mut update = self.clients.dynamodb.update_item().table_name(&self.image_pack_table);
        if expression.contains("#location") {
            update = update.expression_attribute_names("#location", place.location.as_str());
        }
        let update = update
            .key("tenant", AttributeValue::S(place.tenant.to_string()))
            .key("entity", AttributeValue::S(place.entity().to_string()))
            .condition_expression("attribute_exists(entity)")
            .update_expression(expression)
            .expression_attribute_values(":value", serde_dynamo::to_attribute_value(value)?)
            .send()
            .await;
        update.map(drop).map_err(|error| not_written(&place.tenant, place.entity(), error.into()))
    }
}

impl Place {
    /// The pack's sort key in the image-pack table.
    #[must_use]
    pub fn entity(&self) -> Target {
        Target::Pack(self.image_pack.clone())
    }
}

fn not_written(tenant: &TenantId, entity: Target, source: aws_sdk_dynamodb::Error) -> EditorError {
    EditorError::Write { tenant: tenant.clone(), entity, source: Box::new(source) }
}
