//! What an operator can see from outside: the queue, the ledger, the invalidations and the dead letters.

use std::collections::HashMap;

use aws_sdk_cloudfront::types::InvalidationSummary;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::purge::ledger::LedgerRow;
use domain::queue::queue_entry::QueueEntry;
use serde::de::DeserializeOwned;

use crate::clients::Clients;

/// The construct id of the scheduled function, which its log group's name contains.
const PURGE_RUN_FUNCTION: &str = "ImageInvalidation";
/// What the scheduled function logs when a purge run has ended.
const PURGE_RUN_FINISHED: &str = "purge run finished";

/// Somebody who looks at the deployed pipeline and touches nothing.
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
    /// The address of the queue where what could not be processed ends.
    pub dead_letter_queue_url: String,
}

/// One invalidation, as the emulator lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// CloudFront's id.
    pub id: String,
    /// When the emulator accepted it, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// `InProgress` or `Completed`.
    pub status: String,
    /// The paths and tags, sorted.
    pub items: Vec<String>,
}

/// Something that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserverError {
    /// A table could not be read.
    #[error("the table {table} could not be read")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: Box<aws_sdk_dynamodb::Error>,
    },
    /// A row has another form than this program knows.
    #[error("a row of {table} has an unknown form")]
    Row {
        /// The table.
        table: String,
        /// Why.
        source: serde_dynamo::Error,
    },
    /// The emulator's list of invalidations could not be read.
    #[error("the invalidations of {distribution_id} could not be read")]
    Invalidations {
        /// The distribution.
        distribution_id: String,
        /// Why.
        source: Box<aws_sdk_cloudfront::Error>,
    },
    /// The dead-letter queue could not be read.
    #[error("the dead-letter queue could not be read")]
    DeadLetters(#[source] Box<aws_sdk_sqs::Error>),
    /// The functions' logs could not be read.
    #[error("the logs of {function} could not be read")]
    Logs {
        /// The function's construct id.
        function: &'static str,
        /// Why.
        source: Box<aws_sdk_cloudwatchlogs::Error>,
    },
    /// The dead-letter queue did not say how many messages it holds.
    #[error("the dead-letter queue responded without ApproximateNumberOfMessages")]
    NoCount,
}

impl Observer {
    /// Everything that waits to be purged.
    pub async fn queue(&self) -> Result<Vec<QueueEntry>, ObserverError> {
        // The lease and the requests lie beside the entries, under names that no tenant can have.
        let is_entry =
            |row: &HashMap<String, AttributeValue>| tenant_of(row).is_none_or(|tenant| !tenant.starts_with('#'));
        self.rows(&self.queue_table, is_entry).await
    }

    /// Everything that was purged.
    pub async fn ledger(&self) -> Result<Vec<LedgerRow>, ObserverError> {
        self.rows(&self.ledger_table, |_| true).await
    }

    /// Every invalidation of a distribution, the newest first, as CloudFront lists them.
    pub async fn invalidations(&self, distribution_id: &str) -> Result<Vec<Invalidation>, ObserverError> {
        let failed = |error| invalidations_failed(distribution_id, error);
        let mut summaries: Vec<InvalidationSummary> = Vec::new();
        let mut marker = None;
        loop {
            let list = self.clients.cloudfront.list_invalidations().distribution_id(distribution_id);
            let page = list.set_marker(marker).send().await.map_err(|error| failed(error.into()))?;
            let Some(list) = page.invalidation_list else { break };
            summaries.extend(list.items.unwrap_or_default());
            match list.next_marker {
                Some(next) if list.is_truncated => marker = Some(next),
                _ => break,
            }
        }
        self.with_items(distribution_id, summaries).await
    }

    /// The newest invalidations of a distribution, at most `count` of them.
    pub async fn latest_invalidations(
        &self,
        distribution_id: &str,
        count: i32,
    ) -> Result<Vec<Invalidation>, ObserverError> {
        let list = self.clients.cloudfront.list_invalidations().distribution_id(distribution_id).max_items(count);
        let page = list.send().await.map_err(|error| invalidations_failed(distribution_id, error.into()))?;
        let summaries = page.invalidation_list.and_then(|list| list.items).unwrap_or_default();
        self.with_items(distribution_id, summaries).await
    }

