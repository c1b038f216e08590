//! The counter of wake-ups, beside the lease. It is an item of its own: the transactions of the outbox check the lease's
//! item, and would conflict with the writes of many wakers.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::{TenantId, Timestamp};
use purging::ports::{Wakeups, Woken};

use crate::CallError;
use crate::call_error::sdk_error;
use crate::conditional::is_written;
use crate::invalidation_queue::{InvalidationQueue, key, number, number_of};
use crate::lease::lease_key;

/// The counter's key in the queue's table. No tenant can be called `#wake-up`.
const TENANT: &str = "#wake-up";
const TARGET: &str = "image-invalidation";

impl Wakeups for InvalidationQueue {
    /// A retry after a lost response counts twice, which wakes once more than needed.
    async fn count_up(&self, tenants: &BTreeSet<TenantId>) -> Result<(), CallError> {
        let (client, table) = self.table();
        let tenants = tenants.iter().map(ToString::to_string).collect();
        client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("ADD wakeUps :one, tenants :tenants")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":tenants", AttributeValue::Ss(tenants))
            .send()
            .await
            .map_err(|error| sdk_error(format!("counting a wake-up in table {table}"), error))?;
        Ok(())
    }

    async fn is_leased(&self, now: Timestamp) -> Result<bool, CallError> {
        let (client, table) = self.table();
        let get = client.get_item().table_name(table).consistent_read(true).set_key(Some(lease_key()));
        let response = get.send().await;
        let response = response.map_err(|error| sdk_error(format!("reading the lease in table {table}"), error))?;
        let expires_at = response.item.as_ref().and_then(|lease| number_of(lease, "leaseExpiresAt"));
        Ok(expires_at.is_some_and(|expires_at| now.as_millis() < expires_at))
    }

    /// A retry after a lost response finds its own note and returns `false`; the invocation is left to the next waker or
    /// to the schedule.
    async fn note_invocation(&self, now: Timestamp, since: Timestamp) -> Result<bool, CallError> {
        let (client, table) = self.table();
        let result = client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("SET invokedAt = :now")
            .condition_expression("attribute_not_exists(invokedAt) OR invokedAt <= :since")
            .expression_attribute_values(":now", number(now.as_millis()))
            .expression_attribute_values(":since", number(since.as_millis()))
            .send()
            .await;
        is_written(result, format!("noting an invocation in table {table}"))
    }

    async fn arrive(&self) -> Result<(), CallError> {
        let (client, table) = self.table();
        client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("REMOVE invokedAt")
            .send()
            .await
            .map_err(|error| sdk_error(format!("noting an arrival in table {table}"), error))?;
        Ok(())
    }

    async fn count(&self) -> Result<u64, CallError> {
        let (client, table) = self.table();
        let get = client.get_item().table_name(table).consistent_read(true).set_key(Some(key(TENANT, TARGET)));
        let response = get.projection_expression("wakeUps").send().await;
        let response =
            response.map_err(|error| sdk_error(format!("reading the count of wake-ups in table {table}"), error))?;
        Ok(response.item.as_ref().and_then(|item| number_of(item, "wakeUps")).unwrap_or_default())
    }

    async fn take(&self) -> Result<Woken, CallError> {
        let (client, table) = self.table();
        let response = client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("REMOVE tenants")
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| sdk_error(format!("taking the wake-ups of table {table}"), error))?;
        let item = response.attributes.unwrap_or_default();
        let tenants = item.get("tenants").and_then(|tenants| tenants.as_ss().ok()).into_iter().flatten();
        // Wakers write valid ids only. Another text would name no row.
        let tenants = tenants.filter_map(|tenant| TenantId::parse(tenant).ok()).collect();
        Ok(Woken { count: number_of(&item, "wakeUps").unwrap_or_default(), tenants })
    }
}

impl InvalidationQueue {
    /// Removes a tenant that is gone from those whose rows the next purge run reads.
    pub async fn remove_woken(&self, tenant: &TenantId) -> Result<(), CallError> {
        let (client, table) = self.table();
        client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, TARGET)))
            .update_expression("DELETE tenants :tenant")
            .expression_attribute_values(":tenant", AttributeValue::Ss(vec![tenant.to_string()]))
            .send()
            .await
            .map_err(|error| sdk_error(format!("removing {tenant} from the wake-ups of table {table}"), error))?;
        Ok(())
    }
}
