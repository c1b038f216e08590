//! The demand table: the requests for each location of a tenant, hour by hour, and the tenant's budget of requests in
//! advance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::warming::{DEMAND_OVER, Demand, Gathered, RequestedLocation};
use domain::{TenantId, Timestamp};
use purging::ports::Allowances;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;
use crate::invalidation_queue::number;
use crate::update_expression::UpdateExpression;

/// The mark of an attribute with the requests for one location, before the location's text.
const LOCATION_MARK: &str = "location#";

/// The sort key of the budget, behind those of all hours.
const BUDGET: &str = "budget";

/// The time for which an hour or a budget is kept after its last write: longer than the demand is summed up over.
const KEPT_FOR: Duration = Duration::from_hours(48);

/// The longest time that a viewer's request waits for the demand to be stored. The write takes milliseconds; what is not
/// stored in this time is not counted.
const STORED_WITHIN: Duration = Duration::from_millis(300);

/// The demand table: partition `tenant`, sort `period`.
#[derive(Debug, Clone)]
pub struct DemandTable {
    client: Client,
    table: String,
}

impl DemandTable {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Adds `demand` to the hour of `now`.
    pub async fn add(&self, tenant: &TenantId, demand: &Demand, now: Timestamp) -> Result<(), CallError> {
        let mut expression = UpdateExpression::default();
        let mut additions = Vec::new();
        for (location, count) in demand {
            let name = expression.name(&format!("{LOCATION_MARK}{location}"));
            additions.push(format!("{name} {}", expression.value(number(*count))));
        }
        let expires_at = expression.value(number(now.plus(KEPT_FOR).as_secs()));
        let action = || format!("counting requests of {tenant} in table {}", self.table);
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(tenant, &hour(now))))
            .update_expression(format!("ADD {} SET expiresAt = {expires_at}", additions.join(", ")))
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .send()
            .await
            .map_err(|error| sdk_error(action(), error))?;
        Ok(())
    }

    /// The requests of `tenant` in the last [`DEMAND_OVER`].
    pub async fn demand(&self, tenant: &TenantId, now: Timestamp) -> Result<Demand, CallError> {
        let action = || format!("reading the demand of {tenant} in table {}", self.table);
        // An hour has about 20 bytes for each location: 25 of them are far below a page of 1 MB.
        let response = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("tenant = :tenant AND period BETWEEN :from AND :to")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .expression_attribute_values(":from", AttributeValue::S(hour(now.minus(DEMAND_OVER))))
            .expression_attribute_values(":to", AttributeValue::S(hour(now)))
            .send()
            .await
            .map_err(|error| sdk_error(action(), error))?;
        let mut demand = Demand::new();
        for (name, value) in response.items.unwrap_or_default().into_iter().flatten() {
            let Some(location) = name.strip_prefix(LOCATION_MARK) else { continue };
            let location: RequestedLocation = location.parse().map_err(|error| call_error(action(), error))?;
            let count = value.as_n().ok().and_then(|count| count.parse::<u64>().ok());
            *demand.entry(location).or_default() += count.unwrap_or_default();
        }
        Ok(demand)
    }
}

/// The budget of a tenant's requests in advance.
impl Allowances for DemandTable {
    async fn full_at(&self, tenant: &TenantId) -> Result<Option<Timestamp>, CallError> {
        let action = || format!("reading the budget of {tenant} in table {}", self.table);
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key(tenant, BUDGET))).send().await;
        let item = get.map_err(|error| sdk_error(action(), error))?.item.unwrap_or_default();
        let millis = item.get("fullAt").and_then(|full_at| full_at.as_n().ok()?.parse().ok());
        Ok(millis.map(Timestamp::from_millis))
    }

    async fn replace(&self, tenant: &TenantId, seen: Option<Timestamp>, full_at: Timestamp) -> Result<bool, CallError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(tenant, BUDGET)))
            .update_expression("SET fullAt = :fullAt, expiresAt = :expiresAt")
            .expression_attribute_values(":fullAt", number(full_at.as_millis()))
            .expression_attribute_values(":expiresAt", number(full_at.plus(KEPT_FOR).as_secs()));
        let update = match seen {
            None => update.condition_expression("attribute_not_exists(fullAt)"),
            Some(seen) => update
                .condition_expression("fullAt = :seen")
                .expression_attribute_values(":seen", number(seen.as_millis())),
        };
        is_written(update.send().await, format!("replacing the budget of {tenant} in table {}", self.table))
    }
}

fn key(tenant: &TenantId, period: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("tenant".to_owned(), AttributeValue::S(tenant.to_string())),
        ("period".to_owned(), AttributeValue::S(period.to_owned())),
    ])
}

/// The sort key of the hour of `time`: the number of hours since 1970, in as many digits for each hour.
fn hour(time: Timestamp) -> String {
    format!("{:08}", time.as_secs() / 3_600)
}

/// Counts the requests that reach image-processing.
#[derive(Debug)]
pub struct DemandCounter {
    table: DemandTable,
    gathered: Mutex<Gathered>,
}

impl DemandCounter {
    /// A counter that stores in `table`.
    #[must_use]
    pub fn new(table: DemandTable) -> Self {
        Self { table, gathered: Mutex::default() }
    }

    /// Counts a request.
    pub fn count(&self, tenant: &TenantId, location: RequestedLocation, now: Timestamp) {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).count(tenant, location, now);
    }

    /// Stores what has been gathered for long enough, of one tenant. A failure is logged: the demand is an estimate.
    pub async fn store(&self, now: Timestamp) {
        let due = self.gathered.lock().unwrap_or_else(PoisonError::into_inner).take_due(now);
        let Some((tenant, demand)) = due else { return };
        let stored = tokio::time::timeout(STORED_WITHIN, self.table.add(&tenant, &demand, now)).await;
        let cause = match stored {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(timeout) => timeout.to_string(),
        };
        tracing::warn!(%tenant, cause, "The requests of a minute are not counted.");
    }
}
