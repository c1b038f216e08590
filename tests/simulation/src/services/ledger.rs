//! The purge ledger.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::purge::ledger::{COMPLETED, Completion, LedgerRow};
use domain::{Target, TenantId, Timestamp};
use purging::ports::{CallError, Ledger};

use crate::checker::Violation;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::dynamodb::{Access, Item, Partition, Table};

/// The longest time from an enqueueing to the end of its final purge where nothing delays it, and the schedule starts each
/// purge run: two minutes until a busy purge run reads all rows again, the settle delay, twice where variants are deleted
/// first, the slowest invalidation, and a minute for the rate of CloudFront's calls. It is less than the time between two
/// purge runs of the deployed schedule.
const TIME_MAX: Duration = Duration::from_mins(4);

/// The same where an enqueueing wakes a purge run, which reads its row at once. A throttled request is sent again behind
/// admins' purges, at half the rate of calls: that takes up to two minutes of it.
const WOKEN_TIME_MAX: Duration = Duration::from_mins(3);

/// The purge ledger.
#[derive(Debug, Default)]
pub(crate) struct LedgerTable {
    pub(crate) rows: BTreeMap<(TenantId, String), LedgerRow>,
}

fn item(tenant: &TenantId, purge: &str) -> Item {
    Partition::of(Table::Ledger, tenant).item(purge)
}

impl Ledger for Instance {
    async fn write(&self, row: &LedgerRow) -> Result<(), CallError> {
        let row = row.clone();
        let what = format!("writes ledger row {} of {}", row.purge, row.tenant);
        let write = self.dynamodb(what, Access::Write(item(&row.tenant, &row.purge)), move |world| {
            let key = (row.tenant.clone(), row.purge.clone());
            if world.ledger.rows.get(&key).is_some_and(|written| written.completed_at.is_some()) {
                if world.mutation != Some(Mutation::CompletionOverwritten) {
                    return;
                }
                world.checker.report(Violation::Misinformed, format!("{} of {} lost its completion", key.1, key.0));
            }
            world.ledger.rows.insert(key, row.clone());
        });
        write.await
    }

    async fn mark_completed(&self, tenant: &TenantId, purge: &str, completion: &Completion) -> Result<(), CallError> {
        let (key, completion) = ((tenant.clone(), purge.to_owned()), *completion);
        let what = format!("marks {purge} of {tenant} completed");
        let mark_completed = self.dynamodb(what, Access::Write(item(tenant, purge)), move |world| {
            let Some(row) = world.ledger.rows.get_mut(&key) else { return };
            COMPLETED.clone_into(&mut row.invalidation_status);
            row.completed_at = row.completed_at.or(Some(completion.completed_at));
            row.refill_seen_at = row.refill_seen_at.or(completion.refill_seen_at);
            if row.is_final {
                let time_max = if world.setup.wakes { WOKEN_TIME_MAX } else { TIME_MAX };
                let time_max = world.setup.has_no_obstacle().then_some(time_max);
                let kept = world.checker.completed(row, time_max);
                let (tenant, target) = (row.tenant.clone(), row.target.clone());
                for promise in kept {
                    world.look_for_older_copies(&promise);
                }
                for _ in 0..2 {
                    world.make_curious(&tenant, &target, 10_000);
                }
            }
        });
        mark_completed.await
    }

    async fn mark_deleted(
        &self,
        tenant: &TenantId,
        purge: &str,
        variants_deleted: u64,
        deleted_at: Timestamp,
    ) -> Result<(), CallError> {
        let key = (tenant.clone(), purge.to_owned());
        let what = format!("adds {variants_deleted} deleted variants to {purge} of {tenant}");
        let mark_deleted = self.dynamodb(what, Access::Write(item(tenant, purge)), move |world| {
            if let Some(row) = world.ledger.rows.get_mut(&key) {
                row.variants_deleted = variants_deleted;
                row.variants_deleted_at = Some(deleted_at);
            }
        });
        mark_deleted.await
    }

    async fn newest(&self, tenant: &TenantId, target: &Target, count: u8) -> Result<Vec<LedgerRow>, CallError> {
        let (tenant, prefix) = (tenant.clone(), format!("{target}#"));
        let what = format!("reads the purges of {target} of {tenant}");
        let read = self.dynamodb(what, Access::Read(vec![Partition::of(Table::Ledger, &tenant)]), move |world| {
            let rows = world.ledger.rows.iter().rev();
            let rows = rows.filter(|((of, purge), _)| *of == tenant && purge.starts_with(&prefix));
            rows.map(|(_, row)| row.clone()).take(usize::from(count)).collect()
        });
        read.await
    }

    async fn last_completed(&self, tenant: &TenantId, count: usize) -> Result<Vec<LedgerRow>, CallError> {
        let tenant = tenant.clone();
        let what = format!("reads the completed purges of {tenant}");
        let read = self.dynamodb(what, Access::Read(vec![Partition::of(Table::Ledger, &tenant)]), move |world| {
            let of_tenant = world.ledger.rows.values().filter(|row| row.tenant == tenant && row.completed_at.is_some());
            let mut rows: Vec<_> = of_tenant.cloned().collect();
            rows.sort_by_key(|row| Reverse(row.completed_at));
            rows.truncate(count);
            rows
        });
        read.await
    }
}
