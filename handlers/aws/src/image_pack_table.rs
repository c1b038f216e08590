//! The image-pack table, as far as delivering pictures and purging them reads it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::image_pack::{ImagePack, LocationConfig};
use domain::{AttributeNames, ImagePackId, LocationName, Target, TenantId};
use serde::de::DeserializeOwned;

use crate::CallFailed;

/// The image-pack table.
#[derive(Debug, Clone)]
pub struct ImagePackTable {
    client: Client,
    table: String,
    names: AttributeNames,
}

/// Why packs cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailed {
    /// DynamoDB did not answer.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// An item is not what the table should hold.
    #[error("item {key} of table {table} cannot be read: {cause}")]
    Item {
        /// The table.
        table: String,
        /// The item's tenant and entity.
        key: String,
        /// What is wrong with it.
        cause: serde_dynamo::Error,
    },
}

/// What one strongly consistent read found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The packs that exist, of those asked for.
    pub packs: HashMap<ImagePackId, ImagePack>,
    /// The configurations that exist, of the locations asked for.
    pub locations: HashMap<LocationName, LocationConfig>,
}

impl ImagePackTable {
    /// The table named `table`, whose attributes are called `names`.
    #[must_use]
    pub fn new(client: Client, table: String, names: AttributeNames) -> Self {
        Self { client, table, names }
    }

    /// Reads packs and location configurations of `tenant` in one strongly consistent request. At most 100 of them
    /// (`BatchGetItem`); callers ask for three.
    pub async fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> Result<Found, ReadFailed> {
        let packs = packs.iter().map(|&id| Target::Pack(id.clone()));
        let locations = locations.iter().map(|&name| Target::Location(name.clone()));
        let mut keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(Vec::new()));
        for target in packs.chain(locations) {
            keys = keys.keys(HashMap::from([
                (self.names.tenant.clone(), AttributeValue::S(tenant.to_string())),
                (self.names.entity.clone(), AttributeValue::S(target.to_string())),
            ]));
        }
        let keys = keys.build().map_err(|error| CallFailed::new("building a BatchGetItem request", error))?;

        let mut found = Found::default();
        let mut unread = Some(HashMap::from([(self.table.clone(), keys)]));
        while let Some(request) = unread.filter(|request| !request.is_empty()) {
            let response = self
                .client
                .batch_get_item()
                .set_request_items(Some(request))
                .send()
                .await
                .map_err(|error| CallFailed::new(format!("BatchGetItem on table {}", self.table), error))?;
            for item in response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                self.keep(item, &mut found)?;
            }
            unread = response.unprocessed_keys;
        }
        Ok(found)
    }

    fn keep(&self, item: HashMap<String, AttributeValue>, found: &mut Found) -> Result<(), ReadFailed> {
        let item = self.names.to_canonical(item);
        let entity = item.get("entity").and_then(|entity| entity.as_s().ok()).cloned().unwrap_or_default();
        match Target::parse(&entity) {
            Ok(Target::Pack(id)) => {
                found.packs.insert(id, self.read(&entity, item)?);
            }
            Ok(Target::Location(name)) => {
                found.locations.insert(name, self.read(&entity, item)?);
            }
            // Only these two kinds were asked for.
            Ok(Target::Tenant) | Err(_) => {}
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &str, item: HashMap<String, AttributeValue>) -> Result<T, ReadFailed> {
        serde_dynamo::from_item(item).map_err(|cause| ReadFailed::Item {
            table: self.table.clone(),
            key: key.to_owned(),
            cause,
        })
    }
}
