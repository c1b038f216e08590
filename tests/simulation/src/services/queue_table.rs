//! The queue's table: rows, the lease, and the requests in flight. Each call is one conditional write, one transaction,
//! or one strongly consistent read, as the adapter of `aws-adapters` makes it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, QueueEntry};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{
    Allowances, CallError, CallErrorKind, Lease, Leases, Outbox, Queue, QueueError, RowVersion, Rows,
};

use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::dynamodb::{Access, Item, Partition, Table};

/// The time to live of a row in [`Mutation::RowsExpire`]: longer than a row waits if no invocation is lost or late.
const EXPIRY: Duration = Duration::from_secs(90);

/// The partition key of the requests.
const REQUESTS: &str = "#request";

/// The partition key of the lease.
const LEASE: &str = "#lease";

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

/// The row of a target, the request of a caller reference, or the lease.
fn item(partition: impl ToString, sort_key: impl ToString) -> Item {
    Partition::of(Table::Queue, partition).item(sort_key)
}

fn row_item(row: RowVersion<'_>) -> Access {
    Access::Write(item(row.tenant, row.target))
}

fn request_item(caller_reference: &str) -> Item {
    item(REQUESTS, caller_reference)
}

fn allowance(tenant: &TenantId) -> Partition {
    Partition::of(Table::Queue, format!("#allowance/{tenant}"))
}

fn lease_item() -> Item {
    item(LEASE, "image-invalidation")
}

/// A call whose conflict a mutation takes for a success: `value` is the result then.
fn despite_conflict<T>(
    instance: &Instance,
    mutation: Mutation,
    result: Result<T, CallError>,
    value: impl FnOnce() -> T,
) -> Result<T, CallError> {
    match result {
        Err(error)
            if error.kind() == CallErrorKind::Conflict && instance.simulation.world().mutation == Some(mutation) =>
        {
            Ok(value())
        }
        result => result,
    }
}

impl Queue for Instance {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        let what = format!("enqueues {} of {} as {}", upsert.target, upsert.tenant, upsert.version);
        let access = Access::Write(item(&upsert.tenant, &upsert.target));
        let written = upsert.clone();
        let call = self.dynamodb(what, access, move |world| {
            world.checker.enqueued(&written);
            world.queue.upsert(&written)
        });
        match call.await {
            Err(error) if error.kind() == CallErrorKind::Throttled => {
                let is_careless = self.simulation.world().mutation == Some(Mutation::ThrottledWriteTakenAsDone);
                if is_careless { Ok(upsert.clone().into_new_row()) } else { Err(error.into()) }
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
            if world.mutation == Some(Mutation::RowsExpire) {
                let now_ms = world.now_ms;
                world.queue.entries.retain(|_, entry| entry.last_event_at.plus(EXPIRY).as_millis() > now_ms);
            }
            let rows = world.queue.entries.values().cloned().collect();
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        let key = (tenant.clone(), target.clone());
        let what = format!("reads the row of {target} of {tenant}");
        let access = Access::Read(vec![Partition::of(Table::Queue, tenant)]);
        Ok(self.dynamodb(what, access, move |world| world.queue.entries.get(&key).cloned()).await?)
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

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        let what = format!("stores the deletion cursor of {} of {}", row.target, row.tenant);
        let (row, access, cursor) = (OwnRow::from(row), row_item(row), cursor.clone());
        let note = self.dynamodb(what, access, move |world| {
            world.queue.change(&row, |entry| entry.deletion_cursor = Some(cursor.clone()));
        });
        note.await
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<(), CallError> {
        let what = format!("marks the early purge of {} of {}", row.target, row.tenant);
        let (row, access) = (OwnRow::from(row), row_item(row));
        let note = self.dynamodb(what, access, move |world| {
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
        let of_owner = owner.to_owned();
        let access = Access::Write(lease_item());
        let take = self.dynamodb("takes the lease".to_owned(), access, move |world| {
            let held = world.queue.lease.as_ref().map(|(lease, _)| lease.clone());
            match held.filter(|held| held.owner == of_owner && world.mutation == Some(Mutation::TokenOfTheOwner)) {
                Some(held) => Some(held),
                None => world.queue.take_lease(&of_owner, now, duration),
            }
        });
        let taken = take.await;
        despite_conflict(self, Mutation::LeaseTakenDespiteConflict, taken, || {
            self.simulation.world().queue.lease.as_ref().map(|(lease, _)| lease.clone())
        })
    }

    async fn release(&self, lease: &Lease) -> Result<(), CallError> {
        let token = lease.token;
        let what = format!("releases lease {token}");
        self.dynamodb(what, Access::Write(lease_item()), move |world| world.queue.release_lease(token)).await
    }
}

impl Allowances for Instance {
    async fn full_at(&self, tenant: &TenantId) -> Result<Option<Timestamp>, CallError> {
        let tenant = tenant.clone();
        let what = format!("reads the allowance of {tenant}");
        let access = Access::Read(vec![allowance(&tenant)]);
        self.dynamodb(what, access, move |world| world.queue.allowances.get(&tenant).copied()).await
    }

    async fn replace(&self, tenant: &TenantId, seen: Option<Timestamp>, full_at: Timestamp) -> Result<bool, CallError> {
        let tenant = tenant.clone();
        let access = Access::Write(allowance(&tenant).item("manual-purges"));
        let replace = self.dynamodb(format!("replaces the allowance of {tenant}"), access, move |world| {
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
        let access = Access::Read(vec![Partition::of(Table::Queue, REQUESTS)]);
        let rows = self.dynamodb("reads the requests".to_owned(), access, |world| {
            let rows = world.queue.requests.values().cloned().collect();
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let (request, token) = (request.clone(), lease.map(|lease| lease.token));
        let what = format!("writes request {} to the outbox: {:?}", short(&request.caller_reference), request.items);
        let mut items = vec![request_item(&request.caller_reference)];
        items.extend(lease.map(|_| lease_item()));
        let write = self.dynamodb(what, Access::Transaction(items), move |world| {
            let is_careless = world.mutation == Some(Mutation::FencingTokenNotChecked);
            if token.is_some_and(|token| !world.queue.is_held(token)) && !is_careless {
                return false;
            }
            let registrations = world.registry.registrations(&request.for_tenant);
            world.checker.requested(&request, registrations);
            world.queue.requests.entry(request.caller_reference.clone()).or_insert_with(|| request.clone());
            true
        });
        despite_conflict(self, Mutation::CanceledTransactionTakenAsDone, write.await, || true)
    }

    async fn update(&self, request: &PurgeRequest) -> Result<(), CallError> {
        let request = request.clone();
        let what = format!("updates request {} {:?}", short(&request.caller_reference), request.invalidation_id);
        let access = Access::Write(request_item(&request.caller_reference));
        let note = self.dynamodb(what, access, move |world| {
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
        let access = Access::Write(request_item(caller_reference));
        self.dynamodb(what, access, move |world| drop(world.queue.requests.remove(&reference))).await
    }
}

/// The beginning of a caller reference, enough to tell it apart by eye.
pub(crate) fn short(caller_reference: &str) -> &str {
    caller_reference.get(..8).unwrap_or(caller_reference)
}
