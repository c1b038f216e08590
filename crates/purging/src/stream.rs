//! The enqueuer: from the image-pack table's stream to the invalidation queue.
//!
//! Each batch of records is reduced to one upsert for each target that a viewer could see stale. A record that cannot be
//! read goes to the dead-letter queue with its payload and delays no other record; a record whose write failed is
//! reported, so that the stream delivers it again.

mod record;

use std::collections::BTreeSet;
use std::slice;

use domain::change::detection::detect_change;
use domain::queue::enqueue::{Enqueue, Event, reduce};
use domain::{AttributeNames, Context, Timestamp};
use serde_json::Value;

use crate::ports::{DeadLetters, Queue, QueueError};

/// The source that a dead letter of an unreadable record names.
pub const SOURCE: &str = "dynamodb-imagepacks-stream";

/// The requester of a purge that a change in the table causes, as the queue and the ledger name it.
const REQUESTED_BY: &str = "stream";

/// Enqueues the meaningful changes of a stream's records.
#[derive(Debug, Clone)]
pub struct Enqueuer<Q, D> {
    /// The invalidation queue.
    pub queue: Q,
    /// The queue for records that cannot be read.
    pub dead_letters: D,
    /// The names of the table's attributes.
    pub names: AttributeNames,
}

impl<Q: Queue, D: DeadLetters> Enqueuer<Q, D> {
    /// Enqueues the changes of one event of the stream; `context.id` identifies this delivery. Returns the sequence
    /// numbers of the records that must be delivered again. The stream repeats every record from the first of them on,
    /// which is idempotent.
    pub async fn enqueue(&self, event: &Value, context: &Context) -> BTreeSet<String> {
        let mut events = Vec::new();
        let mut failed = BTreeSet::new();
        // An event that is not one of a stream is handled like one record that cannot be read.
        let records = event["Records"].as_array().map_or(slice::from_ref(event), Vec::as_slice);
        for raw in records {
            match read(raw, &self.names, context.now) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => {}
                Err(reason) => {
                    let sequence_number = record::sequence_number(raw);
                    tracing::error!(
                        error = reason,
                        sequence_number,
                        "A stream record cannot be read. It goes to the dead-letter queue: correct the item, then \
                         replay the dead letter."
                    );
                    if let Err(error) = self.dead_letters.keep(SOURCE, &reason, raw).await {
                        tracing::error!(%error, sequence_number, "The dead-letter queue failed; the record is retried.");
                        failed.insert(sequence_number);
                    }
                }
            }
        }

        let upserts = reduce(events, context.now, &context.id, REQUESTED_BY);
        tracing::info!(records = records.len(), targets = upserts.len(), "Writing the changed targets to the queue.");
        for upsert in upserts {
            match self.queue.upsert(&upsert).await {
                Ok(_) => {}
                // The change is written. The next purge run reports the row as a failure.
                Err(error @ QueueError::Row { .. }) => {
                    let Enqueue { tenant, target, .. } = &upsert;
                    tracing::warn!(%tenant, %target, %error, "The row of a change cannot be read.");
                }
                Err(error @ QueueError::Call(_)) => {
                    let Enqueue { tenant, target, .. } = &upsert;
                    tracing::error!(%tenant, %target, %error, "The queue failed; the records of this target are retried.");
                    failed.extend(upsert.sequences);
                }
            }
        }
        failed
    }
}

/// Reads a record and decides whether its change is meaningful. The error is the reason why it cannot be read.
pub fn read(raw: &Value, names: &AttributeNames, now: Timestamp) -> Result<Option<Event>, String> {
    let (record, written_at, sequence) = record::parse(raw, names, now)?;
    let change = detect_change(&record).map_err(|error| error.to_string())?;
    Ok(change.map(|change| Event { change, written_at, sequence }))
}
