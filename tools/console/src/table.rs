//! The image-pack table of a tenant, with which a viewer's image is compared.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImageLocation, LocationConfig};
use domain::{ImagePackId, LocationName, Target, TenantId};
use serde::Deserialize;
use serde_json::Value;

use local_cloud::cause::{Cause, Context as _};
use local_cloud::observer::Observer;

/// One tenant's packs and the configurations of its locations, as of one read.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) packs: BTreeMap<ImagePackId, Pack>,
    locations: BTreeMap<LocationName, LocationConfig>,
}

/// The fields of a pack that the console shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pack {
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) image_locations: BTreeMap<LocationName, ImageLocation>,
    /// The location of a URL that names none.
    pub(super) main_image_location: Option<LocationName>,
}

impl Shelf {
    /// Reads every item of `tenant`, strongly consistent.
    pub(super) async fn read(observer: &Observer, tenant: &TenantId) -> Result<Self, Cause> {
        let query = observer.clients.dynamodb.query().table_name(&observer.image_pack_table).consistent_read(true);
        let query = query
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()));
        let items = query.into_paginator().items().send();
        let items: Vec<_> = items.try_collect().await.context("reading the image-pack table")?;

        let mut shelf = Self::default();
        for item in items {
            let item: Value = serde_dynamo::from_item(item)?;
            match Target::parse(item["entity"].as_str().unwrap_or_default()) {
                Ok(Target::Pack(id)) => {
                    shelf.packs.insert(id, serde_json::from_value(item)?);
                }
                Ok(Target::Location(name)) => {
                    shelf.locations.insert(name, serde_json::from_value(item)?);
                }
                Ok(Target::Tenant) | Err(_) => {}
            }
        }
        Ok(shelf)
    }

    /// The current fingerprint of an image. `None`: there is no such image.
    pub(super) fn current_fingerprint(&self, pack: &ImagePackId, location: &LocationName) -> Option<String> {
        let image = self.packs.get(pack)?.image_locations.get(location)?;
        let config = self.locations.get(location).copied().unwrap_or_default();
        Some(fingerprint(image, &config))
    }
}
