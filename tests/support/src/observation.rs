//! Observations of an environment after a handler ran.

use aws_sdk_cloudfront::types::InvalidationSummary;
use serde_json::Value;

use crate::environment::{Environment, distribution_id};
use crate::{LocalDynamoDb, LocalS3};

/// An invalidation as CloudFront knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// Its id.
    pub id: String,
    /// `InProgress` or `Completed`.
    pub status: String,
    /// Its items, as they were sent.
    pub items: Vec<String>,
}

impl Environment {
    /// The keys of the variants that are stored, sorted.
    pub async fn variants(&self) -> Vec<String> {
        let list = self.s3.client().list_objects_v2().bucket(LocalS3::VARIANTS_BUCKET);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.expect("ListObjectsV2").contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        keys
    }

    /// The rows of `table` as plain JSON, sorted by key.
    pub async fn rows(&self, table: &str) -> Vec<Value> {
        let scan = self.dynamodb().scan().table_name(table).send().await.expect("Scan");
        let mut rows: Vec<Value> = serde_dynamo::from_items(scan.items.unwrap_or_default()).expect("rows");
        rows.sort_by_key(|row| ["tenant", "target", "purge"].map(|key| row[key].to_string()));
        rows
    }

    /// The queue's rows, without what is kept beside them.
    pub async fn queue_rows(&self) -> Vec<Value> {
        let mut rows = self.rows(LocalDynamoDb::INVALIDATION_QUEUE_TABLE).await;
        rows.retain(|row| !row["tenant"].as_str().unwrap_or_default().starts_with('#'));
        rows
    }

    /// The requests in flight.
    pub async fn requests(&self) -> Vec<Value> {
        let mut rows = self.rows(LocalDynamoDb::INVALIDATION_QUEUE_TABLE).await;
        rows.retain(|row| row["tenant"] == "#request");
        rows
    }

    /// The entries of the queue, each as `<tenant> <target>`.
    pub async fn queued(&self) -> Vec<String> {
        let name = |row: &Value| [&row["tenant"], &row["target"]].map(|key| key.as_str().unwrap_or("?")).join(" ");
        self.queue_rows().await.iter().map(name).collect()
    }

    /// Whether a purge run has the lease.
    pub async fn has_lease(&self) -> bool {
        let rows = self.rows(LocalDynamoDb::INVALIDATION_QUEUE_TABLE).await;
        rows.iter().any(|row| row["tenant"] == "#lease" && row["leaseExpiresAt"] != 0)
    }

    /// The ledger's rows.
    pub async fn ledger(&self) -> Vec<Value> {
        self.rows(LocalDynamoDb::PURGE_LEDGER_TABLE).await
    }

    /// The invalidations that CloudFront accepted for `tenant`, in the order of their creation.
    pub async fn invalidations(&self, tenant: &str) -> Vec<Invalidation> {
        let client = self.cloudfront();
        let list = client.list_invalidations().distribution_id(distribution_id(tenant)).send().await;
        let list = list.expect("ListInvalidations").invalidation_list.expect("a list");
        let mut invalidations = Vec::new();
        for InvalidationSummary { id, .. } in list.items.unwrap_or_default().into_iter().rev() {
            let get = client.get_invalidation().distribution_id(distribution_id(tenant)).id(&id).send().await;
            let invalidation = get.expect("GetInvalidation").invalidation.expect("an invalidation");
            let paths = invalidation.invalidation_batch.and_then(|batch| batch.paths).expect("a batch");
            let items = paths.items.unwrap_or_default();
            invalidations.push(Invalidation { id, status: invalidation.status, items });
        }
        invalidations
    }

    /// The items of each invalidation that CloudFront accepted for `tenant`, in the order of their creation.
    pub async fn invalidated(&self, tenant: &str) -> Vec<Vec<String>> {
        self.invalidations(tenant).await.into_iter().map(|invalidation| invalidation.items).collect()
    }

    /// The dead letters, taken from their queue.
    pub async fn dead_letters(&self) -> Vec<Value> {
        let sqs = self.sqs.client();
        let mut dead_letters = Vec::new();
        loop {
            let receive = sqs.receive_message().queue_url(self.sqs.queue_url()).max_number_of_messages(10);
            let messages = receive.send().await.expect("ReceiveMessage").messages.unwrap_or_default();
            if messages.is_empty() {
                return dead_letters;
            }
            for message in messages {
                dead_letters
                    .push(serde_json::from_str(&message.body.unwrap_or_default()).expect("a dead letter is JSON"));
                let delete = sqs.delete_message().queue_url(self.sqs.queue_url());
                let delete = delete.receipt_handle(message.receipt_handle.unwrap_or_default());
                delete.send().await.expect("DeleteMessage");
            }
        }
    }
}
