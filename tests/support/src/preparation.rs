//! The preparation of an environment before a handler runs.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_ssm::types::ParameterType;
use domain::change::detection::Reason;
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::QueueEntry;
use domain::{Target, TenantId, Timestamp};
use futures_util::{StreamExt, stream};
use purging::ports::Queue;
use serde_json::{Value, json};

use crate::environment::{Environment, REGISTRY_PATH, distribution_id};
use crate::{LocalDynamoDb, LocalS3};

/// The number of concurrent uploads.
const CONCURRENT_UPLOADS: usize = 8;

impl Environment {
    /// Registers the distribution of `tenant`, as its stack does.
    pub async fn register(&self, tenant: &str, has_cache_tags: bool) {
        let value = json!({"distributionId": distribution_id(tenant), "cacheTags": has_cache_tags});
        self.register_as(tenant, &value.to_string()).await;
    }

    /// Registers `value` for `tenant`, whatever it is.
    pub async fn register_as(&self, tenant: &str, value: &str) {
        let put = self.ssm.client().put_parameter().name(format!("{REGISTRY_PATH}/{tenant}"));
        let put = put.r#type(ParameterType::String);
        put.value(value).overwrite(true).send().await.expect("PutParameter");
    }

    /// Removes the registration of `tenant`, as the deletion of its stack does.
    pub async fn unregister(&self, tenant: &str) {
        let delete = self.ssm.client().delete_parameter().name(format!("{REGISTRY_PATH}/{tenant}"));
        delete.send().await.expect("DeleteParameter");
    }

    /// Enqueues `target` (`pack#p1`, `location#main`, `tenant`) of `tenant`, changed at `changed_at`. Done again, it
    /// rewrites the row and gives it another version.
    pub async fn enqueue(&self, tenant: &str, target: &str, changed_at: Timestamp) -> QueueEntry {
        static ENQUEUED: AtomicU64 = AtomicU64::new(1);
        let upsert = Enqueue {
            tenant: TenantId::parse(tenant).expect("a tenant"),
            target: Target::parse(target).expect("a target"),
            version: format!("{}@test", ENQUEUED.fetch_add(1, Ordering::Relaxed)),
            last_event_at: changed_at,
            cause: PurgeCause {
                first_event_at: changed_at,
                changes: 1,
                reasons: [Reason::ImageLocationsChanged].into(),
                requested_by: ["stream".to_owned()].into(),
            },
            is_purged_at_once: false,
            sequences: Vec::new(),
        };
        self.queue().upsert(&upsert).await.expect("an upsert")
    }

    /// Deletes every row of the queue, for the next case of a table.
    pub async fn empty_the_queue(&self) {
        for row in self.queue_rows().await {
            let key = |name: &str| AttributeValue::S(row[name].as_str().unwrap_or_default().to_owned());
            let delete = self.dynamodb().delete_item().table_name(LocalDynamoDb::INVALIDATION_QUEUE_TABLE);
            let delete = delete.key("tenant", key("tenant")).key("target", key("target"));
            delete.send().await.expect("DeleteItem");
        }
    }

    /// Puts `item` into `table` as it is.
    pub async fn put_item(&self, table: &str, item: Value) {
        let item = serde_dynamo::to_item(item).expect("an item");
        self.dynamodb().put_item().table_name(table).set_item(Some(item)).send().await.expect("PutItem");
    }

    /// Stores a variant at each of `keys`.
    pub async fn store_variants(&self, keys: impl IntoIterator<Item = impl Into<String>>) {
        let client = self.s3.client();
        let puts: Vec<_> = keys
            .into_iter()
            .map(|key| client.put_object().bucket(LocalS3::VARIANTS_BUCKET).key(key).body(b"image".to_vec().into()))
            .collect();
        let mut puts = stream::iter(puts).map(PutObjectFluentBuilder::send).buffer_unordered(CONCURRENT_UPLOADS);
        while let Some(put) = puts.next().await {
            put.expect("PutObject");
        }
    }

    /// Puts `dead_letter` into the dead-letter queue.
    pub async fn send_dead_letter(&self, dead_letter: &Value) {
        let send = self.sqs.client().send_message().queue_url(self.sqs.queue_url());
        send.message_body(dead_letter.to_string()).send().await.expect("SendMessage");
    }
}
