//! The deletions of a purge run. They go on beside everything else, so that no purge waits for them.

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::pin;

use domain::purge::deletion::{Deletion, DeletionPurpose};
use domain::{Target, TenantId, Timestamp};
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::executor::Executor;
use crate::ports::{CallError, Clock, Ledger, Ports, Queue, RowVersion};
use crate::variant_deletion::{VariantDeletion, VariantDeletionError, delete_variants};

/// The number of entries whose variants are deleted concurrently.
const CONCURRENT_ENTRIES: usize = 8;

/// The deletions that are under way, and those that have ended.
#[derive(Default)]
pub(super) struct Deletions<'a> {
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    /// The rows whose variants are being deleted.
    rows: BTreeSet<(TenantId, Target)>,
    ended: Vec<Ended>,
}

/// A deletion that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) deletion: Deletion,
    pub(super) at: Timestamp,
    pub(super) result: Result<VariantDeletion, VariantDeletionError>,
    /// Whether its row has left the queue.
    pub(super) is_row_removed: bool,
}

impl<'a> Deletions<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty()
    }

    /// Begins as many of `deletions` as may run at once, and that do not run already. They end soon after `until`.
    pub(super) fn begin<P: Ports>(&mut self, executor: &'a Executor<P>, deletions: Vec<Deletion>, until: Timestamp) {
        for deletion in deletions {
            if self.running.len() == CONCURRENT_ENTRIES {
                return;
            }
            let row = (deletion.entry.tenant.clone(), deletion.entry.target.clone());
            if self.rows.insert(row) {
                self.running.push(delete(executor, deletion, until).boxed());
            }
        }
    }

    /// Waits for `future` while the deletions go on.
    pub(super) async fn beside<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            match select(future.as_mut(), pin!(self.next_end())).await {
                Either::Left((value, _)) => return value,
                Either::Right(((), _)) => {}
            }
        }
    }

    /// Waits until one deletion ends.
    async fn next_end(&mut self) {
        match self.running.next().await {
            Some(ended) => self.ended.push(ended),
            None => pending().await,
        }
    }

    /// Waits for all that run.
    pub(super) async fn finish(&mut self) {
        while let Some(ended) = self.running.next().await {
            self.ended.push(ended);
        }
    }

    /// Takes out those that have ended.
    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        let ended = std::mem::take(&mut self.ended);
        for Ended { deletion, .. } in &ended {
            self.rows.remove(&(deletion.entry.tenant.clone(), deletion.entry.target.clone()));
        }
        ended
    }
}

async fn delete<P: Ports>(executor: &Executor<P>, deletion: Deletion, until: Timestamp) -> Ended {
    let ports = &executor.ports;
    let mut result = delete_variants(ports, &deletion, until).await;
    let mut is_row_removed = false;
    if let Ok(VariantDeletion { is_finished: true, deleted_in_all, .. }) = result {
        let removed = remove_row(ports, &deletion, deleted_in_all).await;
        match removed {
            Ok(is_removed) => is_row_removed = is_removed,
            Err(error) => result = Err(error.into()),
        }
    }
    Ended { at: ports.clock().now(), deletion, result, is_row_removed }
}

/// Removes the row of a finished deletion from the queue, if no purge follows and the row has not changed.
async fn remove_row<P: Ports>(ports: &P, deletion: &Deletion, variants_deleted: u64) -> Result<bool, CallError> {
    let entry = &deletion.entry;
    let (tenant, target) = (&entry.tenant, &entry.target);
    match &deletion.purpose {
        DeletionPurpose::Purge { .. } => return Ok(false),
        DeletionPurpose::AfterPurge { ledger_key } => {
            ports.ledger().mark_deleted(tenant, ledger_key, variants_deleted, ports.clock().now()).await?;
        }
        DeletionPurpose::Expired => {
            tracing::warn!(
                %tenant, %target, variants_deleted, first_event_at_millis = entry.cause.first_event_at.as_millis(),
                "Dropping an entry: no distribution was registered for its tenant for as long as an edge may keep an \
                 image, so no cache has one from before the change."
            );
        }
    }
    ports.queue().remove_if_unchanged(RowVersion::from(entry)).await
}
