//! The allowances of manual purges, one item for each tenant.

use std::sync::Arc;

use domain::{TenantId, Timestamp};
use purging::ports::{Allowances, CallError, Clock};

use crate::lambda::Instance;
use crate::services::dynamodb::{Access, Partition, Table};

/// The time in which a token returns, in milliseconds; see `LIMIT` of `actors::admin`.
const MILLIS_PER_TOKEN: u64 = 60_000;

fn partition(tenant: &TenantId) -> Partition {
    Partition::of(Table::Queue, &format!("#allowance/{tenant}"))
}

impl Allowances for Instance {
    async fn full_at(&self, tenant: &TenantId) -> Result<Option<Timestamp>, CallError> {
        let tenant = tenant.clone();
        let what = format!("reads the allowance of {tenant}");
        let access = Access::Read(vec![partition(&tenant)]);
        self.dynamodb(what, access, move |world| world.queue.allowances.get(&tenant).copied()).await
    }

    async fn replace(&self, tenant: &TenantId, seen: Option<Timestamp>, full_at: Timestamp) -> Result<bool, CallError> {
        let (tenant, taker) = (tenant.clone(), Arc::clone(&self.name));
        let now_ms = self.now().as_millis();
        let access = Access::Write(partition(&tenant).item("manual-purges"));
        let replace = self.dynamodb(format!("replaces the allowance of {tenant}"), access, move |world| {
            let is_unchanged = world.queue.allowances.get(&tenant).copied() == seen;
            if is_unchanged {
                let full_before_ms = seen.map_or(now_ms, |full_at| full_at.as_millis().max(now_ms));
                let taken_ms = full_at.as_millis().saturating_sub(full_before_ms);
                world.checker.tokens_taken(&taker, (taken_ms + MILLIS_PER_TOKEN / 2) / MILLIS_PER_TOKEN);
                world.queue.allowances.insert(tenant.clone(), full_at);
            }
            is_unchanged
        });
        replace.await
    }
}
