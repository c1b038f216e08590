//! The operators' view: the queue, the ledger, the invalidations and the dead letters. It reads only.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_cloudfront::types::{InvalidationList, InvalidationSummary};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use contract::names::Distribution;
use domain::TenantId;
use domain::purge::ledger::LedgerRow;
use domain::queue::queue_entry::QueueEntry;
use serde::de::DeserializeOwned;

use crate::cause::{Cause, Context as _};
use crate::clients::Clients;
use crate::expectation::wait_for;

/// The time limit for the stream to fill the queue. The mapping gathers records for a second; the rest is for a cold
/// start on a busy machine.
const QUEUED_WITHIN: Duration = Duration::from_secs(30);

/// Reads the deployed pipeline.
#[derive(Debug, Clone)]
pub struct Observer {
    /// The AWS clients.
    pub clients: Clients,
    /// The image-pack table.
    pub image_pack_table: String,
    /// The bucket of originals.
    pub originals_bucket: String,
    /// The bucket of variants.
    pub variants_bucket: String,
    /// The invalidation queue's table.
    pub queue_table: String,
    /// The purge ledger's table.
    pub ledger_table: String,
    /// The URL of the dead-letter queue.
    pub dead_letter_queue_url: String,
}

/// One invalidation, as the emulator lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// CloudFront's id.
    pub id: String,
    /// The time of its creation, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// `InProgress` or `Completed`.
    pub status: String,
    /// The paths and tags, sorted.
    pub items: Vec<String>,
}

/// One item of a table.
pub type Item = HashMap<String, AttributeValue>;

impl Observer {
    /// Every entry of the queue that can be read.
    pub async fn queue(&self) -> Result<Vec<QueueEntry>, Cause> {
        // The lease, the counter of wake-ups and the outbox are beside the entries, under names that no tenant can have.
        let is_entry = |row: &Item| tenant_of(row).is_none_or(|tenant| !tenant.starts_with('#'));
        self.rows(&self.queue_table, is_entry).await
    }

    /// Waits until the stream has queued `target` of `tenant`, and returns its entry.
    pub async fn queued(&self, tenant: &TenantId, target: &str) -> Result<QueueEntry, Cause> {
        wait_for(&format!("{target} of {tenant} in the queue"), QUEUED_WITHIN, async || {
            let queue = self.queue().await?;
            let entry = queue.iter().find(|entry| entry.tenant == *tenant && entry.target.to_string() == target);
            Ok(entry.cloned().ok_or_else(|| described(&queue)))
        })
        .await
    }

    /// Every row of the ledger that can be read.
    pub async fn ledger(&self) -> Result<Vec<LedgerRow>, Cause> {
        self.rows(&self.ledger_table, |_| true).await
    }

    /// Every invalidation of a tenant's distribution or distribution tenant, the newest first.
    pub async fn invalidations(&self, distribution: &Distribution) -> Result<Vec<Invalidation>, Cause> {
        let mut summaries = Vec::new();
        let mut marker = None;
        loop {
            let page = self.page(distribution, marker, None).await?;
            summaries.extend(page.items.unwrap_or_default());
            match page.next_marker {
                Some(next) if page.is_truncated => marker = Some(next),
                _ => break,
            }
        }
        self.with_items(distribution, summaries).await
    }

    /// The newest invalidations of a tenant's distribution or distribution tenant, at most `count`.
    pub async fn latest_invalidations(
        &self,
        distribution: &Distribution,
        count: i32,
    ) -> Result<Vec<Invalidation>, Cause> {
        let page = self.page(distribution, None, Some(count)).await?;
        self.with_items(distribution, page.items.unwrap_or_default()).await
    }

    async fn page(
        &self,
        distribution: &Distribution,
        marker: Option<String>,
        max_items: Option<i32>,
    ) -> Result<InvalidationList, Cause> {
        let action = || format!("listing the invalidations of {}", distribution.invalidated_id());
        let client = &self.clients.cloudfront;
        let page = if let Some(tenant) = &distribution.distribution_tenant_id {
            let list = client.list_invalidations_for_distribution_tenant().id(tenant);
            list.set_marker(marker).set_max_items(max_items).send().await.context(action())?.invalidation_list
        } else {
            let list = client.list_invalidations().distribution_id(&distribution.distribution_id);
            list.set_marker(marker).set_max_items(max_items).send().await.context(action())?.invalidation_list
        };
        Ok(page.ok_or_else(action)?)
    }

