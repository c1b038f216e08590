//! Who makes which variant right now, so that parallel first requests of one variant compute it once.
//!
//! A claim is an item that expires. It promises nothing: a picture is made without one when the table does not answer
//! or a claim's holder takes too long.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{TenantId, Timestamp};

use crate::CallFailed;
use crate::conditional::is_written;
use crate::invalidation_queue::number;

/// The table of claims: partition `tenant`, sort `variant`.
#[derive(Debug, Clone)]
pub struct VariantClaims {
    client: Client,
    table: String,
    duration: Duration,
}

/// A claim that was taken.
#[derive(Debug)]
pub struct Claim {
    key: HashMap<String, AttributeValue>,
    /// Tells this claim from a later one of somebody else.
    until: Timestamp,
}

impl VariantClaims {
    /// The table named `table`. A claim expires after `duration`, the longest time that a rendering may take: a holder
    /// that crashed only delays.
    #[must_use]
    pub fn new(client: Client, table: String, duration: Duration) -> Self {
        Self { client, table, duration }
    }

    /// How long a claim lasts that nobody releases.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Claims the variant with the key `variant`, made from `revision`, unless somebody holds an unexpired claim.
    /// The revision is part of what is claimed, so that a request for a newer picture never waits for an older one.
    pub async fn take(
        &self,
        tenant: &TenantId,
        variant: &str,
        revision: &str,
        now: Timestamp,
    ) -> Result<Option<Claim>, CallFailed> {
        let until = now.plus(self.duration);
        let key = HashMap::from([
            ("tenant".to_owned(), AttributeValue::S(tenant.to_string())),
            ("variant".to_owned(), AttributeValue::S(format!("{variant}@{revision}"))),
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
        let is_taken = is_written(result, format!("claiming {variant} in table {}", self.table))?;
        Ok(is_taken.then_some(Claim { key, until }))
    }

    /// Gives `claim` back, unless it expired and somebody else has taken it since.
    pub async fn release(&self, claim: Claim) -> Result<(), CallFailed> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(claim.key))
            .condition_expression("untilMillis = :until")
            .expression_attribute_values(":until", number(claim.until.as_millis()))
            .send()
            .await;
        is_written(result, format!("releasing a claim in table {}", self.table))?;
        Ok(())
    }
}
