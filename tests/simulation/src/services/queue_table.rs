//! The queue's table: rows, and beside them the lease and the requests in flight (`outbox`). Each call is one conditional
//! write, one transaction, or one strongly consistent read, as the adapter of `aws-adapters` makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge, QueueEntry};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{CallError, CallErrorKind, Lease, Queue, QueueError, RowVersion, Rows};

use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::dynamodb::{Access, Item, Partition, Table};
use crate::services::wakeups::WakeUpCounter;
use crate::world::World;

/// The time to live of a row in [`Mutation::RowsExpire`]: longer than a row waits if no invocation is lost or late.
const EXPIRY: Duration = Duration::from_secs(90);

/// The time of expiry of a lease that was released.
const RELEASED: Timestamp = Timestamp::from_millis(0);

/// The queue's table.
#[derive(Debug, Default)]
pub(crate) struct QueueTable {
    pub(crate) entries: BTreeMap<(TenantId, Target), QueueEntry>,
    pub(crate) requests: BTreeMap<String, PurgeRequest>,
    pub(super) lease: Option<(Lease, Timestamp)>,
    pub(super) wake_ups: WakeUpCounter,
    /// The times at which the tenants' allowances of manual purges are full again.
    pub(super) allowances: BTreeMap<TenantId, Timestamp>,
    /// The versions whose rows a POST drops, in [`Mutation::PostDropsTheRestWhenThrottled`].
    dropped: BTreeSet<String>,
}

impl QueueTable {
    fn upsert(&mut self, upsert: &Enqueue) -> QueueEntry {
        let key = (upsert.tenant.clone(), upsert.target.clone());
        let entry = self.entries.entry(key).or_insert_with(|| {
            let mut row = upsert.clone().into_new_row();
            row.cause.changes = 0;
            row
        });
        entry.version.clone_from(&upsert.version);
        entry.last_event_at = entry.last_event_at.max(upsert.last_event_at);
        entry.cause.changes += upsert.cause.changes;
        entry.cause.reasons.extend(&upsert.cause.reasons);
        entry.cause.requested_by.extend(upsert.cause.requested_by.iter().cloned());
        entry.deletion_cursor = None;
        if upsert.is_purged_at_once {
            entry.early_purge_version = Some(upsert.version.clone());
        }
        entry.clone()
    }

    pub(super) fn take_lease(&mut self, owner: &str, now: Timestamp, duration: Duration) -> Option<Lease> {
        let (token, is_takeover) = match &self.lease {
            Some((lease, expires_at)) if *expires_at > now && lease.owner != owner => return None,
            Some((lease, expires_at)) => (lease.token + 1, *expires_at != RELEASED),
            None => (1, false),
        };
        let lease = Lease { owner: owner.to_owned(), token, is_takeover };
        self.lease = Some((lease.clone(), now.plus(duration)));
        Some(lease)
    }

    pub(super) fn release_lease(&mut self, token: u64) {
        if let Some((lease, expires_at)) = &mut self.lease
            && lease.token == token
        {
            *expires_at = RELEASED;
        }
    }

    /// Renews the lease, expired or not, if its token is the newest. Says whether it is.
    pub(super) fn renew_lease(&mut self, token: u64, until: Timestamp) -> bool {
        let newest = self.lease.as_mut().filter(|(lease, _)| lease.token == token);
        newest.map(|(_, expires_at)| *expires_at = until).is_some()
    }

    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|(_, expires_at)| *expires_at > now)
    }

    pub(super) fn is_held(&self, token: u64) -> bool {
        self.lease.as_ref().is_some_and(|(lease, _)| lease.token == token)
    }

    /// Changes a row that has its version still. Says whether it has.
    fn change(&mut self, row: &OwnRow, change: impl FnOnce(&mut QueueEntry)) -> bool {
        let entry = self.entries.get_mut(&row.key).filter(|entry| entry.version == row.version);
        entry.map(change).is_some()
    }
}

/// Removes the rows whose time to live has ended, if they have one.
fn expire(world: &mut World) {
    if world.mutation == Some(Mutation::RowsExpire) {
        let now_ms = world.now_ms;
        world.queue.entries.retain(|_, entry| entry.last_event_at.plus(EXPIRY).as_millis() > now_ms);
    }
}

/// Whether a POST has written it.
fn is_of_post(upsert: &Enqueue) -> bool {
    upsert.version.starts_with("queued@")
}

/// A [`RowVersion`] that a call takes with it.
struct OwnRow {
    key: (TenantId, Target),
    version: String,
}

impl From<RowVersion<'_>> for OwnRow {
    fn from(row: RowVersion<'_>) -> Self {
        Self { key: (row.tenant.clone(), row.target.clone()), version: row.version.to_owned() }
    }
}

/// The row of a target, the request of a caller reference, or the lease.
pub(super) fn item(partition: &(impl ToString + ?Sized), sort_key: &(impl ToString + ?Sized)) -> Item {
    Partition::of(Table::Queue, partition).item(sort_key)
}

fn row_item(row: RowVersion<'_>) -> Access {
    Access::Write(item(row.tenant, row.target))
}

