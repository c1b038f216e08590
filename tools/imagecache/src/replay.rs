//! Does again what failed, dead letter by dead letter.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_adapters::now;
use domain::change::detection::{Change, Reason};
use domain::queue::enqueue::{Enqueue, Event, reduce};
use domain::{Target, TenantId};
use indicatif::ProgressBar;
use purging::ports::{CallFailed, DeadLetters, Queue, QueueFailed};
use serde_json::{Value, json};

use crate::dead_letter::{DeadLetter, Range, Rejected};
use crate::dead_letters::Received;
use crate::range::{RangeFailed, RangeReader};
use crate::recovery::{Recovery, new_context, new_delivery};

/// The requester of a purge, as the queue and the ledger name it.
const REQUESTED_BY: &str = "replay";

/// What came of the dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many were done again and deleted.
    pub replayed: u64,
    /// Those that stay.
    pub left: Vec<Left>,
}

/// A dead letter that stays in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// SQS's id of the message.
    pub id: String,
    /// Why, and what to do about it.
    pub why: String,
    /// From when on a resync must look, if the dead letter's content is lost.
    pub resync_since: Option<String>,
}

/// Why a dead letter stays.
struct Stays {
    why: String,
    resync_since: Option<String>,
}

impl Stays {
    fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), resync_since: None }
    }
}

impl From<CallFailed> for Stays {
    fn from(failed: CallFailed) -> Self {
        Self::because(format!("{failed}; run the replay again"))
    }
}

/// Notes what the stream handler cannot read, instead of writing one more dead letter about it.
#[derive(Debug, Default)]
struct Unreadable(Mutex<Vec<String>>);

impl DeadLetters for Unreadable {
    async fn keep(&self, _source: &str, reason: &str, _payload: &Value) -> Result<(), CallFailed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reason.to_owned());
        Ok(())
    }
}

impl Recovery {
    /// Does again what each dead letter of the dead-letter queue stands for, and deletes the dead letter then. Dead
    /// letters that stay are visible to others again at the end. Fails only where the dead-letter queue itself does.
    pub async fn replay(&self, progress: &ProgressBar) -> Result<Replayed, CallFailed> {
        progress.set_length(self.dead_letters.count().await?);
        let mut replayed = Replayed::default();
        let mut staying = Vec::new();
        let ended = self.replay_each(&mut replayed, &mut staying, progress).await;
        for dead_letter in staying {
            // One that cannot be released is visible again by itself, a few minutes later.
            let _ = self.dead_letters.release(&dead_letter).await;
        }
        ended.map(|()| replayed)
    }

    async fn replay_each(
        &self,
        replayed: &mut Replayed,
        staying: &mut Vec<Received>,
        progress: &ProgressBar,
    ) -> Result<(), CallFailed> {
        let mut seen = HashSet::new();
        let mut known_in_a_row = 0;
        while let Some(dead_letter) = self.dead_letters.receive_one().await? {
            // SQS delivers some dead letters twice, and those that stay once more when their visibility timeout is
            // over.
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
            DeadLetter::Rejected(rejected) => self.enqueue(again(*rejected)).await,
        }
    }

    /// The record may be readable now, by a newer stream handler; or its item may, which was corrected since.
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

    /// Enqueues the item that an unreadable record is about, if the item itself can be read or is gone.
    async fn replay_item(&self, record: &Value, reason: &str) -> Result<(), Stays> {
        let Some((tenant, target)) = self.key_of(record) else {
            return Err(Stays::because(format!(
                "the record cannot be read ({reason}), and its key names neither a pack nor a location: no viewer can \
                 have seen it; remove the item from table {}, then this dead letter",
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
                "the record cannot be read ({reason}), and its item neither: {cause}; correct the item, then run the \
                 replay again"
            )));
        }
        let change = Change { tenant, target, reasons: vec![Reason::Resync] };
        let event = Event { change, written_at: now(), sequence: REQUESTED_BY.to_owned() };
        for upsert in reduce(vec![event], now(), &new_delivery(), REQUESTED_BY) {
            self.enqueue(upsert).await?;
        }
        Ok(())
    }

    fn key_of(&self, record: &Value) -> Option<(TenantId, Target)> {
        let keys = &record["dynamodb"]["Keys"];
        let names = &self.installation.image_pack_attributes;
        let key = |name| keys[name]["S"].as_str();
        Some((TenantId::parse(key(&names.tenant)?).ok()?, Target::parse(key(&names.entity)?).ok()?))
    }

    /// The stream handler gets the records as if Lambda had delivered them. Those that it cannot read become dead
    /// letters of their own.
    async fn replay_range(&self, dead_letter: &Received, range: &Range) -> Result<(), Stays> {
        let lost = |why: String| Stays {
            why: format!("{why}; run a resync, then delete this dead letter"),
            resync_since: Some(range.approximate_arrival_of_first_record.clone()),
        };
        if range.stream_arn != self.installation.image_pack_stream_arn {
            let now = &self.installation.image_pack_stream_arn;
            return Err(lost(format!("it is about stream {}, while the table's stream is {now}", range.stream_arn)));
        }
        let failed = |failed| match failed {
            RangeFailed::Gone(_) => lost(failed.to_string()),
            RangeFailed::Call(call) => call.into(),
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
            "table {queue} does not take it; see that it is there and that you may write to it (dynamodb:UpdateItem), then run the replay again"
        ))
    }

    async fn enqueue(&self, upsert: Enqueue) -> Result<(), Stays> {
        match self.queue.upsert(&upsert).await {
            // What cannot be read is in the queue nevertheless; the next purge run says so.
            Ok(_) | Err(QueueFailed::Row { .. }) => Ok(()),
            Err(QueueFailed::Call(failed)) => Err(failed.into()),
        }
    }
}

/// Puts an entry that was taken out of the queue back into it, as a version of its own.
fn again(Rejected { tenant, entry }: Rejected) -> Enqueue {
    let sequence = entry.version.split('@').next().unwrap_or_default();
    Enqueue {
        tenant,
        target: entry.target,
        version: format!("{sequence}@{}", new_delivery()),
        first_event_at: entry.first_event_at,
        last_event_at: now(),
        changes: entry.changes,
        reasons: entry.reasons,
        requested_by: REQUESTED_BY.to_owned(),
        is_purged_at_once: false,
        sequences: Vec::new(),
    }
}
