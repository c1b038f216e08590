//! The purge-ledger table: each purge with its target, reasons, requesters and times.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::names::LEDGER_BY_COMPLETION;
use domain::purge::ledger::{COMPLETED, Completion, LedgerRow};
use domain::{Target, TenantId, Timestamp};
use purging::ports::Ledger;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;
use crate::invalidation_queue::number;

/// The purge-ledger table.
#[derive(Debug, Clone)]
pub struct PurgeLedger {
    client: Client,
    table: String,
}

impl PurgeLedger {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Every purge of `tenant` whose key begins with `prefix`, for operators; see [`domain::purge::ledger::purge_key`]. The
    /// empty prefix is that of all.
    pub async fn purges(&self, tenant: &TenantId, prefix: &str) -> Result<Vec<LedgerRow>, CallError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()));
        let query = if prefix.is_empty() {
            query.key_condition_expression("tenant = :tenant")
        } else {
            query
                .key_condition_expression("tenant = :tenant AND begins_with(purge, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let mut items = query.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(item) = items.next().await {
            let action = || format!("reading the purges of {tenant} in table {}", self.table);
            rows.extend(readable(item.map_err(|error| sdk_error(action(), error))?, &self.table));
        }
        Ok(rows)
    }

    /// Every purge of all tenants that began at `since` or later, for operators. It reads the whole table.
    pub async fn purges_since(&self, since: Timestamp) -> Result<Vec<LedgerRow>, CallError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("startedAt >= :since")
            .expression_attribute_values(":since", number(since.as_millis()));
        let mut items = scan.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(item) = items.next().await {
            let action = || format!("reading table {}", self.table);
            rows.extend(readable(item.map_err(|error| sdk_error(action(), error))?, &self.table));
        }
        Ok(rows)
    }
}

impl Ledger for PurgeLedger {
    async fn write(&self, row: &LedgerRow) -> Result<(), CallError> {
        let action = || format!("writing {} of {} to table {}", row.purge, row.tenant, self.table);
        let item = serde_dynamo::to_item(row).map_err(|error| call_error(action(), error))?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(|error| sdk_error(action(), error))?;
        Ok(())
    }

    async fn mark_completed(&self, tenant: &TenantId, purge: &str, completion: &Completion) -> Result<(), CallError> {
        let mut assignments = vec!["invalidationStatus = :completed".to_owned()];
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("tenant", AttributeValue::S(tenant.to_string()))
            .key("purge", AttributeValue::S(purge.to_owned()))
            // A row that has expired is not created again.
            .condition_expression("attribute_exists(purge)")
            .expression_attribute_values(":completed", AttributeValue::S(COMPLETED.to_owned()));
        let times = [("completedAt", Some(completion.completed_at)), ("refillSeenAt", completion.refill_seen_at)];
        for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, time?))) {
            // The first time counts.
            assignments.push(format!("{name} = if_not_exists({name}, :{name})"));
            update = update.expression_attribute_values(format!(":{name}"), number(time.as_millis()));
        }
        let result = update.update_expression(format!("SET {}", assignments.join(", "))).send().await;
        is_written(result, format!("marking {purge} of {tenant} completed in table {}", self.table))?;
        Ok(())
    }

    async fn mark_deleted(
        &self,
        tenant: &TenantId,
        purge: &str,
        variants_deleted: u64,
        deleted_at: Timestamp,
    ) -> Result<(), CallError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("tenant", AttributeValue::S(tenant.to_string()))
            .key("purge", AttributeValue::S(purge.to_owned()))
            .update_expression("SET variantsDeleted = :count, variantsDeletedAt = :deletedAt")
            // A row that has expired is not created again.
            .condition_expression("attribute_exists(purge)")
            .expression_attribute_values(":count", number(variants_deleted))
            .expression_attribute_values(":deletedAt", number(deleted_at.as_millis()))
            .send()
            .await;
        is_written(result, format!("adding the deleted variants to {purge} of {tenant} in table {}", self.table))?;
        Ok(())
    }

    async fn newest(&self, tenant: &TenantId, target: &Target, count: u8) -> Result<Vec<LedgerRow>, CallError> {
        let action = || format!("reading the purges of {target} of {tenant} in table {}", self.table);
        let response = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("tenant = :tenant AND begins_with(purge, :target)")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":target", AttributeValue::S(format!("{target}#")))
            .scan_index_forward(false)
            .limit(i32::from(count))
            .send()
            .await
            .map_err(|error| sdk_error(action(), error))?;
        let rows = response.items.unwrap_or_default().into_iter();
        Ok(rows.filter_map(|item| readable(item, &self.table)).collect())
    }

    async fn last_completed(&self, tenant: &TenantId, count: usize) -> Result<Vec<LedgerRow>, CallError> {
        let action = || format!("reading the completed purges of {tenant} in table {}", self.table);
        let response = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(LEDGER_BY_COMPLETION)
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .scan_index_forward(false)
            .limit(i32::try_from(count).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| sdk_error(action(), error))?;
        let rows = response.items.unwrap_or_default().into_iter();
        Ok(rows.filter_map(|item| readable(item, &self.table)).collect())
    }
}

/// The row of an item. A row that cannot be read is logged and left out: the purges of its target stay visible, and
/// without it a target counts as purged less often, never more.
fn readable(item: HashMap<String, AttributeValue>, table: &str) -> Option<LedgerRow> {
    let key = |name| item.get(name).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
    let (tenant, purge) = (key("tenant"), key("purge"));
    serde_dynamo::from_item(item)
        .inspect_err(|error| tracing::error!(tenant, purge, table, %error, "a row of the purge ledger cannot be read: correct or delete it"))
        .ok()
}
