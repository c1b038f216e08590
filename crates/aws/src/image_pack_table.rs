//! The image-pack table, as far as delivering images and purging them reads it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use delivery::ports::{Found, UnreadableItemError};
use domain::{AttributeNames, ImagePackId, LocationName, Target, TenantId};
use purging::ports::{PackItem, Packs};
use serde::de::DeserializeOwned;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};

/// The image-pack table.
#[derive(Debug, Clone)]
pub struct ImagePackTable {
    client: Client,
    table: String,
    names: AttributeNames,
}

/// A failure to read packs.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// DynamoDB did not respond.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An item is not what the table should hold.
    #[error("item {key} of table {table} cannot be read: {cause}")]
    Item {
        /// The table.
        table: String,
        /// The item's tenant and entity.
        key: String,
        /// The defect.
        cause: serde_dynamo::Error,
    },
}

impl Packs for ImagePackTable {
    async fn find(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<PackItem, CallError> {
        let mut found = Self::find(self, tenant, &[pack], &[]).await?;
        Ok(match found.packs.remove(pack) {
            Some(pack) => PackItem::Pack(pack),
            None if found.unreadable.is_empty() => PackItem::Absent,
            None => PackItem::Unreadable,
        })
    }
}

impl ImagePackTable {
    /// The table named `table`, whose attributes are called `names`.
    #[must_use]
    pub fn new(client: Client, table: String, names: AttributeNames) -> Self {
        Self { client, table, names }
    }

    /// Reads packs and location configurations of `tenant` in one strongly consistent request. At most 100 of them
    /// (`BatchGetItem`); callers request three.
    pub async fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> Result<Found, CallError> {
        let packs = packs.iter().map(|&id| Target::Pack(id.clone()));
        let locations = locations.iter().map(|&name| Target::Location(name.clone()));
        let mut keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(Vec::new()));
        for target in packs.chain(locations) {
            keys = keys.keys(HashMap::from([
                (self.names.tenant.clone(), AttributeValue::S(tenant.to_string())),
                (self.names.entity.clone(), AttributeValue::S(target.to_string())),
            ]));
        }
        let keys = keys.build().map_err(|error| call_error("building a BatchGetItem request", error))?;

        let mut found = Found::default();
        let mut unread = Some(HashMap::from([(self.table.clone(), keys)]));
        while let Some(request) = unread.filter(|request| !request.is_empty()) {
            let response = self
                .client
                .batch_get_item()
                .set_request_items(Some(request))
                .send()
                .await
                .map_err(|error| sdk_error(format!("BatchGetItem on table {}", self.table), error))?;
            for item in response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                self.keep(item, &mut found);
            }
            unread = response.unprocessed_keys;
        }
        Ok(found)
    }

    fn keep(&self, item: HashMap<String, AttributeValue>, found: &mut Found) {
        let item = self.names.to_canonical(item);
        let entity = item.get("entity").and_then(|entity| entity.as_s().ok()).cloned().unwrap_or_default();
        let Ok(target) = Target::parse(&entity) else { return };
        if let Err(failure) = self.keep_as(&target, item, found) {
            found.unreadable.insert(target, UnreadableItemError::new(failure));
        }
    }

    fn keep_as(
        &self,
        target: &Target,
        item: HashMap<String, AttributeValue>,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        match target {
            Target::Pack(id) => {
                found.packs.insert(id.clone(), self.read(target, item)?);
            }
            Target::Location(name) => {
                found.locations.insert(name.clone(), self.read(target, item)?);
            }
            // Only these two kinds were requested.
            Target::Tenant => {}
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(
        &self,
        target: &Target,
        item: HashMap<String, AttributeValue>,
    ) -> Result<T, ReadError> {
        serde_dynamo::from_item(item).map_err(|cause| ReadError::Item {
            table: self.table.clone(),
            key: target.to_string(),
            cause,
        })
    }
}
