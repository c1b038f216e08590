//! The Lambda function `purge-events`: publishes the completed purges of the ledger's stream as events. The protocol is in
//! `purging::publisher`; this crate is its Lambda event and response.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::purge::ledger::LedgerRow;
use purging::ports::EventBus;
use purging::publisher::{CompletedPurge, publish};
use purging::purge_completed::PurgeCompleted;
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;
use tracing::Instrument;

/// The handler of the stream's events.
#[derive(Debug, Clone)]
pub struct Handler<B> {
    /// The event bus.
    pub bus: B,
    /// The name of the environment.
    pub environment: String,
}

/// A write of the stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Write {
    sequence_number: String,
    #[serde(default)]
    old_image: Item,
    #[serde(default)]
    new_image: Item,
}

impl<B: EventBus> Handler<B> {
    /// Handles one event of the stream. The response names the record from which on Lambda must deliver again.
    pub async fn handle(&self, event: &Value, request_id: &str) -> DynamoDbEventResponse {
        let span = tracing::error_span!("ledger_event", request_id);
        let purges = span.in_scope(|| self.completed_purges(event));
        let failed = publish(&self.bus, &purges).instrument(span).await;
        let mut response = DynamoDbEventResponse::default();
        response.batch_item_failures = failed.into_iter().map(item_failure).collect();
        response
    }

    /// The purges that the writes of `event` have completed.
    ///
    /// A write that cannot be read is logged and delays no other: the ledger still has its purge.
    fn completed_purges(&self, event: &Value) -> Vec<CompletedPurge> {
        let records = event["Records"].as_array().map_or(&[][..], Vec::as_slice);
        let purges = records.iter().filter_map(|record| {
            self.completed(record).unwrap_or_else(|error| {
                tracing::error!(
                    record = %record["dynamodb"]["Keys"], error,
                    "A write of the purge ledger cannot be read. If it has completed a purge, no event is published."
                );
                None
            })
        });
        purges.collect()
    }

    /// The purge that the write of one record has completed, if any.
    fn completed(&self, record: &Value) -> Result<Option<CompletedPurge>, String> {
        let Write { sequence_number: sequence, old_image, new_image } =
            Write::deserialize(&record["dynamodb"]).map_err(|error| error.to_string())?;
        let (old, new) = (row(old_image)?, row(new_image)?);
        // A row that expires has no new image.
        let event = new.and_then(|new| PurgeCompleted::of(&self.environment, old.as_ref(), new));
        Ok(event.map(|event| CompletedPurge { sequence, event }))
    }
}

/// The row of an image; an absent image is empty.
fn row(image: Item) -> Result<Option<LedgerRow>, String> {
    if image.is_empty() {
        return Ok(None);
    }
    serde_dynamo::from_item(image).map(Some).map_err(|error| error.to_string())
}

fn item_failure(sequence_number: &str) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(sequence_number.to_owned());
    failure
}
