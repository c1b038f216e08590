//! The purge-ledger table: what was purged, why, when, by whom.

use aws_sdk_dynamodb::Client;
use domain::ledger::LedgerRow;

use crate::CallFailed;

/// The purge-ledger table.
#[derive(Debug, Clone)]
pub struct PurgeLedger {
    client: Client,
    table: String,
}

impl PurgeLedger {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Writes one row. The SDK's own repetitions overwrite it with itself.
    pub async fn write(&self, row: &LedgerRow) -> Result<(), CallFailed> {
        let action = || format!("writing {} of {} to table {}", row.purge, row.tenant, self.table);
        let item = serde_dynamo::to_item(row).map_err(|error| CallFailed::new(action(), error))?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|error| CallFailed::new(action(), error))?;
        Ok(())
    }
}
