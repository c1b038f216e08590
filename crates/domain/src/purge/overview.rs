//! The overview of the purges of one tenant, or of all tenants: the rows that wait and why, the purges in flight, the use
//! of CloudFront's quotas, and the purges that completed last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::deletion::Deleted;
use crate::purge::ledger::LedgerRow;
use crate::purge::limits::Rules;
use crate::purge::pacer::{ItemCounts, Pacer, Quotas};
use crate::purge::planner::{self, plan};
use crate::purge::purge_request::PurgeRequest;
use crate::purge::purge_status::{Pending, Wait, pending};
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// The records that an overview rests on.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// The queue's rows of the tenants that the overview is about.
    pub entries: &'a [QueueEntry],
    /// The whole outbox, because the requests of other tenants use the same quotas.
    pub in_flight: &'a [PurgeRequest],
    /// Rows of the ledger, in any order.
    pub ledger: &'a [LedgerRow],
    /// The registered tenants that the overview is about.
    pub tenants: &'a BTreeMap<TenantId, Distribution>,
}

/// The lengths of an overview's lists, for each tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownMax {
    /// The most targets that wait.
    pub targets: usize,
    /// The most completed purges.
    pub completed: usize,
}

/// The overview of the purges of one tenant, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The tenants that are registered or have rows in the queue, by name.
    pub tenants: Vec<TenantOverview>,
    /// The use of the quota of exact items a second, of the whole account. `None`: the pacer does not keep this scheme.
    pub items_per_second: Option<Usage>,
    /// The use of the quota of wildcards a second, of the whole account. `None`: the pacer does not keep this scheme.
    pub wildcards_per_second: Option<Usage>,
}

/// The overview of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantOverview {
    /// The tenant.
    pub tenant: TenantId,
    /// The number of the queue's rows.
    pub waiting: usize,
    /// The time of the oldest change that waits.
    pub oldest_change_at: Option<Timestamp>,
    /// The targets that wait, those with the oldest changes first, at most [`ShownMax::targets`].
    pub targets: Vec<Pending>,
    /// The early purges in flight.
    pub early_in_flight: usize,
    /// The final purges in flight.
    pub final_in_flight: usize,
    /// The use of the quotas of the tenant's distribution. `None`: it has none that is registered.
    pub distribution: Option<DistributionUse>,
    /// The completed purges, the newest first, at most [`ShownMax::completed`].
    pub completed: Vec<LedgerRow>,
}

/// The use of the quotas of items in progress, of one distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionUse {
    /// The distribution or the distribution tenant that is invalidated. Distribution tenants share the quotas of their
    /// multi-tenant distribution here, as the pacer counts them.
    pub invalidated_id: String,
    /// Exact items: paths and cache tags. `None`: the pacer does not keep this scheme.
    pub items_in_progress: Option<Usage>,
    /// Wildcards. `None`: the pacer does not keep this scheme.
    pub wildcards_in_progress: Option<Usage>,
}

/// The use of one quota by this pipeline. Invalidations that are created by hand are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The number in use.
    pub used: usize,
    /// CloudFront's quota.
    pub quota: usize,
}

impl Usage {
    /// The number that is left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.quota.saturating_sub(self.used)
    }
}

impl Overview {
    /// The overview of one tenant.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> Option<&TenantOverview> {
        self.tenants.iter().find(|overview| overview.tenant == *tenant)
    }
}

/// The overview `now`. The reasons why targets wait are those of the plan that a purge run would make of `records` now.
#[must_use]
pub fn overview(now: Timestamp, records: &Records<'_>, rules: &Rules, quotas: Quotas, shown_max: ShownMax) -> Overview {
    let waits = waits(now, records, rules, quotas);
    let mut entries: BTreeMap<&TenantId, Vec<&QueueEntry>> =
        records.tenants.keys().map(|tenant| (tenant, Vec::new())).collect();
    for entry in records.entries {
        entries.entry(&entry.tenant).or_default().push(entry);
    }
    let sent_now = records.in_flight.iter().filter(|request| {
        let sent_at = request.accepted_at.unwrap_or(request.created_at);
        sent_at.plus(SECOND) > now
    });
    let sent_now = ItemCounts::of_all(sent_now);
    let of_tenant = |(tenant, mut entries): (&TenantId, Vec<&QueueEntry>)| {
        entries.sort_by_key(|entry| (entry.cause.first_event_at, &entry.target));
        let pending = |entry: &&QueueEntry| {
            let wait = waits.get(&(entry.tenant.clone(), entry.target.clone()));
            pending(entry, wait, rules.delays.settle)
        };
        let requests = records.in_flight.iter().filter(|request| request.for_tenant == *tenant);
        let purges = || requests.clone().flat_map(|request| &request.entries);
        TenantOverview {
            tenant: tenant.clone(),
            waiting: entries.len(),
            oldest_change_at: entries.first().map(|entry| entry.cause.first_event_at),
            targets: entries.iter().take(shown_max.targets).map(pending).collect(),
            early_in_flight: purges().filter(|purge| !purge.is_final).count(),
            final_in_flight: purges().filter(|purge| purge.is_final).count(),
            distribution: records.tenants.get(tenant).map(|distribution| in_progress(distribution, records, quotas)),
            completed: completed(tenant, records.ledger, shown_max.completed),
        }
    };
    Overview {
        tenants: entries.into_iter().map(of_tenant).collect(),
        items_per_second: quotas.per_second.map(|quota| usage(sent_now.exact, quota.items)),
        wildcards_per_second: quotas.per_second.map(|quota| usage(sent_now.wildcards, quota.wildcards)),
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// The waits by the planner's decision. A purge of all other rows is due.
#[must_use]
pub fn waits(
    now: Timestamp,
    records: &Records<'_>,
    rules: &Rules,
    quotas: Quotas,
) -> BTreeMap<(TenantId, Target), Wait> {
    let (unavailable, deleted) = (BTreeSet::new(), Deleted::new());
    let pending = planner::Pending {
        entries: records.entries.iter().collect(),
        in_flight: records.in_flight,
        tenants: records.tenants,
        unavailable: &unavailable,
        deleted: &deleted,
    };
    let mut pacer = Pacer::resume(quotas, now, records.in_flight);
    let waiting = plan(now, &pending, rules, &mut pacer).waiting;
    let key = |entry: &QueueEntry| (entry.tenant.clone(), entry.target.clone());
    waiting.iter().map(|waiting| (key(waiting.entry), Wait::of(waiting))).collect()
}

fn in_progress(distribution: &Distribution, records: &Records<'_>, quotas: Quotas) -> DistributionUse {
    let of_it = |request: &&PurgeRequest| request.distribution.distribution_id == distribution.distribution_id;
    let used = ItemCounts::of_all(records.in_flight.iter().filter(of_it));
    DistributionUse {
        invalidated_id: distribution.invalidated_id().to_owned(),
        items_in_progress: quotas.in_progress.map(|quota| Usage { used: used.exact, quota: quota.items }),
        wildcards_in_progress: quotas.in_progress.map(|quota| Usage { used: used.wildcards, quota: quota.wildcards }),
    }
}

fn usage(used: usize, quota: u32) -> Usage {
    Usage { used, quota: quota as usize }
}

fn completed(tenant: &TenantId, ledger: &[LedgerRow], shown_max: usize) -> Vec<LedgerRow> {
    let of_tenant = |row: &&LedgerRow| row.tenant == *tenant && row.completed_at.is_some();
    let mut rows: Vec<_> = ledger.iter().filter(of_tenant).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.completed_at));
    rows.into_iter().take(shown_max).cloned().collect()
}
