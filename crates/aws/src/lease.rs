//! The lease that lets one purge run work at a time. Its fencing token grows each time it is taken, so that a write of a
//! purge run whose lease has expired is detected.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, ReturnValue};
use domain::Timestamp;
use purging::ports::{Lease, Leases};

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;
use crate::invalidation_queue::{InvalidationQueue, key, number};

/// The lease's key in the queue's table. No tenant can be called `#lease`.
const TENANT: &str = "#lease";
const TARGET: &str = "image-invalidation";

/// The primary key of the lease.
pub(crate) fn lease_key() -> HashMap<String, AttributeValue> {
    key(TENANT, TARGET)
}

impl Leases for InvalidationQueue {
    /// A retry after a lost response succeeds.
    async fn take(&self, owner: &str, now: Timestamp, duration: Duration) -> Result<Option<Lease>, CallError> {
        let (client, table) = self.table();
        let action = || format!("taking the lease in table {table}");
        let result = client
            .update_item()
            .table_name(table)
            .set_key(Some(lease_key()))
            .update_expression("SET leaseOwner = :owner, leaseExpiresAt = :expires ADD leaseToken :one")
            .condition_expression(
                "attribute_not_exists(leaseExpiresAt) OR leaseExpiresAt <= :now OR leaseOwner = :owner",
            )
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":expires", number(now.plus(duration).as_millis()))
            .expression_attribute_values(":now", number(now.as_millis()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let response = match result {
            Ok(response) => response,
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => return Ok(None),
            Err(error) => return Err(sdk_error(action(), error)),
        };
        let token = response.attributes.as_ref().and_then(token_of);
        let token = token.ok_or_else(|| CallError::new(action(), "DynamoDB's response has no leaseToken"))?;
        Ok(Some(Lease { owner: owner.to_owned(), token }))
    }

    /// An expired lease is renewed too, if no other purge run has taken it.
    async fn renew(&self, lease: &Lease, now: Timestamp, duration: Duration) -> Result<bool, CallError> {
        let (client, table) = self.table();
        let result = client
            .update_item()
            .table_name(table)
            .set_key(Some(lease_key()))
            .update_expression("SET leaseExpiresAt = :expires")
            .condition_expression("leaseToken = :token")
            .expression_attribute_values(":expires", number(now.plus(duration).as_millis()))
            .expression_attribute_values(":token", number(lease.token))
            .send()
            .await;
        is_written(result, format!("renewing the lease in table {table}"))
    }

    /// The row stays: its fencing token must never start again.
    async fn release(&self, lease: &Lease) -> Result<(), CallError> {
        let (client, table) = self.table();
        let result = client
            .update_item()
            .table_name(table)
            .set_key(Some(lease_key()))
            .update_expression("SET leaseExpiresAt = :never")
            .condition_expression("leaseToken = :token")
            .expression_attribute_values(":never", number(0))
            .expression_attribute_values(":token", number(lease.token))
            .send()
            .await;
        is_written(result, format!("releasing the lease in table {table}"))?;
        Ok(())
    }
}

impl InvalidationQueue {
    /// The condition that the fencing token of `lease` is still the newest.
    pub(crate) fn token_check(&self, lease: &Lease) -> Result<ConditionCheck, CallError> {
        let (_, table) = self.table();
        ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(lease_key()))
            .condition_expression("leaseToken = :token")
            .expression_attribute_values(":token", number(lease.token))
            .build()
            .map_err(|error| call_error("checking the lease", error))
    }
}

fn token_of(item: &HashMap<String, AttributeValue>) -> Option<u64> {
    item.get("leaseToken")?.as_n().ok()?.parse().ok()
}
