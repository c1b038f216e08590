//! A queue that is slow, and that fails for one target.

use std::sync::Mutex;
use std::time::Duration;

use aws_adapters::invalidation_queue::InvalidationQueue;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, QueueEntry};
use domain::{Target, TenantId};
use purging::ports::{CallError, Clock, Queue, QueueError, RowVersion, Rows};
use support::{Environment, TestClock};

/// The queue of an environment, whose writes take time, and whose writes of one target fail.
pub(super) struct UnreliableQueue {
    queue: InvalidationQueue,
    clock: TestClock,
    write_time: Duration,
    failing: &'static str,
    attempts: Mutex<Vec<String>>,
}

impl UnreliableQueue {
    /// The queue of `environment`. Each write takes `write_time` by `clock`, and writes of `failing` fail.
    pub(super) fn new(
        environment: &Environment,
        clock: &TestClock,
        write_time: Duration,
        failing: &'static str,
    ) -> Self {
        Self { queue: environment.queue(), clock: clock.clone(), write_time, failing, attempts: Mutex::default() }
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

    async fn find(&self, tenant: &TenantId, target: &Target) -> Result<Option<QueueEntry>, QueueError> {
        self.queue.find(tenant, target).await
    }

    async fn remove_if_unchanged(&self, row: RowVersion<'_>) -> Result<bool, CallError> {
        self.queue.remove_if_unchanged(row).await
    }

    async fn store_deletion_cursor(&self, row: RowVersion<'_>, cursor: &DeletionCursor) -> Result<(), CallError> {
        self.queue.store_deletion_cursor(row, cursor).await
    }

    async fn mark_early_purge(&self, row: RowVersion<'_>) -> Result<(), CallError> {
        self.queue.mark_early_purge(row).await
    }
}
