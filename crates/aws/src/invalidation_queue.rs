//! The invalidation-queue table: one row per target that waits to be purged, and beside them the lease, the counter of
//! wake-ups, the outbox and the allowances of manual purges.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::change::detection::Reason;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge, QueueEntry};
use domain::{Target, TenantId};
use purging::ports::{Queue, QueueError, RowVersion, Rows};

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;

/// The invalidation-queue table. The parts that are kept beside its rows are in `lease`, `wakeups`, `outbox`
/// and `allowance`.
#[derive(Debug, Clone)]
pub struct InvalidationQueue {
    client: Client,
    table: String,
}

impl InvalidationQueue {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The queue's table, for the parts that are kept beside its rows.
    pub(crate) fn table(&self) -> (&Client, &str) {
        (&self.client, &self.table)
    }
}

impl Queue for InvalidationQueue {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        match self.update(upsert, Condition::Newest).await? {
            Some(row) => self.entry(row),
            // A delayed call arrives after that of a later change. If it set the time back, the row would settle too early
            // for the later change.
            None => self.entry(self.update(upsert, Condition::Any).await?.unwrap_or_default()),
        }
    }

    async fn upsert_if_unchanged(
        &self,
        upsert: &Enqueue,
        seen: Option<&str>,
    ) -> Result<Option<QueueEntry>, QueueError> {
        self.update(upsert, Condition::Unchanged(seen)).await?.map(|row| self.entry(row)).transpose()
    }

    async fn entries(&self) -> Result<Rows<QueueEntry>, CallError> {
        // A row whose first key begins with `#` is not an entry; no tenant has such a name.
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("NOT begins_with(tenant, :mark)")
            .expression_attribute_values(":mark", AttributeValue::S("#".to_owned()));
        let mut pages = scan.into_paginator().items().send();
        let mut entries = Rows { rows: Vec::new(), unreadable: Vec::new() };
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| sdk_error(format!("reading table {}", self.table), error))?;
            self.add(item, &mut entries);
        }
        Ok(entries)
    }

    async fn entries_of(&self, tenant: &TenantId) -> Result<Rows<QueueEntry>, CallError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()));
        let mut pages = query.into_paginator().items().send();
        let mut entries = Rows { rows: Vec::new(), unreadable: Vec::new() };
        while let Some(item) = pages.next().await {
            let action = || format!("reading the rows of {tenant} in table {}", self.table);
            self.add(item.map_err(|error| sdk_error(action(), error))?, &mut entries);
        }
        Ok(entries)
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        let key = key(tenant.as_str(), &target.to_string());
        let get = self.client.get_item().table_name(&self.table).consistent_read(true).set_key(Some(key));
        let response = get.send().await;
        let response = response
            .map_err(|error| sdk_error(format!("reading {target} of {tenant} in table {}", self.table), error))?;
        response.item.map(|item| self.entry(item)).transpose()
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_of(row)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::S(row.version.to_owned()))
            .send()
            .await;
        is_written(result, format!("removing {} of {}", row.target, row.tenant))
    }

    async fn store_final_purge(&self, row: RowVersion<'_>, purge: &FinalPurge) -> Result<bool, CallError> {
        let action = || format!("storing the final purge of {} of {}", row.target, row.tenant);
        let purge = serde_dynamo::to_attribute_value(purge).map_err(|error| call_error(action(), error))?;
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(row)))
            // The deletion that follows begins at the first variant.
            .update_expression("SET finalPurge = :purge REMOVE deletionCursor")
            .condition_expression("version = :version")
            .expression_attribute_values(":purge", purge)
            .expression_attribute_values(":version", AttributeValue::S(row.version.to_owned()))
            .send()
            .await;
        is_written(result, action())
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        let action = || format!("storing the deletion cursor of {} of {}", row.target, row.tenant);
        let cursor = serde_dynamo::to_attribute_value(cursor).map_err(|error| call_error(action(), error))?;
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(row)))
            .update_expression("SET deletionCursor = :deletionCursor")
            .condition_expression("version = :version")
            .expression_attribute_values(":deletionCursor", cursor)
            .expression_attribute_values(":version", AttributeValue::S(row.version.to_owned()))
            .send()
            .await;
        is_written(result, action())?;
        Ok(())
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(row)))
            .update_expression("SET earlyPurgeVersion = :version REMOVE deletionCursor ADD earlyPurgeCount :one")
            .condition_expression(
                "version = :version AND (attribute_not_exists(finalPurge) OR finalPurge.version <> :version)",
            )
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":version", AttributeValue::S(row.version.to_owned()))
            .send()
            .await;
        is_written(result, format!("marking the early purge of {} of {}", row.target, row.tenant))
    }
}

