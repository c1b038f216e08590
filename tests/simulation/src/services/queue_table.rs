//! The queue's table: rows, the lease, and the requests in flight. Each call is one conditional write or one
//! strongly consistent read, as the adapter of `aws-adapters` makes it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, QueueEntry};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{Allowances, CallError, Lease, Leases, Outbox, Queue, QueueError, RowVersion, Rows};

use crate::lambda::Instance;
use crate::mutation::Mutation;

/// The queue's table.
#[derive(Debug, Default)]
pub(crate) struct QueueTable {
    pub(crate) entries: BTreeMap<(TenantId, Target), QueueEntry>,
    pub(crate) requests: BTreeMap<String, PurgeRequest>,
    lease: Option<(Lease, Timestamp)>,
    /// The times at which the tenants' allowances of manual purges are full again.
    allowances: BTreeMap<TenantId, Timestamp>,
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

    fn take_lease(&mut self, owner: &str, now: Timestamp, duration: Duration) -> Option<Lease> {
        let token = match &self.lease {
            Some((lease, expires_at)) if *expires_at > now && lease.owner != owner => return None,
            Some((lease, _)) => lease.token + 1,
            None => 1,
        };
        let lease = Lease { owner: owner.to_owned(), token };
        self.lease = Some((lease.clone(), now.plus(duration)));
        Some(lease)
    }

    fn release_lease(&mut self, token: u64) {
        if let Some((lease, expires_at)) = &mut self.lease
            && lease.token == token
        {
            *expires_at = Timestamp::from_millis(0);
        }
    }

    fn is_held(&self, token: u64) -> bool {
        self.lease.as_ref().is_some_and(|(lease, _)| lease.token == token)
    }

    /// Changes a row that has its version still. Says whether it has.
    fn change(&mut self, row: &OwnRow, change: impl FnOnce(&mut QueueEntry)) -> bool {
        let entry = self.entries.get_mut(&row.key).filter(|entry| entry.version == row.version);
        entry.map(change).is_some()
    }
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

impl Queue for Instance {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        let upsert = upsert.clone();
        let what = format!("enqueues {} of {} as {}", upsert.target, upsert.tenant, upsert.version);
        let call = self.call(what, move |world| {
            world.checker.enqueued(&upsert);
            world.queue.upsert(&upsert)
        });
        Ok(call.await?)
    }

    async fn upsert_if_unchanged(
        &self,
        upsert: &Enqueue,
        seen: Option<&str>,
    ) -> Result<Option<QueueEntry>, QueueError> {
        let (upsert, seen) = (upsert.clone(), seen.map(ToOwned::to_owned));
        let what = format!("enqueues {} of {} as {} after {seen:?}", upsert.target, upsert.tenant, upsert.version);
        let call = self.call(what, move |world| {
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
        let rows = self.call("reads the queue".to_owned(), |world| {
            let rows = world.queue.entries.values().cloned().collect();
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        let key = (tenant.clone(), target.clone());
        let what = format!("reads the row of {target} of {tenant}");
        Ok(self.call(what, move |world| world.queue.entries.get(&key).cloned()).await?)
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let what = format!("removes the row of {} of {} at {}", row.target, row.tenant, row.version);
        let row = OwnRow::from(row);
        let remove = self.call(what, move |world| {
            let is_careless = world.mutation == Some(Mutation::RowRemovedAtAnyVersion);
            let is_due = world.queue.change(&row, |_| {}) || is_careless;
            is_due && world.queue.entries.remove(&row.key).is_some()
        });
        remove.await
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        let what = format!("stores the deletion cursor of {} of {}", row.target, row.tenant);
        let (row, cursor) = (OwnRow::from(row), cursor.clone());
        let note = self.call(what, move |world| {
            world.queue.change(&row, |entry| entry.deletion_cursor = Some(cursor.clone()));
        });
        note.await
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<(), CallError> {
        let what = format!("marks the early purge of {} of {}", row.target, row.tenant);
        let row = OwnRow::from(row);
        let note = self.call(what, move |world| {
            world.queue.change(&row, |entry| {
                entry.early_purge_version = Some(entry.version.clone());
                entry.early_purge_count += 1;
                entry.deletion_cursor = None;
            });
        });
        note.await
    }
}

impl Leases for Instance {
    async fn take(&self, owner: &str, now: Timestamp, duration: Duration) -> Result<Option<Lease>, CallError> {
        let owner = owner.to_owned();
        self.call("takes the lease".to_owned(), move |world| world.queue.take_lease(&owner, now, duration)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), CallError> {
        let token = lease.token;
        self.call(format!("releases lease {token}"), move |world| world.queue.release_lease(token)).await
    }
}

impl Allowances for Instance {
    async fn full_at(&self, tenant: &TenantId) -> Result<Option<Timestamp>, CallError> {
        let tenant = tenant.clone();
        let what = format!("reads the allowance of {tenant}");
        self.call(what, move |world| world.queue.allowances.get(&tenant).copied()).await
    }

    async fn replace(&self, tenant: &TenantId, seen: Option<Timestamp>, full_at: Timestamp) -> Result<bool, CallError> {
        let tenant = tenant.clone();
        let replace = self.call(format!("replaces the allowance of {tenant}"), move |world| {
            let is_unchanged = world.queue.allowances.get(&tenant).copied() == seen;
            if is_unchanged {
                world.queue.allowances.insert(tenant.clone(), full_at);
            }
            is_unchanged
        });
        replace.await
    }
}

impl Outbox for Instance {
    async fn requests(&self) -> Result<Rows<PurgeRequest>, CallError> {
        let rows = self.call("reads the requests".to_owned(), |world| {
            let rows = world.queue.requests.values().cloned().collect();
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let (request, token) = (request.clone(), lease.map(|lease| lease.token));
        let what = format!("writes request {} to the outbox: {:?}", short(&request.caller_reference), request.items);
        let write = self.call(what, move |world| {
            let is_careless = world.mutation == Some(Mutation::FencingTokenNotChecked);
            if token.is_some_and(|token| !world.queue.is_held(token)) && !is_careless {
                return false;
            }
            world.checker.requested(&request);
            world.queue.requests.entry(request.caller_reference.clone()).or_insert_with(|| request.clone());
            true
        });
        write.await
    }

    async fn update(&self, request: &PurgeRequest) -> Result<(), CallError> {
        let request = request.clone();
        let what = format!("updates request {} {:?}", short(&request.caller_reference), request.invalidation_id);
        let note = self.call(what, move |world| {
            if let Some(written) = world.queue.requests.get_mut(&request.caller_reference) {
                written.renamed = request.renamed;
                if request.invalidation_id.is_some() {
                    written.invalidation_id.clone_from(&request.invalidation_id);
                }
            }
        });
        note.await
    }

    async fn remove(&self, caller_reference: &str) -> Result<(), CallError> {
        let (reference, what) = (caller_reference.to_owned(), format!("removes request {}", short(caller_reference)));
        self.call(what, move |world| drop(world.queue.requests.remove(&reference))).await
    }
}

/// The beginning of a caller reference, enough to tell it apart by eye.
pub(crate) fn short(caller_reference: &str) -> &str {
    caller_reference.get(..8).unwrap_or(caller_reference)
}
