//! The invalidation-queue table: one row per target that waits to be purged.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::change_detection::Reason;
use domain::enqueue::Enqueue;
use domain::queue_entry::{QueueEntry, SweepProgress};

use crate::CallFailed;
use crate::conditional::is_written;

/// The invalidation-queue table.
#[derive(Debug, Clone)]
pub struct InvalidationQueue {
    client: Client,
    table: String,
}

/// Why the queue cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum QueueFailed {
    /// DynamoDB did not answer.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// A row is not what the queue should hold.
    #[error("row {row} of table {table} cannot be read ({cause}); it waits until it is corrected or deleted")]
    Row {
        /// The table.
        table: String,
        /// The row's target and tenant.
        row: String,
        /// What is wrong with it.
        cause: serde_dynamo::Error,
    },
}

/// What the queue holds, and the rows that nobody can read. One unreadable row must not stop the others.
#[derive(Debug, Default)]
pub struct Queue {
    /// The entries.
    pub entries: Vec<QueueEntry>,
    /// What is wrong with each row that cannot be read.
    pub unreadable: Vec<QueueFailed>,
}

impl InvalidationQueue {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The queue's table, for the lease that is kept beside its rows.
    pub(crate) fn table(&self) -> (&Client, &str) {
        (&self.client, &self.table)
    }

    /// Adds `upsert` to the queue or to the row that its target has already, and returns that row.
    pub async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueFailed> {
        let reasons = upsert.reasons.iter().map(|reason| Reason::as_str(*reason).to_owned()).collect();
        let response = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&upsert.tenant.to_string(), &upsert.target.to_string())))
            .update_expression(
                // What was deleted before this change may have been made anew since: a deletion under way begins again.
                "SET version = :version, lastEventAt = :lastEventAt, \
                 firstEventAt = if_not_exists(firstEventAt, :firstEventAt) \
                 REMOVE sweep \
                 ADD changes :changes, reasons :reasons",
            )
            .expression_attribute_values(":version", AttributeValue::S(upsert.version.clone()))
            .expression_attribute_values(":lastEventAt", number(upsert.last_event_at.as_millis()))
            .expression_attribute_values(":firstEventAt", number(upsert.first_event_at.as_millis()))
            .expression_attribute_values(":changes", number(upsert.changes))
            .expression_attribute_values(":reasons", AttributeValue::Ss(reasons))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| CallFailed::new(format!("enqueueing {} of {}", upsert.target, upsert.tenant), error))?;
        self.entry(response.attributes.unwrap_or_default())
    }

    /// Reads the whole queue, strongly consistent.
    pub async fn read(&self) -> Result<Queue, CallFailed> {
        let mut queue = Queue::default();
        let mut pages = self.client.scan().table_name(&self.table).consistent_read(true).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallFailed::new(format!("reading table {}", self.table), error))?;
            for item in page.items.unwrap_or_default() {
                if crate::lease::is_lease(&item) {
                    continue;
                }
                match self.entry(item) {
                    Ok(entry) => queue.entries.push(entry),
                    Err(error) => queue.unreadable.push(error),
                }
            }
        }
        Ok(queue)
    }

    /// Removes `entry` if nothing was enqueued for its target since it was read. Says whether it was removed.
    pub async fn remove_if_unchanged(&self, entry: &QueueEntry) -> Result<bool, CallFailed> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&entry.tenant.to_string(), &entry.target.to_string())))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::S(entry.version.clone()))
            .send()
            .await;
        is_written(result, format!("removing {} of {}", entry.target, entry.tenant))
    }

    /// Notes how far the deletion of `entry`'s variants has come. A row that changed meanwhile is left alone: its
    /// deletion begins anew.
    pub async fn note_sweep(&self, entry: &QueueEntry, progress: &SweepProgress) -> Result<(), CallFailed> {
        let action = || format!("noting the deletion for {} of {}", entry.target, entry.tenant);
        let progress = serde_dynamo::to_attribute_value(progress).map_err(|error| CallFailed::new(action(), error))?;
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&entry.tenant.to_string(), &entry.target.to_string())))
            .update_expression("SET sweep = :sweep")
            .condition_expression("version = :version")
            .expression_attribute_values(":sweep", progress)
            .expression_attribute_values(":version", AttributeValue::S(entry.version.clone()))
            .send()
            .await;
        is_written(result, action())?;
        Ok(())
    }

    /// Counts one more purge that left `entry` in the queue; the next one deletes from the first variant on. A row that
    /// changed meanwhile is left alone.
    pub async fn count_attempt(&self, entry: &QueueEntry) -> Result<(), CallFailed> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&entry.tenant.to_string(), &entry.target.to_string())))
            .update_expression("REMOVE sweep ADD attempts :one")
            .condition_expression("version = :version")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":version", AttributeValue::S(entry.version.clone()))
            .send()
            .await;
        is_written(result, format!("counting an attempt at {} of {}", entry.target, entry.tenant))?;
        Ok(())
    }

    fn entry(&self, item: HashMap<String, AttributeValue>) -> Result<QueueEntry, QueueFailed> {
        let key = |name| item.get(name).and_then(|key| key.as_s().ok()).map_or("?", String::as_str);
        let row = format!("{} of {}", key("target"), key("tenant"));
        serde_dynamo::from_item(item).map_err(|cause| QueueFailed::Row { table: self.table.clone(), row, cause })
    }
}

/// The primary key of a row.
pub(crate) fn key(tenant: &str, target: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("tenant".to_owned(), AttributeValue::S(tenant.to_owned())),
        ("target".to_owned(), AttributeValue::S(target.to_owned())),
    ])
}

/// A DynamoDB number.
pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
