//! The allowances of manual purges, one item for each tenant.

use domain::{TenantId, Timestamp};
use purging::ports::{Allowances, CallError};

use crate::lambda::Instance;
use crate::services::dynamodb::{Access, Partition, Table};

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
        let tenant = tenant.clone();
        let access = Access::Write(partition(&tenant).item("manual-purges"));
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
