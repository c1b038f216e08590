//! The resync: reads the image-pack table and the variants bucket and enqueues targets whose changes may be lost.

mod removed;
mod table;

use domain::purge::ledger::LedgerRow;
use domain::purge::resync::{Suspect, Verdict};
use domain::{TenantId, Timestamp};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use purging::ports::{CallError, Ledger, Queue, QueueError};

use crate::recovery::Recovery;

/// The requester of the purges, for the queue and the ledger.
const REQUESTED_BY: &str = "resync";

/// Maximum number of suspects that are processed concurrently.
const CONCURRENT_SUSPECTS: usize = 16;

/// The number of newest purges that are read of each target. A change that none of them covers is enqueued.
const PURGES_LOOKED_AT: u8 = 10;

/// The scope of a resync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// The start of the outage: earlier changes are skipped.
    pub since: Timestamp,
    /// The only tenant to resync; `None` for all.
    pub tenant: Option<TenantId>,
    /// Whether the resync writes nothing.
    pub is_dry_run: bool,
}

/// The outcome of a resync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resynced {
    /// Items of the table that were read.
    pub items: u64,
    /// Packs that have variants and are not in the table.
    pub removed: u64,
    /// Targets that were enqueued, or would be without the dry run.
    pub enqueued: u64,
    /// Targets that were already queued.
    pub queued: u64,
    /// Targets that were purged after their change.
    pub purged: u64,
    /// Items of other programs: their key identifies neither a pack nor a location.
    pub foreign: u64,
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
    /// Enqueues targets that may have changed since `resync.since`, unless they are queued or were purged after their
    /// change. The resync reads page by page; after a failed call, the next resync skips what is already enqueued.
    ///
    /// # Errors
    ///
    /// A call of AWS failed.
    pub async fn resync(&self, resync: &Resync, progress: &ProgressBar) -> Result<Resynced, CallError> {
        let mut resynced = Resynced::default();
        self.resync_table(resync, &mut resynced, progress).await?;
        self.resync_removed(resync, &mut resynced, progress).await?;
        Ok(resynced)
    }

    /// Enqueues those of `suspects` that are neither queued nor purged.
    async fn resync_suspects(
        &self,
        suspects: Vec<Suspect>,
        resync: &Resync,
        resynced: &mut Resynced,
        progress: &ProgressBar,
    ) -> Result<(), CallError> {
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

    async fn resync_suspect(&self, suspect: Suspect, resync: &Resync) -> Result<Verdict, CallError> {
        let Suspect { tenant, target, .. } = &suspect;
        let queued = match self.queue.find(tenant, target).await {
            Ok(queued) => queued,
            // The row is unreadable; enqueuing it again makes it readable.
            Err(QueueError::Row { .. }) => None,
            Err(QueueError::Call(failed)) => return Err(failed),
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
