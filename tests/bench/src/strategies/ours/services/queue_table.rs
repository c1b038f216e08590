//! The queue's table: rows, lease, wake-ups and outbox.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge, QueueEntry};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{CallError, Lease, Leases, Outbox, Queue, QueueError, RowVersion, Rows, Wakeups, Woken};

use super::{RELEASED, Services, State};

impl Queue for Services {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        let write = |state: &mut State| {
            let rows = state.rows.entry(upsert.tenant.clone()).or_default();
            let row = rows.entry(upsert.target.clone()).or_insert_with(|| {
                let mut row = upsert.clone().into_new_row();
                row.cause.changes = 0;
                row
            });
            row.version.clone_from(&upsert.version);
            row.last_event_at = row.last_event_at.max(upsert.last_event_at);
            row.cause.changes += upsert.cause.changes;
            row.cause.reasons.extend(&upsert.cause.reasons);
            row.deletion_cursor = None;
            row.clone()
        };
        Ok(self.dynamodb(write).await)
    }

    async fn upsert_if_unchanged(&self, upsert: &Enqueue, _: Option<&str>) -> Result<Option<QueueEntry>, QueueError> {
        self.upsert(upsert).await.map(Some)
    }

    async fn entries(&self) -> Result<Rows<QueueEntry>, CallError> {
        let rows = self.dynamodb(|state| state.rows.values().flat_map(BTreeMap::values).cloned().collect()).await;
        Ok(self.rows(rows).await)
    }

    async fn entries_of(&self, tenant: &TenantId) -> Result<Rows<QueueEntry>, CallError> {
        let of_tenant =
            |state: &mut State| state.rows.get(tenant).into_iter().flat_map(BTreeMap::values).cloned().collect();
        let rows = self.dynamodb(of_tenant).await;
        Ok(self.rows(rows).await)
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        Ok(self.dynamodb(|state| state.rows.get(tenant)?.get(target).cloned()).await)
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let remove = |state: &mut State| {
            let Some(rows) = state.rows.get_mut(row.tenant) else { return false };
            let is_unchanged = rows.get(row.target).is_some_and(|entry| entry.version == row.version);
            is_unchanged && rows.remove(row.target).is_some()
        };
        Ok(self.dynamodb(remove).await)
    }

    async fn store_final_purge(&self, row: RowVersion<'_>, purge: &FinalPurge) -> Result<bool, CallError> {
        Ok(self.change(row, |entry| entry.final_purge = Some(purge.clone())).await)
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        self.change(row, |entry| entry.deletion_cursor = Some(cursor.clone())).await;
        Ok(())
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        let mark = |entry: &mut QueueEntry| {
            entry.early_purge_version = Some(entry.version.clone());
            entry.early_purge_count += 1;
            entry.deletion_cursor = None;
        };
        Ok(self.change(row, mark).await)
    }
}

impl Leases for Services {
    async fn take(&self, owner: &str, now: Timestamp, duration: Duration) -> Result<Option<Lease>, CallError> {
        let take = |state: &mut State| {
            if state.lease_until > now && state.lease.owner != owner {
                return None;
            }
            let is_takeover = state.lease_until != RELEASED;
            state.lease = Lease { owner: owner.to_owned(), token: state.lease.token + 1, is_takeover };
            state.lease_until = now.plus(duration);
            Some(state.lease.clone())
        };
        Ok(self.dynamodb(take).await)
    }

    async fn renew(&self, lease: &Lease, now: Timestamp, duration: Duration) -> Result<bool, CallError> {
        let renew = |state: &mut State| {
            let is_held = state.lease == *lease;
            if is_held {
                state.lease_until = now.plus(duration);
            }
            is_held
        };
        Ok(self.dynamodb(renew).await)
    }

    async fn release(&self, lease: &Lease) -> Result<(), CallError> {
        let release = |state: &mut State| {
            if state.lease == *lease {
                state.lease_until = RELEASED;
            }
        };
        self.dynamodb(release).await;
        Ok(())
    }
}

impl Wakeups for Services {
    async fn count_up(&self, tenants: &BTreeSet<TenantId>) -> Result<(), CallError> {
        self.dynamodb(|state| {
            state.woken.count += 1;
            state.woken.tenants.extend(tenants.iter().cloned());
        })
        .await;
        Ok(())
    }

    async fn is_leased(&self, now: Timestamp) -> Result<bool, CallError> {
        Ok(self.dynamodb(|state| state.lease_until > now).await)
    }

    async fn note_invocation(&self, now: Timestamp, since: Timestamp) -> Result<bool, CallError> {
        let note = |state: &mut State| {
            let is_due = state.invoked_at.is_none_or(|invoked_at| invoked_at <= since);
            if is_due {
                state.invoked_at = Some(now);
            }
            is_due
        };
        Ok(self.dynamodb(note).await)
    }

    async fn arrive(&self) -> Result<(), CallError> {
        self.dynamodb(|state| state.invoked_at = None).await;
        Ok(())
    }

    async fn count(&self) -> Result<u64, CallError> {
        Ok(self.dynamodb(|state| state.woken.count).await)
    }

    async fn take(&self) -> Result<Woken, CallError> {
        let take = |state: &mut State| {
            let tenants = std::mem::take(&mut state.woken.tenants);
            Woken { count: state.woken.count, tenants }
        };
        Ok(self.dynamodb(take).await)
    }
}

impl Outbox for Services {
    async fn requests(&self) -> Result<Rows<PurgeRequest>, CallError> {
        let rows = self.dynamodb(|state| state.requests.values().cloned().collect()).await;
        Ok(Rows { rows, unreadable: Vec::new() })
    }

    async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let write = |state: &mut State| {
            let is_held = lease.is_none_or(|lease| state.lease == *lease);
            if is_held {
                let reference = request.caller_reference.clone();
                state.requests.entry(reference).or_insert_with(|| request.clone());
            }
            is_held
        };
        Ok(self.dynamodb(write).await)
    }

    async fn update(&self, request: &PurgeRequest) -> Result<(), CallError> {
        let update = |state: &mut State| {
            if let Some(known) = state.requests.get_mut(&request.caller_reference) {
                known.clone_from(request);
            }
        };
        self.dynamodb(update).await;
        Ok(())
    }

    async fn remove(&self, caller_reference: &str) -> Result<(), CallError> {
        self.dynamodb(|state| state.requests.remove(caller_reference)).await;
        Ok(())
    }
}
