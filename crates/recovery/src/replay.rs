//! The replay of dead letters.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_adapters::now;
use domain::change::detection::{Change, Reason};
use domain::change::item_key::item_key;
use domain::queue::enqueue::{Enqueue, Event};
use domain::queue::purge_cause::PurgeCause;
use domain::{Target, TenantId};
use indicatif::ProgressBar;
use purging::ports::{CallError, DeadLetters};
use serde_json::{Value, json};

use crate::dead_letter::{DeadLetter, Range, Rejected};
use crate::dead_letters::Received;
use crate::range::{RangeError, RangeReader};
use crate::recovery::{Recovery, new_context, new_delivery};

/// The requester of the purges, for the queue and the ledger.
const REQUESTED_BY: &str = "replay";

/// The outcome of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The number of dead letters that were replayed and deleted.
    pub replayed: u64,
    /// The dead letters that remain.
    pub left: Vec<Left>,
}

/// A dead letter that remains in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The message id.
    pub id: String,
    /// The reason and the next step.
    pub why: String,
    /// The start time of the resync to run if the content of the dead letter is lost, in RFC 3339.
    pub resync_since: Option<String>,
}

/// The reason why a dead letter remains.
struct Stays {
    why: String,
    resync_since: Option<String>,
}

impl Stays {
    fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), resync_since: None }
    }
}

impl From<CallError> for Stays {
    fn from(failed: CallError) -> Self {
        Self::because(format!("{failed}; run the replay again"))
    }
}

/// Collects the reasons of unreadable records, instead of sending further dead letters.
#[derive(Debug, Default)]
struct Unreadable(Mutex<Vec<String>>);

impl DeadLetters for Unreadable {
    async fn keep(&self, _source: &str, reason: &str, _payload: &Value) -> Result<(), CallError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reason.to_owned());
        Ok(())
    }
}

impl Recovery {
    /// Retries each dead letter and deletes it after success. Dead letters that remain become visible again at the end.
    ///
    /// # Errors
    ///
    /// A call of the dead-letter queue failed.
    pub async fn replay(&self, progress: &ProgressBar) -> Result<Replayed, CallError> {
        progress.set_length(self.dead_letters.count().await?);
        let mut replayed = Replayed::default();
        let mut staying = Vec::new();
        let ended = self.replay_each(&mut replayed, &mut staying, progress).await;
        for dead_letter in staying {
            // If this fails, the dead letter becomes visible after its visibility timeout.
            let _ = self.dead_letters.release(&dead_letter).await;
        }
        ended.map(|()| replayed)
    }

    async fn replay_each(
        &self,
        replayed: &mut Replayed,
        staying: &mut Vec<Received>,
        progress: &ProgressBar,
    ) -> Result<(), CallError> {
        let mut seen = HashSet::new();
        let mut known_in_a_row = 0;
        while let Some(dead_letter) = self.dead_letters.receive_one().await? {
            // SQS delivers some dead letters twice, and remaining ones again after their visibility timeout.
            if !seen.insert(dead_letter.id.clone()) {
                staying.push(dead_letter);
                known_in_a_row += 1;
                if known_in_a_row > seen.len() {
                    return Ok(());
                }
                continue;
            }
            known_in_a_row = 0;
            match self.replay_dead_letter(&dead_letter).await {
                Ok(()) => {
                    let deleted = self.dead_letters.delete(&dead_letter).await;
                    if deleted.is_err() {
                        staying.push(dead_letter);
                    }
                    deleted?;
                    replayed.replayed += 1;
                }
                Err(Stays { why, resync_since }) => {
                    replayed.left.push(Left { id: dead_letter.id.clone(), why, resync_since });
                    staying.push(dead_letter);
                }
            }
            progress.inc(1);
        }
        Ok(())
    }

    async fn replay_dead_letter(&self, dead_letter: &Received) -> Result<(), Stays> {
        match DeadLetter::read(&dead_letter.body).map_err(|unknown| Stays::because(unknown.to_string()))? {
            DeadLetter::Record(record) => self.replay_record(&record).await,
            DeadLetter::Range(range) => self.replay_range(dead_letter, &range).await,
            DeadLetter::Rejected(rejected) => Ok(self.enqueue(&again(*rejected)).await?),
        }
    }

