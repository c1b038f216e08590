//! Reads the whole image-pack table and the bucket of variants, and enqueues what may have changed unseen.

mod removed;
mod table;

use domain::purge::ledger::LedgerRow;
use domain::purge::resync::{Suspect, Verdict};
use domain::{TenantId, Timestamp};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use purging::ports::{CallFailed, Ledger, Queue, QueueFailed};

use crate::recovery::Recovery;

/// The requester of a purge, as the queue and the ledger name it.
const REQUESTED_BY: &str = "resync";

/// How many suspects are looked up and enqueued at a time.
const CONCURRENT_SUSPECTS: usize = 16;

/// How many of a target's newest purges are looked at. If none of them covers a change, it is purged once more.
const PURGES_LOOKED_AT: u8 = 10;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// When the outage began: nothing that changed before is enqueued.
    pub since: Timestamp,
    /// Only this tenant's images.
    pub tenant: Option<TenantId>,
    /// Whether nothing is written.
    pub is_dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resynced {
    /// Items of the table that were looked at.
    pub items: u64,
    /// Packs that have variants and are not in the table.
    pub removed: u64,
    /// What was enqueued, or would have been without the dry run.
    pub enqueued: u64,
    /// What the queue had already.
    pub queued: u64,
    /// What was purged since its change.
    pub purged: u64,
    /// Items whose key names neither a pack nor a location: how many, and the first.
    pub unreadable: u64,
    /// The first of them, and what is wrong with it.
    pub first_unreadable: Option<String>,
}

impl Resynced {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Enqueue => self.enqueued += 1,
            Verdict::Queued => self.queued += 1,
            Verdict::Purged => self.purged += 1,
        }
    }
}

impl Recovery {
    /// Enqueues what may have changed since `resync.since`, unless the queue has it or it was purged after its change.
    ///
    /// Reads page by page. Whatever was enqueued when a call fails is not enqueued again by the next resync.
    pub async fn resync(&self, resync: &Resync, progress: &ProgressBar) -> Result<Resynced, CallFailed> {
        let mut resynced = Resynced::default();
        self.resync_table(resync, &mut resynced, progress).await?;
        self.resync_removed(resync, &mut resynced, progress).await?;
        Ok(resynced)
    }

    /// Decides about `suspects` and carries it out.
    async fn resync_suspects(
        &self,
        suspects: Vec<Suspect>,
        resync: &Resync,
        resynced: &mut Resynced,
        progress: &ProgressBar,
    ) -> Result<(), CallFailed> {
        let verdicts = suspects.into_iter().map(|suspect| self.resync_suspect(suspect, resync));
        let mut verdicts = stream::iter(verdicts).buffer_unordered(CONCURRENT_SUSPECTS);
        while let Some(verdict) = verdicts.try_next().await? {
            resynced.count(verdict);
        }
        let Resynced { items, enqueued, queued, purged, .. } = resynced;
        progress.set_position(*items);
        let covered = *queued + *purged;
        progress.set_message(format!("{enqueued} enqueued, {covered} already purged or queued"));
        Ok(())
    }

    async fn resync_suspect(&self, suspect: Suspect, resync: &Resync) -> Result<Verdict, CallFailed> {
        let Suspect { tenant, target, .. } = &suspect;
        let queued = match self.queue.find(tenant, target).await {
            Ok(queued) => queued,
            // Nobody can tell what it stands for; enqueued anew, it can be read.
            Err(QueueFailed::Row { .. }) => None,
            Err(QueueFailed::Call(failed)) => return Err(failed),
        };
        let verdict = |purges: &[LedgerRow]| suspect.verdict(resync.since, queued.as_ref(), purges, self.settle());
        let verdict = match verdict(&[]) {
            Verdict::Queued => Verdict::Queued,
            _ => verdict(&self.ledger.newest(tenant, target, PURGES_LOOKED_AT).await?),
        };
        if verdict != Verdict::Enqueue || resync.is_dry_run {
            return Ok(verdict);
        }
        self.enqueue_event(suspect.event(resync.since), REQUESTED_BY).await?;
        Ok(verdict)
    }
}
