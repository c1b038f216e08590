//! Render locks: of parallel first requests for a variant, one renders it.
//!
//! A render lock is an item that expires. It promises nothing: an image is rendered without one when the table does
//! not respond or a lock's holder takes too long.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{TenantId, Timestamp};

use crate::CallError;
use crate::conditional::is_written;
use crate::invalidation_queue::number;

/// The table of render locks: partition `tenant`, sort `variant`.
#[derive(Debug, Clone)]
pub struct RenderLockTable {
    client: Client,
    table: String,
    duration: Duration,
}

/// A render lock that was acquired.
#[derive(Debug)]
pub struct RenderLock {
    key: HashMap<String, AttributeValue>,
    /// The id of this lock, which a later lock of another request does not have.
    until: Timestamp,
}

impl RenderLockTable {
    /// The table named `table`. A lock expires after `duration`, the longest time that a rendering may take: a holder
    /// that crashed only delays.
    #[must_use]
    pub fn new(client: Client, table: String, duration: Duration) -> Self {
        Self { client, table, duration }
    }

    /// The duration of a lock that is not released.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Locks the variant with the key `variant`, unless another request holds an unexpired lock.
    pub async fn acquire(
        &self,
        tenant: &TenantId,
        variant: &str,
        now: Timestamp,
    ) -> Result<Option<RenderLock>, CallError> {
        let until = now.plus(self.duration);
        let key = HashMap::from([
            ("tenant".to_owned(), AttributeValue::S(tenant.to_string())),
            ("variant".to_owned(), AttributeValue::S(variant.to_owned())),
        ]);
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key.clone()))
            .item("untilMillis", number(until.as_millis()))
            // DynamoDB's time to live takes seconds and deletes within days; the condition needs neither.
            .item("expiresAt", number(until.as_secs() + 1))
            .condition_expression("attribute_not_exists(untilMillis) OR untilMillis <= :now")
            .expression_attribute_values(":now", number(now.as_millis()))
            .send()
            .await;
        let is_acquired = is_written(result, format!("locking {variant} in table {}", self.table))?;
        Ok(is_acquired.then_some(RenderLock { key, until }))
    }

    /// Releases `lock`, unless it expired and another request has acquired it since.
    pub async fn release(&self, lock: RenderLock) -> Result<(), CallError> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(lock.key))
            .condition_expression("untilMillis = :until")
            .expression_attribute_values(":until", number(lock.until.as_millis()))
            .send()
            .await;
        is_written(result, format!("releasing a render lock in table {}", self.table))?;
        Ok(())
    }
}
