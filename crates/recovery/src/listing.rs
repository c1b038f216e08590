//! The list of the dead letters, and their removal without a replay.

use std::collections::BTreeSet;

use domain::{Target, TenantId};
use indicatif::ProgressBar;
use purging::ports::CallError;
use serde_json::Value;

use crate::dead_letter::DeadLetter;
use crate::dead_letters::Received;
use crate::recovery::Recovery;

/// A dead letter as an operator reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The message id.
    pub id: String,
    /// The kind of its content.
    pub kind: Kind,
    /// The tenant and the target, if it is about one.
    pub subject: Option<(TenantId, Target)>,
    /// The reason, as its sender states it.
    pub reason: String,
}

/// The kind of a dead letter's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A stream record that the stream handler cannot process.
    Record,
    /// A batch of stream records that Lambda could not deliver.
    Batch,
    /// An entry of the queue that CloudFront rejects.
    Rejected,
    /// A message of another program, or of another version.
    Unknown,
}

impl Recovery {
    /// Lists the dead letters. Other receivers do not see them meanwhile.
    pub async fn list(&self, progress: &ProgressBar) -> Result<Vec<Listed>, CallError> {
        let (received, ended) = self.receive_all(progress).await;
        let listed = received.iter().map(|dead_letter| self.listed(dead_letter)).collect();
        self.release_all(&received).await;
        ended.map(|()| listed)
    }

    /// Deletes the dead letters with these ids, or all of them, and returns those that were deleted.
    pub async fn discard(
        &self,
        ids: Option<&BTreeSet<String>>,
        progress: &ProgressBar,
    ) -> Result<Vec<Listed>, CallError> {
        let (received, ended) = self.receive_all(progress).await;
        let is_named = |dead_letter: &Received| ids.is_none_or(|ids| ids.contains(&dead_letter.id));
        let (named, others): (Vec<_>, Vec<_>) = received.into_iter().partition(is_named);
        self.release_all(&others).await;
        ended?;
        let mut discarded = Vec::new();
        for (index, dead_letter) in named.iter().enumerate() {
            let deleted = self.dead_letters.delete(dead_letter).await;
            if deleted.is_err() {
                self.release_all(&named[index..]).await;
            }
            deleted?;
            discarded.push(self.listed(dead_letter));
        }
        Ok(discarded)
    }

    /// Receives each dead letter once. Those that were received before a call failed are returned, too.
    async fn receive_all(&self, progress: &ProgressBar) -> (Vec<Received>, Result<(), CallError>) {
        let mut received: Vec<Received> = Vec::new();
        let mut ids = BTreeSet::new();
        loop {
            match self.dead_letters.receive_one().await {
                Ok(None) => return (received, Ok(())),
                Err(error) => return (received, Err(error)),
                // SQS delivers some twice. Later ones would follow a visibility timeout, so this is the end.
                Ok(Some(dead_letter)) if ids.contains(&dead_letter.id) => return (received, Ok(())),
                Ok(Some(dead_letter)) => {
                    ids.insert(dead_letter.id.clone());
                    received.push(dead_letter);
                    progress.inc(1);
                }
            }
        }
    }

    /// Makes dead letters visible again. One for which this fails becomes visible after its visibility timeout.
    async fn release_all(&self, received: &[Received]) {
        for dead_letter in received {
            let _ = self.dead_letters.release(dead_letter).await;
        }
    }

    fn listed(&self, Received { id, body, .. }: &Received) -> Listed {
        let (kind, subject, unreadable) = match DeadLetter::read(body) {
            Ok(DeadLetter::Record(record)) => (Kind::Record, self.key_of(&record), None),
            Ok(DeadLetter::Range(_)) => (Kind::Batch, None, None),
            Ok(DeadLetter::Rejected(rejected)) => {
                (Kind::Rejected, Some((rejected.tenant, rejected.entry.target)), None)
            }
            Err(error) => (Kind::Unknown, None, Some(error.to_string())),
        };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let stated = body["reason"].as_str().or_else(|| body["requestContext"]["condition"].as_str());
        let reason = unreadable.or_else(|| stated.map(ToOwned::to_owned)).unwrap_or_default();
        Listed { id: id.clone(), kind, subject, reason }
    }
}