    async fn with_items(
        &self,
        distribution: &Distribution,
        summaries: Vec<InvalidationSummary>,
    ) -> Result<Vec<Invalidation>, Cause> {
        let client = &self.clients.cloudfront;
        let mut invalidations = Vec::with_capacity(summaries.len());
        for InvalidationSummary { id, create_time, status, .. } in summaries {
            let action = || format!("reading invalidation {id}");
            let got = if let Some(tenant) = &distribution.distribution_tenant_id {
                let get = client.get_invalidation_for_distribution_tenant().distribution_tenant_id(tenant).id(&id);
                get.send().await.context(action())?.invalidation
            } else {
                let get = client.get_invalidation().distribution_id(&distribution.distribution_id).id(&id);
                get.send().await.context(action())?.invalidation
            };
            let paths = got.and_then(|found| found.invalidation_batch).and_then(|batch| batch.paths);
            let mut items = paths.and_then(|paths| paths.items).unwrap_or_default();
            items.sort_unstable();
            let created_at_ms = create_time.to_millis()?.try_into()?;
            invalidations.push(Invalidation { id, created_at_ms, status, items });
        }
        Ok(invalidations)
    }

    /// The number of dead letters.
    pub async fn dead_letters(&self) -> Result<u64, Cause> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let get = self.clients.sqs.get_queue_attributes().queue_url(&self.dead_letter_queue_url);
        let attributes = get.attribute_names(name.clone()).send().await?.attributes.unwrap_or_default();
        Ok(attributes.get(&name).ok_or("the dead-letter queue has no ApproximateNumberOfMessages")?.parse()?)
    }

    /// Every item of the image-pack table, the queue and the ledger, except the lease and the counter of wake-ups, which
    /// every purge run writes.
    pub async fn everything_written(&self) -> Result<Vec<Item>, Cause> {
        let mut written = Vec::new();
        for table in [&self.image_pack_table, &self.queue_table, &self.ledger_table] {
            written.extend(self.items(table).await?);
        }
        written.retain(|item| !matches!(tenant_of(item), Some("#lease" | "#wake-up")));
        Ok(written)
    }

    async fn items(&self, table: &str) -> Result<Vec<Item>, Cause> {
        let scan = self.clients.dynamodb.scan().table_name(table).consistent_read(true);
        let items = scan.into_paginator().items().send().try_collect().await;
        items.context(format!("reading the table {table}"))
    }

    async fn rows<T: DeserializeOwned>(&self, table: &str, is_wanted: impl Fn(&Item) -> bool) -> Result<Vec<T>, Cause> {
        let mut items = self.items(table).await?;
        items.retain(is_wanted);
        let (rows, unreadable) = parsed(items);
        for error in unreadable {
            eprintln!("a row of table {table} cannot be read and is left out; correct or delete it: {error}");
        }
        Ok(rows)
    }
}

/// Parses rows, each on its own, and returns them with the errors of those that cannot be read.
fn parsed<T: DeserializeOwned>(items: Vec<Item>) -> (Vec<T>, Vec<String>) {
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for item in items {
        // The keys of the queue and of the ledger.
        let key = ["tenant", "target", "purge"].map(|name| item.get(name).and_then(|key| key.as_s().ok()).cloned());
        match serde_dynamo::from_item(item) {
            Ok(row) => rows.push(row),
            Err(error) => {
                unreadable.push(format!("{}: {error}", key.into_iter().flatten().collect::<Vec<_>>().join(" ")));
            }
        }
    }
    (rows, unreadable)
}

/// A queue entry in a sentence, for example `queued pack#cat of acme: image-locations-changed`.
#[must_use]
pub fn queued_text(entry: &QueueEntry) -> String {
    let reasons: Vec<_> = entry.cause.reasons.iter().map(|reason| reason.as_str()).collect();
    format!("queued {} of {}: {}", entry.target, entry.tenant, reasons.join(", "))
}

/// A queue for an error message.
#[must_use]
pub fn described(queue: &[QueueEntry]) -> String {
    let entries: Vec<_> = queue.iter().map(|entry| format!("{}/{}", entry.tenant, entry.target)).collect();
    format!("a queue of [{}]", entries.join(", "))
}

/// The tenant in an item's partition key.
fn tenant_of(item: &Item) -> Option<&str> {
    item.get("tenant")?.as_s().ok().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use serde_json::json;

    use super::*;

    fn item(json: serde_json::Value) -> Item {
        serde_dynamo::to_item(json).unwrap()
    }

    #[test]
    fn a_row_that_cannot_be_read_is_reported_and_hides_no_other() {
        let row = |target: &str| {
            item(json!({
                "tenant": "acme", "target": target, "version": "1@d", "lastEventAt": 2, "firstEventAt": 1, "changes": 1,
                "reasons": ["manual"], "requestedBy": ["admin:ada"],
            }))
        };
        let mut damaged = row("pack#dog");
        damaged.insert("changes".to_owned(), AttributeValue::B(Blob::new("binary")));
        let (rows, unreadable) = parsed::<QueueEntry>(vec![row("pack#cat"), damaged, row("pack#fox")]);
        let targets: Vec<_> = rows.iter().map(|row| row.target.to_string()).collect();
        assert_eq!(targets, ["pack#cat", "pack#fox"]);
        assert!(matches!(&unreadable[..], [error] if error.starts_with("acme pack#dog: ")), "{unreadable:?}");
    }
}
