//! The allowances of manual purges: one item for each tenant, kept beside the queue's rows.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{TenantId, Timestamp};
use purging::ports::Allowances;

use crate::CallError;
use crate::call_error::sdk_error;
use crate::conditional::is_written;
use crate::invalidation_queue::{InvalidationQueue, key, number};

/// The mark of an allowance's first key, before the tenant: each has a partition of its own, so that the requests of one
/// tenant never throttle another's. No tenant's name begins with `#`.
const TENANT_MARK: &str = "#allowance/";
const TARGET: &str = "manual-purges";

impl Allowances for InvalidationQueue {
    async fn full_at(&self, tenant: &TenantId) -> Result<Option<Timestamp>, CallError> {
        let (client, table) = self.table();
        let action = || format!("reading the allowance of {tenant} in table {table}");
        let get = client.get_item().table_name(table).consistent_read(true).set_key(Some(allowance_key(tenant)));
        let response = get.send().await.map_err(|error| sdk_error(action(), error))?;
        let Some(item) = response.item else { return Ok(None) };
        let millis = item.get("fullAt").and_then(|full_at| full_at.as_n().ok()?.parse().ok());
        let millis = millis.ok_or_else(|| CallError::new(action(), "its fullAt is not a number of milliseconds"))?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    async fn replace(&self, tenant: &TenantId, seen: Option<Timestamp>, full_at: Timestamp) -> Result<bool, CallError> {
        let (client, table) = self.table();
        let update = client
            .update_item()
            .table_name(table)
            .set_key(Some(allowance_key(tenant)))
            .update_expression("SET fullAt = :fullAt")
            .expression_attribute_values(":fullAt", number(full_at.as_millis()));
        let update = match seen {
            None => update.condition_expression("attribute_not_exists(fullAt)"),
            Some(seen) => update
                .condition_expression("fullAt = :seen")
                .expression_attribute_values(":seen", number(seen.as_millis())),
        };
        is_written(update.send().await, format!("replacing the allowance of {tenant} in table {table}"))
    }
}

impl InvalidationQueue {
    /// Removes the allowance of a tenant that is gone.
    pub async fn remove_allowance(&self, tenant: &TenantId) -> Result<(), CallError> {
        let (client, table) = self.table();
        let delete = client.delete_item().table_name(table).set_key(Some(allowance_key(tenant)));
        let action = || format!("removing the allowance of {tenant} in table {table}");
        delete.send().await.map_err(|error| sdk_error(action(), error))?;
        Ok(())
    }
}

fn allowance_key(tenant: &TenantId) -> HashMap<String, AttributeValue> {
    key(&format!("{TENANT_MARK}{tenant}"), TARGET)
}
