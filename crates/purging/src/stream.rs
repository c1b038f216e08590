//! From the image-pack table's stream to the invalidation queue.
//!
//! Each batch of records is reduced to one upsert for each target that a viewer could see stale. A record that cannot
//! be read goes to the dead-letter queue with its payload and holds nobody up; a record whose write failed is reported
//! as a batch item failure, so that the stream delivers it again.

mod record;

use std::collections::BTreeSet;
use std::slice;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::change::detection::detect_change;
use domain::queue::enqueue::{Event, reduce};
use domain::{AttributeNames, Timestamp};
use serde_json::Value;

use crate::ports::{DeadLetters, Queue, QueueFailed};

/// What a dead letter of this handler names as its source.
pub const SOURCE: &str = "dynamodb-imagepacks-stream";

/// The requester of a purge because of a change in the table, as the queue and the ledger name it.
const REQUESTED_BY: &str = "stream";

/// What handling a batch touches.
#[derive(Debug, Clone)]
pub struct Handler<Q, D> {
    /// Where meaningful changes go.
    pub queue: Q,
    /// Where records go that cannot be read.
    pub dead_letters: D,
    /// What the table calls its attributes.
    pub names: AttributeNames,
}

impl<Q: Queue, D: DeadLetters> Handler<Q, D> {
    /// Handles one event of the stream. `now` is when it is handled and `request_id` identifies this delivery.
    ///
    /// The response names the records that must be delivered again; the stream repeats everything from the first of
    /// them on, which is harmless.
    pub async fn handle(&self, event: &Value, now: Timestamp, request_id: &str) -> DynamoDbEventResponse {
        let mut events = Vec::new();
        let mut failed = BTreeSet::new();
        // What is not an event of a stream is handled like one record that cannot be read.
        let records = event["Records"].as_array().map_or(slice::from_ref(event), Vec::as_slice);
        for raw in records {
            match read(raw, &self.names, now) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => {}
                Err(reason) => {
                    tracing::error!(reason, "a stream record cannot be read; it goes to the dead-letter queue");
                    if let Err(error) = self.dead_letters.keep(SOURCE, &reason, raw).await {
                        tracing::error!(%error, "the record is delivered again");
                        failed.insert(record::sequence_number(raw));
                    }
                }
            }
        }

        let upserts = reduce(events, now, request_id, REQUESTED_BY);
        tracing::info!(targets = upserts.len(), "enqueueing");
        for upsert in upserts {
            match self.queue.upsert(&upsert).await {
                Ok(_) => {}
                // It is in the queue; the next purge run says of a row that it cannot read it.
                Err(error @ QueueFailed::Row { .. }) => tracing::error!(%error, "enqueued"),
                Err(error @ QueueFailed::Call(_)) => {
                    tracing::error!(%error, "the records of this target are delivered again");
                    failed.extend(upsert.sequences);
                }
            }
        }

        let mut response = DynamoDbEventResponse::default();
        response.batch_item_failures = failed.into_iter().map(item_failure).collect();
        response
    }
}

/// Reads a record and decides whether it is meaningful. The error says why it cannot be read.
pub fn read(raw: &Value, names: &AttributeNames, now: Timestamp) -> Result<Option<Event>, String> {
    let (record, written_at, sequence) = record::parse(raw, names, now)?;
    let change = detect_change(&record).map_err(|error| error.to_string())?;
    Ok(change.map(|change| Event { change, written_at, sequence }))
}

fn item_failure(sequence_number: String) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(sequence_number);
    failure
}