impl InvalidationQueue {
    /// Adds `upsert` to the row. `None`: `condition` does not hold, and nothing was written.
    async fn update(
        &self,
        upsert: &Enqueue,
        condition: Condition<'_>,
    ) -> Result<Option<HashMap<String, AttributeValue>>, CallError> {
        let reasons = upsert.cause.reasons.iter().map(|reason| Reason::as_str(*reason).to_owned()).collect();
        let requesters = upsert.cause.requested_by.iter().cloned().collect();
        let early_purge_version = if upsert.is_purged_at_once { ", earlyPurgeVersion = :version" } else { "" };
        let last_event_at = match condition {
            Condition::Newest | Condition::Unchanged(_) => ":lastEventAt",
            Condition::Any => "if_not_exists(lastEventAt, :lastEventAt)",
        };
        let (condition, seen) = match condition {
            Condition::Newest => (Some("attribute_not_exists(lastEventAt) OR lastEventAt <= :lastEventAt"), None),
            Condition::Any => (None, None),
            Condition::Unchanged(None) => (Some("attribute_not_exists(version) OR version = :version"), None),
            Condition::Unchanged(Some(seen)) => (Some("version = :seen OR version = :version"), Some(seen)),
        };
        let seen = seen.map(|seen| (":seen".to_owned(), AttributeValue::S(seen.to_owned())));
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(upsert.tenant.as_str(), &upsert.target.to_string())))
            .update_expression(format!(
                // Variants deleted before this change may be stored again: a deletion under way begins again.
                "SET version = :version, lastEventAt = {last_event_at}, \
                 firstEventAt = if_not_exists(firstEventAt, :firstEventAt){early_purge_version} \
                 REMOVE deletionCursor \
                 ADD changes :changes, reasons :reasons, requestedBy :requestedBy"
            ))
            .set_condition_expression(condition.map(ToOwned::to_owned))
            .set_expression_attribute_values(seen.map(|seen| HashMap::from([seen])))
            .expression_attribute_values(":version", AttributeValue::S(upsert.version.clone()))
            .expression_attribute_values(":lastEventAt", number(upsert.last_event_at.as_millis()))
            .expression_attribute_values(":firstEventAt", number(upsert.cause.first_event_at.as_millis()))
            .expression_attribute_values(":changes", number(upsert.cause.changes))
            .expression_attribute_values(":reasons", AttributeValue::Ss(reasons))
            .expression_attribute_values(":requestedBy", AttributeValue::Ss(requesters))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match result {
            Ok(response) => Ok(Some(response.attributes.unwrap_or_default())),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
            Err(error) => {
                let Enqueue { tenant, target, .. } = upsert;
                Err(sdk_error(format!("enqueueing {target} of {tenant} in table {}", self.table), error))
            }
        }
    }

    /// Adds the row of `item` to `entries`.
    fn add(&self, item: HashMap<String, AttributeValue>, entries: &mut Rows<QueueEntry>) {
        match self.entry(item) {
            Ok(entry) => entries.rows.push(entry),
            Err(error) => entries.unreadable.push(error),
        }
    }

    fn entry(&self, item: HashMap<String, AttributeValue>) -> Result<QueueEntry, QueueError> {
        let key = |name| item.get(name).and_then(|key| key.as_s().ok()).map_or("?", String::as_str);
        let row = format!("{} of {}", key("target"), key("tenant"));
        serde_dynamo::from_item(item).map_err(|cause| QueueError::Row {
            table: self.table.clone(),
            row,
            cause: cause.to_string(),
        })
    }
}

/// The condition of an upsert.
#[derive(Debug, Clone, Copy)]
enum Condition<'a> {
    /// The change is not older than the row's `lastEventAt`, and becomes it.
    Newest,
    /// None. The row keeps its `lastEventAt`.
    Any,
    /// The row has this version, or there is no row. The upsert's own version is allowed too: the call is then repeated.
    /// The change becomes the row's `lastEventAt`.
    Unchanged(Option<&'a str>),
}

/// The primary key of a row.
pub(crate) fn key(tenant: &str, target: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("tenant".to_owned(), AttributeValue::S(tenant.to_owned())),
        ("target".to_owned(), AttributeValue::S(target.to_owned())),
    ])
}

/// The primary key of a row at one version.
fn key_of(row: RowVersion<'_>) -> HashMap<String, AttributeValue> {
    key(row.tenant.as_str(), &row.target.to_string())
}

/// The number of an attribute.
pub(crate) fn number_of(item: &HashMap<String, AttributeValue>, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A DynamoDB number.
pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
