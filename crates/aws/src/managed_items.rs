//! The image-pack table as the management API reads and writes it: each item at a revision.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::editing::managed_pack::ManagedPack;
use domain::editing::pack_edit::Assignment;
use domain::{AttributeNames, ImagePackId, Target, TenantId, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;
use crate::image_pack_table::ReadError;
use crate::update_expression::UpdateExpression;

type Item = HashMap<String, AttributeValue>;

/// The image-pack table.
#[derive(Debug, Clone)]
pub struct ManagedItems {
    client: Client,
    table: String,
    names: AttributeNames,
}

/// The expected state of an item, the condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The item does not exist.
    Absent,
    /// The item exists with this revision. An item without one counts as revision 0.
    Revision(u64),
}

impl Expected {
    const fn revision(self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::Revision(revision) => revision,
        }
    }
}

/// The editor and the time of a write.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    /// The token's subject.
    pub subject: &'a str,
    /// Identifies the request. The SDK repeats a write whose response was lost, and then finds the item as it wrote it
    /// itself: by this it knows.
    pub request_id: &'a str,
    /// The time of the write.
    pub now: Timestamp,
}

/// A failure to write an item.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// DynamoDB did not respond, or with an item that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// DynamoDB does not take the item as it would be: it would be too large (400 KB), or an attribute of the table
    /// that another program declared requires another type. To send it again does not help.
    #[error(transparent)]
    Rejected(CallError),
}

/// Some packs of a tenant, in the order of their ids.
#[derive(Debug, Default)]
pub struct Page {
    /// The packs.
    pub packs: Vec<(ImagePackId, ManagedPack)>,
    /// After which id the next page begins; `None`: this is the last.
    pub next: Option<ImagePackId>,
}

impl ManagedItems {
    /// The table named `table`, whose attributes are called `names`.
    #[must_use]
    pub fn new(client: Client, table: String, names: AttributeNames) -> Self {
        Self { client, table, names }
    }