impl Queue for Instance {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        if self.simulation.world().queue.dropped.contains(&upsert.version) {
            return Ok(upsert.clone().into_new_row());
        }
        let what = format!("enqueues {} of {} as {}", upsert.target, upsert.tenant, upsert.version);
        let access = Access::Write(item(&upsert.tenant, &upsert.target));
        let written = upsert.clone();
        let call = self.dynamodb(what, access, move |world| {
            if world.mutation == Some(Mutation::PostWritesRowsOfAnotherTenant) && is_of_post(&written) {
                let tenant = world.setup.tenants[1].id.clone();
                let foreign = Enqueue { tenant, ..written.clone() };
                world.checker.enqueued(&foreign);
                world.queue.upsert(&foreign);
            }
            world.checker.enqueued(&written);
            world.queue.upsert(&written)
        });
        match call.await {
            Err(error) if error.kind() == CallErrorKind::Throttled => {
                let mut world = self.simulation.world();
                let drops_the_rest =
                    world.mutation == Some(Mutation::PostDropsTheRestWhenThrottled) && is_of_post(upsert);
                if drops_the_rest {
                    world.queue.dropped.insert(upsert.version.clone());
                }
                if drops_the_rest || world.mutation == Some(Mutation::ThrottledWriteTakenAsDone) {
                    Ok(upsert.clone().into_new_row())
                } else {
                    Err(error.into())
                }
            }
            result => Ok(result?),
        }
    }

    async fn upsert_if_unchanged(
        &self,
        upsert: &Enqueue,
        seen: Option<&str>,
    ) -> Result<Option<QueueEntry>, QueueError> {
        let (upsert, seen) = (upsert.clone(), seen.map(ToOwned::to_owned));
        let what = format!("enqueues {} of {} as {} after {seen:?}", upsert.target, upsert.tenant, upsert.version);
        let access = Access::Write(item(&upsert.tenant, &upsert.target));
        let call = self.dynamodb(what, access, move |world| {
            let row = world.queue.entries.get(&(upsert.tenant.clone(), upsert.target.clone()));
            let version = row.map(|row| &row.version);
            (version == seen.as_ref() || version == Some(&upsert.version)).then(|| {
                world.checker.enqueued(&upsert);
                world.queue.upsert(&upsert)
            })
        });
        Ok(call.await?)
    }

    async fn entries(&self) -> Result<Rows<QueueEntry>, CallError> {
        let tenants = self.simulation.world().setup.tenants.clone();
        let tenants = tenants.iter().map(|tenant| Partition::of(Table::Queue, &tenant.id)).collect();
        let rows = self.dynamodb("reads the queue".to_owned(), Access::Read(tenants), |world| {
            expire(world);
            let rows = world.queue.entries.values().cloned().collect();
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn entries_of(&self, tenant: &TenantId) -> Result<Rows<QueueEntry>, CallError> {
        let (tenant, what) = (tenant.clone(), format!("reads the rows of {tenant}"));
        let access = Access::Read(vec![Partition::of(Table::Queue, &tenant)]);
        let rows = self.dynamodb(what, access, move |world| {
            expire(world);
            let rows = world.queue.entries.iter().filter(|((of, _), _)| *of == tenant);
            Rows { rows: rows.map(|(_, entry)| entry.clone()).collect(), unreadable: Vec::new() }
        });
        rows.await
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        let key = (tenant.clone(), target.clone());
        let what = format!("reads the row of {target} of {tenant}");
        let access = Access::Read(vec![Partition::of(Table::Queue, tenant)]);
        let reader = Arc::clone(&self.name);
        let find = self.dynamodb(what, access, move |world| {
            let row = world.queue.entries.get(&key).cloned();
            world.checker.row_read(&reader, &key.1, row.as_ref());
            row
        });
        Ok(find.await?)
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let what = format!("removes the row of {} of {} at {}", row.target, row.tenant, row.version);
        let (row, access) = (OwnRow::from(row), row_item(row));
        let remove = self.dynamodb(what, access, move |world| {
            let is_careless = world.mutation == Some(Mutation::RowRemovedAtAnyVersion);
            let is_due = world.queue.change(&row, |_| {}) || is_careless;
            is_due && world.queue.entries.remove(&row.key).is_some()
        });
        remove.await
    }

    async fn store_final_purge(&self, row: RowVersion<'_>, purge: &FinalPurge) -> Result<bool, CallError> {
        let what = format!("stores the final purge of {} of {}", row.target, row.tenant);
        let (row, access, purge) = (OwnRow::from(row), row_item(row), purge.clone());
        let store = self.dynamodb(what, access, move |world| {
            world.queue.change(&row, |entry| {
                entry.final_purge = Some(purge.clone());
                entry.deletion_cursor = None;
            })
        });
        store.await
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        let what = format!("stores the deletion cursor of {} of {}", row.target, row.tenant);
        let (row, access, cursor) = (OwnRow::from(row), row_item(row), cursor.clone());
        let note = self.dynamodb(what, access, move |world| {
            world.queue.change(&row, |entry| entry.deletion_cursor = Some(cursor.clone()));
        });
        note.await
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let what = format!("marks the early purge of {} of {}", row.target, row.tenant);
        let (row, access) = (OwnRow::from(row), row_item(row));
        let note = self.dynamodb(what, access, move |world| {
            if world.queue.entries.get(&row.key).is_some_and(|entry| entry.completed_purge().is_some()) {
                return false;
            }
            world.queue.change(&row, |entry| {
                entry.early_purge_version = Some(entry.version.clone());
                entry.early_purge_count += 1;
                entry.deletion_cursor = None;
            })
        });
        note.await
    }
}