    /// Handles the record again: a newer stream handler may read it, or the item may have been corrected.
    async fn replay_record(&self, record: &Value) -> Result<(), Stays> {
        let enqueuer = self.enqueuer(Unreadable::default());
        let event = json!({"Records": [record]});
        if !enqueuer.enqueue(&event, &new_context()).await.is_empty() {
            return Err(self.not_written());
        }
        let unreadable = enqueuer.dead_letters.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match unreadable.first() {
            None => Ok(()),
            Some(reason) => self.replay_item(record, reason).await,
        }
    }

    /// Enqueues the item of an unreadable record, if the item itself is readable or does not exist.
    async fn replay_item(&self, record: &Value, reason: &str) -> Result<(), Stays> {
        let Some((tenant, target)) = self.key_of(record) else {
            return Err(Stays::because(format!(
                "the record cannot be read ({reason}), and it names no item of table {}; check the attribute names of \
                 the environment's file, then run the replay again",
                self.installation.image_pack_table
            )));
        };
        let (pack, location) = match &target {
            Target::Pack(id) => (Some(id), None),
            Target::Location(name) => (None, Some(name)),
            Target::Tenant => (None, None),
        };
        let found = self.packs.find(&tenant, pack.as_slice(), location.as_slice()).await?;
        if let Some(cause) = found.unreadable.get(&target) {
            return Err(Stays::because(format!(
                "neither the record ({reason}) nor its item can be read ({cause}); correct the item, then run the \
                 replay again"
            )));
        }
        let change = Change { tenant, target, reasons: vec![Reason::Resync] };
        let event = Event { change, written_at: now(), sequence: REQUESTED_BY.to_owned() };
        Ok(self.enqueue_event(event, REQUESTED_BY).await?)
    }

    pub(crate) fn key_of(&self, record: &Value) -> Option<(TenantId, Target)> {
        let keys = &record["dynamodb"]["Keys"];
        let names = &self.installation.image_pack_attributes;
        let key = |name| keys[name]["S"].as_str();
        item_key(key(&names.tenant), key(&names.entity))
    }

    /// Passes the records to the stream handler in the form of Lambda's event. Unreadable records become separate dead
    /// letters.
    async fn replay_range(&self, dead_letter: &Received, range: &Range) -> Result<(), Stays> {
        let lost = |why: String| Stays {
            why: format!("{why}; run a resync, then delete this dead letter"),
            resync_since: Some(range.approximate_arrival_of_first_record.clone()),
        };
        if range.stream_arn != self.installation.image_pack_stream_arn {
            let now = &self.installation.image_pack_stream_arn;
            return Err(lost(format!(
                "the batch is of stream {}, but the stream of the table is {now}",
                range.stream_arn
            )));
        }
        let failed = |failed| match failed {
            RangeError::Expired(_) => lost(failed.to_string()),
            RangeError::Call(call) => call.into(),
        };
        let enqueuer = self.enqueuer(self.dead_letter_queue());
        let mut reader = RangeReader::open(&self.clients.streams, range).await.map_err(failed)?;
        while let Some(records) = reader.next().await.map_err(failed)? {
            if !enqueuer.enqueue(&json!({"Records": records}), &new_context()).await.is_empty() {
                return Err(self.not_written());
            }
            self.dead_letters.extend_visibility(dead_letter).await?;
        }
        Ok(())
    }

    fn not_written(&self) -> Stays {
        let queue = &self.installation.invalidation_queue_table;
        Stays::because(format!(
            "writing to table {queue} failed; check that it exists and that your credentials allow \
             dynamodb:UpdateItem, then run the replay again"
        ))
    }
}

/// Enqueues a removed entry again, with a new version.
fn again(Rejected { tenant, entry }: Rejected) -> Enqueue {
    let sequence = entry.version.split('@').next().unwrap_or_default();
    Enqueue {
        tenant,
        target: entry.target,
        version: format!("{sequence}@{}", new_delivery()),
        last_event_at: now(),
        cause: PurgeCause { requested_by: [REQUESTED_BY.to_owned()].into(), ..entry.cause },
        is_purged_at_once: false,
        sequences: Vec::new(),
    }
}
