//! The counter of wake-ups, an item of the queue's table beside the lease, and Lambda's asynchronous invocations of purge
//! runs.

use std::collections::BTreeSet;

use domain::{TenantId, Timestamp};
use purging::ports::{CallError, PurgeRuns, Wakeups, Woken};
use purging::purge_run::Trigger;

use crate::actors::scheduler;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::dynamodb::{Access, Item, Partition, Table};
use crate::services::outbox::LEASE;
use crate::services::queue_table::item;

/// The partition key of the counter.
const WAKE_UP: &str = "#wake-up";

/// The counter of wake-ups.
#[derive(Debug, Default)]
pub(crate) struct WakeUpCounter {
    count: u64,
    /// The count at which the last purge run took the tenants.
    taken: u64,
    tenants: BTreeSet<TenantId>,
    invoked_at: Option<Timestamp>,
}

fn counter() -> Item {
    item(WAKE_UP, "image-invalidation")
}

impl Wakeups for Instance {
    async fn count_up(&self, tenants: &BTreeSet<TenantId>) -> Result<(), CallError> {
        let tenants = tenants.clone();
        let what = format!("counts a wake-up for {tenants:?}");
        let count_up = self.dynamodb(what, Access::Write(counter()), move |world| {
            world.queue.wake_ups.count += 1;
            world.queue.wake_ups.tenants.extend(tenants.iter().cloned());
        });
        count_up.await
    }

    async fn is_leased(&self, now: Timestamp) -> Result<bool, CallError> {
        let access = Access::Read(vec![Partition::of(Table::Queue, LEASE)]);
        self.dynamodb("reads the lease".to_owned(), access, move |world| world.queue.is_leased(now)).await
    }

    async fn note_invocation(&self, now: Timestamp, since: Timestamp) -> Result<bool, CallError> {
        let note = self.dynamodb("notes an invocation".to_owned(), Access::Write(counter()), move |world| {
            let counter = &mut world.queue.wake_ups;
            let is_due = counter.invoked_at.is_none_or(|invoked_at| invoked_at <= since);
            if is_due {
                counter.invoked_at = Some(now);
            }
            is_due
        });
        note.await
    }

    async fn arrive(&self) -> Result<(), CallError> {
        let arrive = self.dynamodb("arrives".to_owned(), Access::Write(counter()), |world| {
            world.queue.wake_ups.invoked_at = None;
        });
        arrive.await
    }

    async fn count(&self) -> Result<u64, CallError> {
        let access = Access::Read(vec![Partition::of(Table::Queue, WAKE_UP)]);
        let count = self.dynamodb("reads the count of wake-ups".to_owned(), access, |world| {
            let WakeUpCounter { count, taken, .. } = world.queue.wake_ups;
            if world.mutation == Some(Mutation::WakeUpCounterNotCompared) { taken } else { count }
        });
        count.await
    }

    async fn take(&self) -> Result<Woken, CallError> {
        let take = self.dynamodb("takes the wake-ups".to_owned(), Access::Write(counter()), |world| {
            let counter = &mut world.queue.wake_ups;
            counter.taken = counter.count;
            Woken { count: counter.count, tenants: std::mem::take(&mut counter.tenants) }
        });
        take.await
    }
}

impl PurgeRuns for Instance {
    async fn invoke(&self) -> Result<(), CallError> {
        let invoke = self.call("invokes a purge run".to_owned(), |world| {
            world.wakings += 1;
            let request_id = format!("woken {}", world.wakings);
            scheduler::invoke_purge_run(world, Trigger::WakeUp, &request_id);
        });
        invoke.await
    }
}
