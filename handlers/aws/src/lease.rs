//! The lease that lets one run of the invalidation work at a time.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;

use crate::CallFailed;
use crate::conditional::is_written;
use crate::invalidation_queue::{InvalidationQueue, key, number};

/// The lease's key in the queue's table. No tenant can be called `#lease`.
const TENANT: &str = "#lease";
const TARGET: &str = "image-invalidation";

/// Whether an item of the queue's table is the lease and not an entry.
pub(crate) fn is_lease(item: &HashMap<String, AttributeValue>) -> bool {
    item.get("tenant").and_then(|tenant| tenant.as_s().ok()).is_some_and(|tenant| tenant == TENANT)
}

impl InvalidationQueue {
    /// Takes the lease for `duration` in the name of `owner`, unless another run holds one that has not expired.
    /// Says whether it was taken.
    pub async fn take_lease(&self, owner: &str, now: Timestamp, duration: Duration) -> Result<bool, CallFailed> {
        let (client, table) = self.table();
        let result = client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("SET leaseOwner = :owner, leaseExpiresAt = :expires")
            .condition_expression("attribute_not_exists(leaseExpiresAt) OR leaseExpiresAt <= :now")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":expires", number(now.plus(duration).as_millis()))
            .expression_attribute_values(":now", number(now.as_millis()))
            .send()
            .await;
        is_written(result, format!("taking the lease in table {table}"))
    }

    /// Gives the lease back, unless somebody else has taken it since it expired.
    pub async fn release_lease(&self, owner: &str) -> Result<(), CallFailed> {
        let (client, table) = self.table();
        let result = client
            .delete_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .condition_expression("leaseOwner = :owner")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .send()
            .await;
        is_written(result, format!("releasing the lease in table {table}"))?;
        Ok(())
    }
}
