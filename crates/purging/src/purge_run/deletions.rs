//! The deletions of a purge run. They go on beside everything else, so that no purge waits for them.

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::pin;

use domain::purge::deletion::{Deletion, DeletionPurpose, DeletionTurns};
use domain::{Target, TenantId, Timestamp};
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::executor::Executor;
use crate::ports::{CallError, Clock, Ledger, Ports, Queue, RowVersion};
use crate::variant_deletion::{VariantDeletion, VariantDeletionError, delete_variants};

/// The number of entries whose variants are deleted concurrently.
const CONCURRENT_ENTRIES: usize = 32;

/// The number of those that one tenant may have: the deletion of a location may take minutes, and another tenant's purge
/// that follows a deletion does not wait for it.
const CONCURRENT_ENTRIES_OF_TENANT: usize = 16;

/// The number of those that no purge waits for.
const CONCURRENT_ENTRIES_AFTER: usize = 24;

/// The deletions that are planned, those that are under way, and those that have ended.
pub(super) struct Deletions<'a, P> {
    executor: &'a Executor<P>,
    /// The time at which they stop. The rest continues in the next purge run.
    until: Timestamp,
    planned: DeletionTurns,
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    /// The tenant of each one that runs, and whether a purge waits for it.
    slots: Vec<(TenantId, bool)>,
    ended: Vec<Ended>,
    /// The rows of those that run or have ended.
    rows: BTreeSet<(TenantId, Target)>,
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

impl<'a, P: Ports> Deletions<'a, P> {
    pub(super) fn new(executor: &'a Executor<P>, until: Timestamp) -> Self {
        Self {
            executor,
            until,
            planned: DeletionTurns::default(),
            running: FuturesUnordered::new(),
            slots: Vec::new(),
            ended: Vec::new(),
            rows: BTreeSet::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.planned.is_empty() && self.running.is_empty() && self.ended.is_empty()
    }

    /// Replaces the planned deletions, and begins as many as may run at once, in turn.
    pub(super) fn plan(&mut self, deletions: Vec<Deletion>) {
        self.planned.plan(deletions.into_iter().filter(|deletion| !self.rows.contains(&row(deletion))));
        self.begin();
    }

    fn begin(&mut self) {
        while let Some(deletion) =
            self.planned.begin(|tenant, precedes_purge| has_place(&self.slots, tenant, precedes_purge))
        {
            self.rows.insert(row(&deletion));
            self.slots.push(slot(&deletion));
            self.running.push(delete(self.executor, deletion, self.until).boxed());
        }
    }

    fn end(&mut self, ended: Ended) {
        let slot = slot(&ended.deletion);
        if let Some(index) = self.slots.iter().position(|other| *other == slot) {
            self.slots.swap_remove(index);
        }
        self.ended.push(ended);
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

    /// Waits until one deletion ends, and begins the next one.
    async fn next_end(&mut self) {
        match self.running.next().await {
            Some(ended) => self.end(ended),
            None => pending().await,
        }
        self.begin();
    }

    /// Waits for all that run, and begins no other.
    pub(super) async fn finish(&mut self) {
        self.planned.plan([]);
        while let Some(ended) = self.running.next().await {
            self.end(ended);
        }
    }

    /// Takes out those that have ended.
    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        let ended = std::mem::take(&mut self.ended);
        for Ended { deletion, .. } in &ended {
            self.rows.remove(&row(deletion));
        }
        ended
    }
}

fn row(Deletion { entry, .. }: &Deletion) -> (TenantId, Target) {
    (entry.tenant.clone(), entry.target.clone())
}

fn slot(deletion: &Deletion) -> (TenantId, bool) {
    (deletion.entry.tenant.clone(), deletion.precedes_purge())
}

/// Whether a deletion of `tenant` may run beside those that run.
fn has_place(running: &[(TenantId, bool)], tenant: &TenantId, precedes_purge: bool) -> bool {
    running.len() < CONCURRENT_ENTRIES
        && running.iter().filter(|(other, _)| other == tenant).count() < CONCURRENT_ENTRIES_OF_TENANT
        && (precedes_purge || running.iter().filter(|(_, precedes)| !precedes).count() < CONCURRENT_ENTRIES_AFTER)
}

async fn delete<P: Ports>(executor: &Executor<P>, deletion: Deletion, until: Timestamp) -> Ended {
    let ports = &executor.ports;
    let mut result = delete_variants(ports, &deletion, until).await;
    let mut is_row_removed = false;
    if let Ok(VariantDeletion { is_finished: true, deleted_in_all, .. }) = result {
        match remove_row(ports, &deletion, deleted_in_all).await {
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
