//! A queue that is slow, that fails for one target, and that may not count wake-ups.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use aws_adapters::invalidation_queue::InvalidationQueue;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge, QueueEntry};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{CallError, Clock, Queue, QueueError, RowVersion, Rows, Wakeups, Woken};
use support::{Environment, TestClock};

/// The queue of an environment, whose writes take time, and whose writes of one target fail.
pub(super) struct UnreliableQueue {
    queue: InvalidationQueue,
    clock: TestClock,
    write_time: Duration,
    failing: &'static str,
    attempts: Mutex<Vec<String>>,
    /// Whether wake-ups can be counted.
    pub(super) counts_wakeups: bool,
}

impl UnreliableQueue {
    /// The queue of `environment`. Each write takes `write_time` by `clock`, and writes of `failing` fail.
    pub(super) fn new(
        environment: &Environment,
        clock: &TestClock,
        write_time: Duration,
        failing: &'static str,
    ) -> Self {
        Self {
            queue: environment.queue(),
            clock: clock.clone(),
            write_time,
            failing,
            attempts: Mutex::default(),
            counts_wakeups: true,
        }
    }

    /// The targets of all writes, in order.
    pub(super) fn attempts(&self) -> Vec<String> {
        self.attempts.lock().unwrap().clone()
    }
}

impl Queue for UnreliableQueue {
    async fn upsert(&self, upsert: &Enqueue) -> Result<QueueEntry, QueueError> {
        let target = upsert.target.to_string();
        self.attempts.lock().unwrap().push(target.clone());
        self.clock.set(self.clock.now().plus(self.write_time));
        if target == self.failing {
            return Err(CallError::new(format!("enqueueing {target}"), "throttled").into());
        }
        self.queue.upsert(upsert).await
    }

    async fn upsert_if_unchanged(
        &self,
        upsert: &Enqueue,
        seen: Option<&str>,
    ) -> Result<Option<QueueEntry>, QueueError> {
        self.queue.upsert_if_unchanged(upsert, seen).await
    }

    async fn entries(&self) -> Result<Rows<QueueEntry>, CallError> {
        self.queue.entries().await
    }

    async fn entries_of(&self, tenant: &TenantId) -> Result<Rows<QueueEntry>, CallError> {
        self.queue.entries_of(tenant).await
    }

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        self.queue.find(tenant, target).await
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        self.queue.remove_if_unchanged(row).await
    }

    async fn store_final_purge(&self, row: RowVersion<'_>, purge: &FinalPurge) -> Result<bool, CallError> {
        self.queue.store_final_purge(row, purge).await
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        self.queue.store_deletion_cursor(row, cursor).await
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        self.queue.mark_early_purge(row).await
    }
}

impl Wakeups for UnreliableQueue {
    async fn count_up(&self, tenants: &BTreeSet<TenantId>) -> Result<(), CallError> {
        if self.counts_wakeups {
            self.queue.count_up(tenants).await
        } else {
            Err(CallError::new("counting a wake-up".to_owned(), "throttled"))
        }
    }

    async fn is_leased(&self, now: Timestamp) -> Result<bool, CallError> {
        self.queue.is_leased(now).await
    }

    async fn note_invocation(&self, now: Timestamp, since: Timestamp) -> Result<bool, CallError> {
        self.queue.note_invocation(now, since).await
    }

    async fn arrive(&self) -> Result<(), CallError> {
        self.queue.arrive().await
    }

    async fn count(&self) -> Result<u64, CallError> {
        Wakeups::count(&self.queue).await
    }

    async fn take(&self) -> Result<Woken, CallError> {
        Wakeups::take(&self.queue).await
    }
}
