//! The enqueuer: from the image-pack table's stream to the invalidation queue.
//!
//! Each batch of records is reduced to one upsert for each target that a viewer could see stale. The upserts are
//! written in the order of the stream. The first one that fails ends the writing: the records of all that are not
//! written are reported, so that the stream delivers them again. A record of another program is counted and passed
//! over. A record that will never succeed goes to the dead-letter queue with its payload and delays no other record:
//! one that cannot be read, and one whose row rejects the write.

mod record;

use std::collections::BTreeSet;
use std::time::Duration;
use std::{iter, slice};

use domain::change::detection::detect_change;
use domain::queue::enqueue::{Enqueue, Event, reduce};
use domain::queue::queue_entry::QueueEntry;
use domain::{AttributeNames, Context, TenantId, Timestamp};
use serde_json::Value;

pub use self::record::parse;
use crate::ports::{CallErrorKind, Clock, DeadLetters, PurgeRuns, Queue, QueueError, Wakeups};
use crate::wake_up::{WAKING_MAX, wake};

/// The source that a dead letter of a record names.
pub const SOURCE: &str = "dynamodb-imagepacks-stream";

/// The requester of a purge that a change in the table causes, as the queue and the ledger name it.
const REQUESTED_BY: &str = "stream";

/// The longest time of one call, which the client's timeout must end. A call takes milliseconds, and the three attempts
/// of the SDK's client with their pauses of up to 1 and 2 seconds a little more than 3 seconds.
pub const CALL_MAX: Duration = Duration::from_secs(5);

/// The largest number of calls of one write: that of a late change is repeated without its time.
const CALLS_PER_WRITE: u32 = 2;

/// Enqueues the meaningful changes of a stream's records.
#[derive(Debug, Clone)]
pub struct Enqueuer<Q, D, C, R> {
    /// The invalidation queue.
    pub queue: Q,
    /// The queue for records that will never succeed.
    pub dead_letters: D,
    /// The clock.
    pub clock: C,
    /// The purge runs, to wake one. `None`: the schedule starts the next one.
    pub purge_runs: Option<R>,
    /// The names of the table's attributes.
    pub names: AttributeNames,
    /// The tenants with an existing distribution; see [`detect_change`].
    pub with_existing_distribution: BTreeSet<TenantId>,
}

/// The decision about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A pack or a location configuration changed, and a viewer could see an old image.
    Meaningful(Event),
    /// A pack or a location configuration changed, and no viewer could see it.
    NotMeaningful,
    /// An item of another program changed.
    Foreign,
}

/// The outcome of writing one upsert.
enum Written {
    Yes,
    /// The next delivery may succeed.
    NotNow,
    /// No delivery will succeed, for this reason.
    Never(String),
}

/// One record of an event.
struct Delivered<'a> {
    raw: &'a Value,
    sequence_number: String,
    /// The reason why it will never succeed, if so.
    dead: Option<String>,
}

impl<Q: Queue + Wakeups, D: DeadLetters, C: Clock, R: PurgeRuns> Enqueuer<Q, D, C, R> {
    /// Enqueues the changes of one event of the stream; `context.id` identifies this delivery. Returns the sequence
    /// numbers of the records that must be delivered again. The stream repeats every record from the first of them on,
    /// which is idempotent.
    pub async fn enqueue(&self, event: &Value, context: &Context) -> BTreeSet<String> {
        // An event that is not one of a stream is handled like one record that cannot be read.
        let records = event["Records"].as_array().map_or(slice::from_ref(event), Vec::as_slice);
        let mut delivered = Vec::new();
        let mut events = Vec::new();
        let mut foreign = 0_usize;
        for raw in records {
            let mut dead = None;
            match read(raw, &self.names, &self.with_existing_distribution, context.now) {
                Ok(Decision::Meaningful(event)) => events.push(event),
                Ok(Decision::NotMeaningful) => {}
                Ok(Decision::Foreign) => foreign += 1,
                Err(reason) => dead = Some(reason),
            }
            delivered.push(Delivered { raw, sequence_number: record::sequence_number(raw), dead });
        }
        let oldest = events.iter().map(|event| context.now.since(event.written_at)).max().unwrap_or_default();
        let upserts = reduce(events, context.now, &context.id, REQUESTED_BY);
        let targets = upserts.len();
        let age_ms = oldest.as_millis();
        tracing::info!(records = records.len(), foreign, targets, age_ms, "Writing the changed targets to the queue.");
        // The enqueuer reports what there is no time for, instead of running into the function's time limit.
        let until = context.deadline.minus(CALL_MAX * CALLS_PER_WRITE + WAKING_MAX);
        let mut woken = BTreeSet::new();
        let mut failed = self.write(upserts, until, &mut delivered, &mut woken).await;
        wake(&self.queue, self.purge_runs.as_ref(), &woken, &self.clock).await;
        self.keep_dead_letters(&delivered, until, &mut failed).await;
        failed
    }