    async fn with_items(
        &self,
        distribution_id: &str,
        summaries: Vec<InvalidationSummary>,
    ) -> Result<Vec<Invalidation>, ObserverError> {
        let mut invalidations = Vec::with_capacity(summaries.len());
        for summary in summaries {
            let get = self.clients.cloudfront.get_invalidation().distribution_id(distribution_id);
            let got = get.id(&summary.id).send().await;
            let got = got.map_err(|error| invalidations_failed(distribution_id, error.into()))?;
            let paths = got.invalidation.and_then(|i| i.invalidation_batch).and_then(|batch| batch.paths);
            let mut items = paths.and_then(|paths| paths.items).unwrap_or_default();
            items.sort_unstable();
            let created_at_ms =
                summary.create_time.to_millis().ok().and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default();
            invalidations.push(Invalidation { id: summary.id, created_at_ms, status: summary.status, items });
        }
        Ok(invalidations)
    }

    /// How many messages wait in the dead-letter queue.
    pub async fn dead_letters(&self) -> Result<u64, ObserverError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let get = self.clients.sqs.get_queue_attributes().queue_url(&self.dead_letter_queue_url);
        let attributes = get
            .attribute_names(name.clone())
            .send()
            .await
            .map_err(|error| ObserverError::DeadLetters(Box::new(error.into())))?
            .attributes
            .unwrap_or_default();
        attributes.get(&name).and_then(|count| count.parse().ok()).ok_or(ObserverError::NoCount)
    }

    /// When each purge run that has ended did so, in milliseconds since 1970 and in the order of time: a purge run that
    /// finds nothing to do leaves no other trace than its log line.
    pub async fn purge_runs(&self) -> Result<Vec<u64>, ObserverError> {
        let events = self.logs(PURGE_RUN_FUNCTION).await?.into_iter();
        let ends = events.filter(|event| event.message().is_some_and(|line| line.contains(PURGE_RUN_FINISHED)));
        let mut purge_runs: Vec<_> = ends.filter_map(|event| u64::try_from(event.timestamp?).ok()).collect();
        purge_runs.sort_unstable();
        Ok(purge_runs)
    }

    /// Everything that was logged in the log groups whose names contain `function`, the function's construct id; with
    /// an empty one, everything that any function logged.
    pub async fn logs(&self, function: &'static str) -> Result<Vec<FilteredLogEvent>, ObserverError> {
        let failed = |error: aws_sdk_cloudwatchlogs::Error| ObserverError::Logs { function, source: Box::new(error) };
        let groups = self.clients.logs.describe_log_groups().into_paginator().items().send();
        let groups: Vec<_> = groups.try_collect().await.map_err(|error| failed(error.into()))?;
        let names = groups.into_iter().filter_map(|group| group.log_group_name);
        let mut events = Vec::new();
        for name in names.filter(|name| name.contains(function)) {
            let pages = self.clients.logs.filter_log_events().log_group_name(name).into_paginator().send();
            let pages: Vec<_> = pages.try_collect().await.map_err(|error| failed(error.into()))?;
            events.extend(pages.into_iter().flat_map(|page| page.events.unwrap_or_default()));
        }
        Ok(events)
    }

    /// Every item of the image-pack table and every row of the queue and the ledger: what would differ if anything had
    /// been written.
    pub async fn everything_written(&self) -> Result<Vec<HashMap<String, AttributeValue>>, ObserverError> {
        let mut written = Vec::new();
        for table in [&self.image_pack_table, &self.queue_table, &self.ledger_table] {
            written.extend(self.items(table).await?);
        }
        // The lease is taken and released by every purge run.
        written.retain(|item| tenant_of(item) != Some("#lease"));
        Ok(written)
    }

    async fn items(&self, table: &str) -> Result<Vec<HashMap<String, AttributeValue>>, ObserverError> {
        let scan = self.clients.dynamodb.scan().table_name(table).consistent_read(true);
        let items = scan.into_paginator().items().send().try_collect().await;
        items.map_err(|error| ObserverError::Table { table: table.to_owned(), source: Box::new(error.into()) })
    }

    async fn rows<T: DeserializeOwned>(
        &self,
        table: &str,
        wanted: impl Fn(&HashMap<String, AttributeValue>) -> bool,
    ) -> Result<Vec<T>, ObserverError> {
        let mut items = self.items(table).await?;
        items.retain(wanted);
        serde_dynamo::from_items(items).map_err(|source| ObserverError::Row { table: table.to_owned(), source })
    }
}

fn invalidations_failed(distribution_id: &str, error: aws_sdk_cloudfront::Error) -> ObserverError {
    ObserverError::Invalidations { distribution_id: distribution_id.to_owned(), source: Box::new(error) }
}

/// Whose an item is, by its partition key.
fn tenant_of(item: &HashMap<String, AttributeValue>) -> Option<&str> {
    item.get("tenant")?.as_s().ok().map(String::as_str)
}