    /// Reads one item, strongly consistently. `None`: it is not there.
    pub async fn read<T: DeserializeOwned>(&self, tenant: &TenantId, target: &Target) -> Result<Option<T>, ReadError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(self.key(tenant, target)));
        let response = request.consistent_read(true).send().await;
        let response = response.map_err(|error| sdk_error(self.action("reading", tenant, target), error))?;
        response.item.map(|item| self.parse(item, target)).transpose()
    }

    /// Reads up to `limit` packs of `tenant`, those after `after`. A pack that cannot be read is logged and left out.
    pub async fn page(&self, tenant: &TenantId, after: Option<&ImagePackId>, limit: u8) -> Result<Page, CallError> {
        let mut page = Page::default();
        let mut start = after.map(|id| self.key(tenant, &Target::Pack(id.clone())));
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#tenant = :tenant AND begins_with(#entity, :packs)")
                .expression_attribute_names("#tenant", &self.names.tenant)
                .expression_attribute_names("#entity", &self.names.entity)
                .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
                .expression_attribute_values(":packs", AttributeValue::S("pack#".to_owned()))
                .set_exclusive_start_key(start)
                .limit(i32::from(limit));
            let response = request
                .send()
                .await
                .map_err(|error| sdk_error(format!("querying packs of {tenant} in table {}", self.table), error))?;
            let items = response.items.unwrap_or_default();
            page.packs.extend(items.into_iter().filter_map(|item| self.listed(tenant, item)));
            page.next = response.last_evaluated_key.as_ref().and_then(|key| self.pack_id(key));
            start = response.last_evaluated_key;
            // A page can end on a key that names no pack, after which the next one could not be requested.
            if start.is_none() || page.next.is_some() {
                return Ok(page);
            }
        }
    }

    fn listed(&self, tenant: &TenantId, item: Item) -> Option<(ImagePackId, ManagedPack)> {
        let Some(id) = self.pack_id(&item) else {
            tracing::error!(%tenant, "The key of an item begins with pack# and names no pack; it is left out of the list.");
            return None;
        };
        match self.parse(item, &Target::Pack(id.clone())) {
            Ok(pack) => Some((id, pack)),
            Err(error) => {
                tracing::error!(%tenant, %error, "A pack cannot be read; it is left out of the list.");
                None
            }
        }
    }

    /// Applies `assignments` to one item if it is as `expected`, increments its revision, and returns the written item.
    /// `None`: it is not as expected, and nothing was written.
    pub async fn write<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        target: &Target,
        mut assignments: Vec<Assignment>,
        expected: Expected,
        editor: Editor<'_>,
    ) -> Result<Option<T>, WriteError> {
        assignments.extend([
            Assignment::set(["revision"], json!(expected.revision() + 1)),
            Assignment::set(["updatedAt"], json!(editor.now)),
            Assignment::set(["updatedBy"], json!({"subject": editor.subject, "request": editor.request_id})),
        ]);
        let mut update = UpdateExpression::of(assignments, &self.names)
            .map_err(|error| ReadError::from(call_error(self.action("preparing", tenant, target), error)))?;
        let condition = self.condition(&mut update, expected);
        let request = self.client.update_item().table_name(&self.table).set_key(Some(self.key(tenant, target)));
        let result = request
            .update_expression(update.text())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(response) => Ok(Some(self.parse(response.attributes.unwrap_or_default(), target)?)),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                let found = match error.into_service_error() {
                    UpdateItemError::ConditionalCheckFailedException(failure) => failure.item,
                    _ => None,
                };
                let ours = found.filter(|item| self.is_written_by(item, editor));
                Ok(ours.map(|item| self.parse(item, target)).transpose()?)
            }
            Err(error) if error.code() == Some("ValidationException") => {
                Err(WriteError::Rejected(sdk_error(self.action("writing", tenant, target), error)))
            }
            Err(error) => Err(ReadError::from(sdk_error(self.action("writing", tenant, target), error)).into()),
        }
    }

    /// Removes one item if it has this revision. `false`: it has another or is not there, and nothing was removed.
    pub async fn remove(&self, tenant: &TenantId, target: &Target, revision: u64) -> Result<bool, CallError> {
        let mut update = UpdateExpression::default();
        let condition = self.condition(&mut update, Expected::Revision(revision));
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(self.key(tenant, target)));
        let result = request
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await;
        is_written(result, self.action("removing", tenant, target))
    }

    /// Whether the last write of an item was this editor's in this request.
    fn is_written_by(&self, item: &Item, editor: Editor<'_>) -> bool {
        let by = item.get(&self.names.updated_by).and_then(|by| by.as_m().ok());
        by.and_then(|by| by.get("request")?.as_s().ok()).is_some_and(|request| request == editor.request_id)
    }

    fn condition(&self, update: &mut UpdateExpression, expected: Expected) -> String {
        let entity = update.name(&self.names.entity);
        let Expected::Revision(read) = expected else {
            return format!("attribute_not_exists({entity})");
        };
        let revision = update.name(&self.names.revision);
        let value = update.value(AttributeValue::N(read.to_string()));
        if read == 0 {
            let null = update.value(AttributeValue::S("NULL".to_owned()));
            let absent = format!("attribute_not_exists({revision}) OR attribute_type({revision}, {null})");
            return format!("attribute_exists({entity}) AND ({absent} OR {revision} = {value})");
        }
        format!("attribute_exists({entity}) AND {revision} = {value}")
    }

    fn key(&self, tenant: &TenantId, target: &Target) -> Item {
        HashMap::from([
            (self.names.tenant.clone(), AttributeValue::S(tenant.to_string())),
            (self.names.entity.clone(), AttributeValue::S(target.to_string())),
        ])
    }

    fn pack_id(&self, item: &Item) -> Option<ImagePackId> {
        match Target::parse(item.get(&self.names.entity)?.as_s().ok()?) {
            Ok(Target::Pack(id)) => Some(id),
            _ => None,
        }
    }

    fn parse<T: DeserializeOwned>(&self, item: Item, target: &Target) -> Result<T, ReadError> {
        serde_dynamo::from_item(self.names.to_canonical(item)).map_err(|cause| ReadError::Item {
            table: self.table.clone(),
            key: target.to_string(),
            cause,
        })
    }

    fn action(&self, verb: &str, tenant: &TenantId, target: &Target) -> String {
        format!("{verb} {target} of {tenant} in table {}", self.table)
    }
}