    /// Writes `upserts` in order, up to the first one that fails or that there is no time for. Returns the sequence
    /// numbers of those that are not written, and adds the tenants of the others to `woken`.
    async fn write(
        &self,
        upserts: Vec<Enqueue>,
        until: Timestamp,
        delivered: &mut [Delivered<'_>],
        woken: &mut BTreeSet<TenantId>,
    ) -> BTreeSet<String> {
        let mut upserts = upserts.into_iter();
        while let Some(upsert) = upserts.next() {
            let written = if self.clock.now() < until {
                written(&upsert, self.queue.upsert(&upsert).await)
            } else {
                let Enqueue { tenant, target, .. } = &upsert;
                tracing::warn!(%tenant, %target, "The time ends; the records from this target on are delivered again.");
                Written::NotNow
            };
            match written {
                Written::Yes => {
                    let Enqueue { tenant, target, version, .. } = &upsert;
                    tracing::info!(%tenant, %target, correlation_id = version, "The change is in the queue.");
                    woken.insert(upsert.tenant);
                }
                Written::Never(reason) => {
                    let is_of = |record: &&mut Delivered<'_>| upsert.sequences.contains(&record.sequence_number);
                    delivered.iter_mut().filter(is_of).for_each(|record| record.dead = Some(reason.clone()));
                }
                Written::NotNow => {
                    return iter::once(upsert).chain(upserts).flat_map(|upsert| upsert.sequences).collect();
                }
            }
        }
        BTreeSet::new()
    }

    /// Sends the dead letters of the records before the first failed one, up to the first that fails or that there is
    /// no time for. The stream delivers the others again: a dead letter for them now would be one for each delivery.
    async fn keep_dead_letters(&self, delivered: &[Delivered<'_>], until: Timestamp, failed: &mut BTreeSet<String>) {
        for Delivered { raw, sequence_number, dead } in delivered {
            if failed.contains(sequence_number) {
                return;
            }
            let Some(reason) = dead else { continue };
            if self.clock.now() >= until || !self.keep_dead_letter(sequence_number, reason, raw).await {
                failed.insert(sequence_number.clone());
                return;
            }
        }
    }

    /// Sends one dead letter. `false`: the dead-letter queue did not take it.
    async fn keep_dead_letter(&self, sequence_number: &str, reason: &str, raw: &Value) -> bool {
        if let Err(error) = self.dead_letters.keep(SOURCE, reason, raw).await {
            tracing::warn!(%error, sequence_number, "The dead-letter queue failed; the record is delivered again.");
            return false;
        }
        tracing::error!(
            error = reason,
            sequence_number,
            "A stream record cannot be processed. It is in the dead-letter queue: remove the cause, then replay it."
        );
        true
    }
}

/// The outcome of a call that writes `upsert`.
fn written(upsert: &Enqueue, result: Result<QueueEntry, QueueError>) -> Written {
    let Enqueue { tenant, target, .. } = upsert;
    match result {
        Ok(_) => Written::Yes,
        // The change is written. The next purge run reports the row as a failure.
        Err(error @ QueueError::Row { .. }) => {
            tracing::warn!(%tenant, %target, %error, "The row of a change cannot be read.");
            Written::Yes
        }
        Err(QueueError::Call(error)) if error.kind() == CallErrorKind::Rejected => {
            Written::Never(format!("{error}; correct or delete the row of {target} of {tenant}"))
        }
        Err(QueueError::Call(error)) => {
            tracing::warn!(
                %tenant, %target, %error,
                "The queue failed; the records from this target on are delivered again."
            );
            Written::NotNow
        }
    }
}

/// Reads a record and decides whether its change is meaningful. The error is the reason why it cannot be read.
pub fn read(
    raw: &Value,
    names: &AttributeNames,
    with_existing_distribution: &BTreeSet<TenantId>,
    now: Timestamp,
) -> Result<Decision, String> {
    let Some((record, written_at, sequence)) = record::parse(raw, names, now)? else { return Ok(Decision::Foreign) };
    let change = detect_change(&record, with_existing_distribution).map_err(|error| error.to_string())?;
    Ok(match change {
        Some(change) => Decision::Meaningful(Event { change, written_at, sequence }),
        None => Decision::NotMeaningful,
    })
}
