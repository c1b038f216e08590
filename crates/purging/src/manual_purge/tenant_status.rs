//! The status of the purges of a tenant.

use domain::purge::overview::{Records, ShownMax, TenantOverview, Usage, overview};
use domain::{Context, TenantId};

use super::{ManualPurge, ManualPurgeError};
use crate::ports::{Allowances, Ledger, Outbox, Packs, Ports, PurgeRuns, Queue};

/// The most targets that wait, and the most completed purges, that a status shows.
const SHOWN_MAX: ShownMax = ShownMax { targets: 50, completed: 10 };

/// The status of the purges of one tenant.
#[derive(Debug)]
pub struct TenantStatus {
    /// The purges of the tenant, and the use of the quotas of its distribution.
    pub overview: TenantOverview,
    /// The rows of the queue that cannot be read, which the overview leaves out.
    pub unreadable: usize,
    /// The use of the quota of exact items a second, of the whole account.
    pub items_per_second: Option<Usage>,
    /// The use of the quota of wildcards a second, of the whole account.
    pub wildcards_per_second: Option<Usage>,
    /// The tokens that the tenant's allowance of manual purges has left.
    pub tokens_left: u32,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Reads the status of the purges of a tenant, and writes nothing.
    pub async fn tenant_status(&self, tenant: &TenantId, context: &Context) -> Result<TenantStatus, ManualPurgeError> {
        let tenants = [(tenant.clone(), self.distribution(tenant).await?)].into();
        // The outbox first; see the status of a pack.
        let in_flight = self.ports().outbox().requests().await?.rows;
        let rows = self.ports().queue().entries_of(tenant).await?;
        for error in &rows.unreadable {
            tracing::warn!(%error, "The status of the tenant leaves out a row of the queue.");
        }
        let ledger = self.ports().ledger().last_completed(tenant, SHOWN_MAX.completed).await?;
        let full_at = self.ports().allowances().full_at(tenant).await?;
        let records = Records { entries: &rows.rows, in_flight: &in_flight, ledger: &ledger, tenants: &tenants };
        let overview = overview(context.now, &records, &self.purger.rules, self.purger.quotas, SHOWN_MAX);
        // It has the overview of each registered tenant.
        let of_tenant = overview.tenant(tenant).cloned().ok_or(ManualPurgeError::UnknownTenant)?;
        Ok(TenantStatus {
            overview: of_tenant,
            unreadable: rows.unreadable.len(),
            items_per_second: overview.items_per_second,
            wildcards_per_second: overview.wildcards_per_second,
            tokens_left: self.limit.left(full_at, context.now),
        })
    }
}
