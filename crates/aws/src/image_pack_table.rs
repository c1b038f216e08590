//! The image-pack table, as far as delivering images and purging them reads it.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use delivery::ports::{Found, UnreadableItemError};
use domain::{AttributeNames, ImagePackId, LocationName, Target, TenantId};
use purging::ports::{CallErrorKind, PackItem, Packs};
use serde::de::DeserializeOwned;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::clients::{self, ATTEMPTS_MAX};

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

    async fn existing(&self, tenant: &TenantId, packs: &[&ImagePackId]) -> Result<BTreeSet<ImagePackId>, CallError> {
        let Found { packs, unreadable, .. } = Self::find(self, tenant, packs, &[]).await?;
        let unreadable = unreadable.into_keys().filter_map(|target| target.pack().cloned());
        Ok(packs.into_keys().chain(unreadable).collect())
    }
}

impl ImagePackTable {
    /// The table named `table`, whose attributes are called `names`.
    #[must_use]
    pub fn new(client: Client, table: String, names: AttributeNames) -> Self {
        Self { client, table, names }
    }

    /// Reads packs and location configurations of `tenant`, strongly consistent, at most 100 of them (`BatchGetItem`).
    /// Keys that DynamoDB leaves unprocessed, because it is throttled or the response is full, are requested again after
    /// a pause, [`ATTEMPTS_MAX`] times in all.
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
        let mut pauses = clients::pauses();
        let mut unread = keys;
        loop {
            let (items, unprocessed) = self.read_some(unread).await?;
            for item in items {
                self.keep(item, &mut found);
            }
            let Some(keys) = unprocessed else { return Ok(found) };
            let Some(pause) = pauses.next() else {
                let left = format!("{ATTEMPTS_MAX} attempts left {} of the keys unprocessed", keys.keys().len());
                return Err(CallError::new(self.action(), left).of_kind(CallErrorKind::Throttled));
            };
            unread = keys;
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads the items with these keys. Returns those that DynamoDB read, and the keys of the others, if there are any.
    async fn read_some(
        &self,
        keys: KeysAndAttributes,
    ) -> Result<(Vec<HashMap<String, AttributeValue>>, Option<KeysAndAttributes>), CallError> {
        let response = self.client.batch_get_item().request_items(&self.table, keys).send().await;
        let response = response.map_err(|error| sdk_error(self.action(), error))?;
        let items = response.responses.and_then(|mut responses| responses.remove(&self.table)).unwrap_or_default();
        let unprocessed = response.unprocessed_keys.and_then(|mut unprocessed| unprocessed.remove(&self.table));
        Ok((items, unprocessed.filter(|keys| !keys.keys().is_empty())))
    }

    fn action(&self) -> String {
        format!("BatchGetItem on table {}", self.table)
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
