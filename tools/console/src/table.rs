//! What the image-pack table says about a tenant: the truth that a viewer's image is compared with.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImageLocation, LocationConfig};
use domain::{ImagePackId, LocationName, Target, TenantId};
use serde::Deserialize;
use serde_json::Value;

use local_cloud::observer::Observer;

use crate::ConsoleError;

/// One tenant's packs and the configurations of its locations, as of one read.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// The packs.
    pub(super) packs: BTreeMap<ImagePackId, Pack>,
    locations: BTreeMap<LocationName, LocationConfig>,
}

/// One pack, as far as the console shows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pack {
    /// What editors call it.
    pub(super) title: Option<String>,
    /// The images by location.
    #[serde(default)]
    pub(super) image_locations: BTreeMap<LocationName, ImageLocation>,
    /// The location of a URL that names none.
    pub(super) main_image_location: Option<LocationName>,
}

impl Shelf {
    /// Reads everything of `tenant`, strongly consistent.
    pub(super) async fn read(observer: &Observer, tenant: &TenantId) -> Result<Self, ConsoleError> {
        let failed = |error: aws_sdk_dynamodb::Error| ConsoleError::Table(Box::new(error));
        let query = observer.clients.dynamodb.query().table_name(&observer.image_pack_table).consistent_read(true);
        let query = query
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()));
        let items = query.into_paginator().items().send();
        let items: Vec<_> = items.try_collect().await.map_err(|error| failed(error.into()))?;

        let mut shelf = Self::default();
        for item in items {
            let item: Value = serde_dynamo::from_item(item).map_err(ConsoleError::Item)?;
            match Target::parse(item["entity"].as_str().unwrap_or_default()) {
                Ok(Target::Pack(id)) => {
                    shelf.packs.insert(id, serde_json::from_value(item).map_err(ConsoleError::Row)?);
                }
                Ok(Target::Location(name)) => {
                    shelf.locations.insert(name, serde_json::from_value(item).map_err(ConsoleError::Row)?);
                }
                // Nothing else belongs there, and what does is not for the console to judge.
                Ok(Target::Tenant) | Err(_) => {}
            }
        }
        Ok(shelf)
    }

    /// The fingerprint that a viewer of this image should see. `None`: there is no such image.
    pub(super) fn current_fingerprint(&self, pack: &ImagePackId, location: &LocationName) -> Option<String> {
        let image = self.packs.get(pack)?.image_locations.get(location)?;
        let config = self.locations.get(location).copied().unwrap_or_default();
        Some(fingerprint(image, &config))
    }
}
