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

/// The rows of one read, for operators. A row that cannot be read hides no other.
#[derive(Debug, Default)]
pub struct LedgerRows {
    /// The rows.
    pub rows: Vec<LedgerRow>,
    /// The key and the defect of each row that cannot be read.
    pub unreadable: Vec<String>,
}

impl LedgerRows {
    fn add(&mut self, item: HashMap<String, AttributeValue>, table: &str) {
        match parsed(item, table) {
            Ok(row) => self.rows.push(row),
            Err(error) => self.unreadable.push(error),
        }
    }
}

impl PurgeLedger {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Every purge of `tenant` whose key begins with `prefix`, for operators; see [`domain::purge::ledger::purge_key`]. The
    /// empty prefix is that of all.
    pub async fn purges(&self, tenant: &TenantId, prefix: &str) -> Result<LedgerRows, CallError> {
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
        let mut rows = LedgerRows::default();
        while let Some(item) = items.next().await {
            let action = || format!("reading the purges of {tenant} in table {}", self.table);
            rows.add(item.map_err(|error| sdk_error(action(), error))?, &self.table);
        }
        Ok(rows)
    }

    /// Every purge of all tenants that began at `since` or later, for operators. It reads the whole table.
    pub async fn purges_since(&self, since: Timestamp) -> Result<LedgerRows, CallError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("startedAt >= :since")
            .expression_attribute_values(":since", number(since.as_millis()));
        let mut items = scan.into_paginator().items().send();
        let mut rows = LedgerRows::default();
        while let Some(item) = items.next().await {
            let action = || format!("reading table {}", self.table);
            rows.add(item.map_err(|error| sdk_error(action(), error))?, &self.table);
        }
        Ok(rows)
    }
}

impl Ledger for PurgeLedger {
    async fn write(&self, row: &LedgerRow) -> Result<(), CallError> {
        let action = || format!("writing {} of {} to table {}", row.purge, row.tenant, self.table);
        let item = serde_dynamo::to_item(row).map_err(|error| call_error(action(), error))?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        // A request may be sent again after another function has marked it completed.
        let put = put.condition_expression("attribute_not_exists(completedAt)");
        is_written(put.send().await, action()).map(drop)
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
    parsed(item, table).inspect_err(|error| tracing::error!("{error}")).ok()
}

/// The row of an item, or its key and its defect.
fn parsed(item: HashMap<String, AttributeValue>, table: &str) -> Result<LedgerRow, String> {
    let key = |name| item.get(name).and_then(|key| key.as_s().ok()).map_or("?", String::as_str);
    let row = format!("{} of {}", key("purge"), key("tenant"));
    serde_dynamo::from_item(item)
        .map_err(|cause| format!("row {row} of table {table} cannot be read ({cause}): correct or delete it"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_is_named_by_its_key_and_hides_no_other() {
        let row = json!({
            "tenant": "acme", "purge": "pack#cat#1#final#c", "target": "pack#cat", "firstEventAt": 1, "changes": 1,
            "reasons": ["manual"], "requestedBy": ["admin:anna"], "startedAt": 2, "isFinal": true, "variantsDeleted": 0,
            "distributionId": "E1", "invalidationStatus": "InProgress", "expiresAt": 3,
        });
        let mut rows = LedgerRows::default();
        for item in [json!({"tenant": "acme", "purge": "pack#dog#1"}), row, json!({"startedAt": "soon"})] {
            rows.add(serde_dynamo::to_item(item).unwrap(), "ledger");
        }
        assert_eq!(rows.rows.iter().map(|row| row.purge.as_str()).collect::<Vec<_>>(), ["pack#cat#1#final#c"]);
        let [without_target, without_key] = rows.unreadable.as_slice() else { panic!("{rows:?}") };
        assert!(
            without_target.starts_with("row pack#dog#1 of acme of table ledger cannot be read"),
            "{without_target}"
        );
        assert!(without_key.starts_with("row ? of ? of table ledger"), "{without_key}");
    }
}
