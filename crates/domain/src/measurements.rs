//! The measurements of the functions: which metrics an event changes, and by how much. The adapters write them down.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::metrics::Metric;

use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::limits::{ITEMS_IN_PROGRESS_QUOTA, WILDCARDS_IN_PROGRESS_QUOTA};
use crate::purge::pacer::ItemCounts;
use crate::purge::purge_preview::PRICE_PER_ITEM_USD_MILLIS;
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// The price of rendering one variant again, in millionths of a US dollar: Lambda 6.0, S3 7.1, DynamoDB 2.3. The
/// calculation is in `docs/prices.md`, "Cost of forcing a location".
pub const PRICE_PER_VARIANT_USD_MICROS: u64 = 15;

/// The measurements of one event, and the image that they concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measurements {
    /// The tenant. No dimension of the metrics: it is for queries of the log.
    pub tenant: Option<TenantId>,
    /// The target.
    pub target: Option<Target>,
    /// The version of the queue's row, which names the change that led to the event.
    pub correlation_id: Option<String>,
    /// The values.
    pub values: Vec<(Metric, u64)>,
}

impl Measurements {
    fn of(tenant: &TenantId, values: impl IntoIterator<Item = (Metric, u64)>) -> Self {
        Self { tenant: Some(tenant.clone()), values: values.into_iter().collect(), ..Self::default() }
    }

    /// CloudFront has accepted `request`.
    #[must_use]
    pub fn accepted(request: &PurgeRequest) -> Self {
        let ItemCounts { exact, wildcards } = ItemCounts::of(request);
        let (items, wildcards) = ((exact + wildcards) as u64, wildcards as u64);
        let price = estimated_price(items, 0);
        Self::of(
            &request.for_tenant,
            [(Metric::Items, items), (Metric::Wildcards, wildcards), (Metric::EstimatedPrice, price)],
        )
    }

    /// CloudFront has rejected `request` because of a quota or of its throttle.
    #[must_use]
    pub fn throttled(request: &PurgeRequest) -> Self {
        Self::of(&request.for_tenant, [(Metric::InvalidationsThrottled, 1)])
    }

    /// The purge of `entry` was found to be completed `at`. `row` is the queue's row of the same version as it was before.
    /// `None`: an earlier purge has made viewers see the change already.
    ///
    /// The time is that of the oldest change. A change that joined a row after an early purge has a time of its own, which
    /// is the row's newest then.
    #[must_use]
    pub fn completed(
        request: &PurgeRequest,
        entry: &OutboxEntry,
        row: Option<&QueueEntry>,
        at: Timestamp,
    ) -> Option<Self> {
        let row = row.filter(|row| row.version == entry.version);
        let is_early_done = |row: &QueueEntry| row.early_purge_version.as_ref() == Some(&row.version);
        if entry.is_final && row.is_none_or(is_early_done) {
            return None;
        }
        let is_first = row.is_none_or(|row| row.early_purge_count == 0);
        let written_at = if is_first { entry.cause.first_event_at } else { entry.enqueued_at };
        Some(Self {
            target: Some(entry.target.clone()),
            correlation_id: Some(entry.version.clone()),
            ..Self::of(&request.for_tenant, [(Metric::WriteToFresh, millis(at.since(written_at)))])
        })
    }

    /// The state of the queue `now`: its `rows`, and the requests `in_flight`. A row without a registered distribution
    /// waits for no purge, and one whose final purge is completed waits for the deletion of old variants only.
    #[must_use]
    pub fn queue<'a>(
        now: Timestamp,
        rows: impl IntoIterator<Item = &'a QueueEntry>,
        in_flight: &[PurgeRequest],
        tenants: &BTreeMap<TenantId, Distribution>,
    ) -> Self {
        let (mut depth, mut age) = (0, Duration::ZERO);
        for row in rows {
            depth += 1;
            if tenants.contains_key(&row.tenant) && row.completed_purge().is_none() {
                age = age.max(now.since(row.cause.first_event_at));
            }
        }
        let quota_use = quota_use_percent(in_flight);
        let values =
            [(Metric::QueueDepth, depth), (Metric::OldestEntryAge, millis(age)), (Metric::QuotaUse, quota_use)];
        Self { values: values.into(), ..Self::default() }
    }

    /// A purge of an admin was rejected because `tenant` had begun too many.
    #[must_use]
    pub fn purge_rejected(tenant: &TenantId) -> Self {
        Self::of(tenant, [(Metric::PurgesRejected, 1)])
    }

    /// `count` variants of a row were deleted. `None`: there were none.
    #[must_use]
    pub fn variants_deleted(row: &QueueEntry, count: u64) -> Option<Self> {
        (count > 0).then(|| Self {
            target: Some(row.target.clone()),
            correlation_id: Some(row.version.clone()),
            ..Self::of(&row.tenant, [(Metric::VariantsDeleted, count)])
        })
    }

    /// A request has rendered and stored a variant of `tenant`.
    #[must_use]
    pub fn variant_rendered(tenant: &TenantId) -> Self {
        Self::of(tenant, [(Metric::VariantsRendered, 1), (Metric::EstimatedPrice, estimated_price(0, 1))])
    }

    /// `warmed` images of `tenant` were requested in advance, and `skipped` ones were not because of its budget.
    #[must_use]
    pub fn warmed(tenant: &TenantId, warmed: usize, skipped: usize) -> Self {
        let counts = [(Metric::ImagesWarmed, warmed as u64), (Metric::WarmingSkipped, skipped as u64)];
        Self::of(tenant, counts.into_iter().filter(|(_, count)| *count > 0))
    }

    /// A request has waited for another one to render its variant.
    #[must_use]
    pub fn request_coalesced(tenant: &TenantId) -> Self {
        Self::of(tenant, [(Metric::RequestsCoalesced, 1)])
    }
}

/// The price of `items` of invalidations and of `variants` that were rendered, in millionths of a US dollar, by list
/// price. The 1,000 items a month that CloudFront does not bill are the account's, and other distributions may have used
/// them up: the bill is lower by at most 5 US dollars a month.
#[must_use]
pub fn estimated_price(items: u64, variants: u64) -> u64 {
    items * u64::from(PRICE_PER_ITEM_USD_MILLIS) * 1_000 + variants * PRICE_PER_VARIANT_USD_MICROS
}

/// The largest share in use of a distribution's quotas of items and wildcards in progress, in percent, rounded up.
fn quota_use_percent(in_flight: &[PurgeRequest]) -> u64 {
    let mut used: BTreeMap<&str, ItemCounts> = BTreeMap::new();
    for request in in_flight {
        let counts = used.entry(&request.distribution.distribution_id).or_default();
        *counts = counts.plus(ItemCounts::of(request));
    }
    let percent = |used: usize, quota: usize| (used * 100).div_ceil(quota) as u64;
    let shares = used.values().map(|counts| {
        percent(counts.exact, ITEMS_IN_PROGRESS_QUOTA).max(percent(counts.wildcards, WILDCARDS_IN_PROGRESS_QUOTA))
    });
    shares.max().unwrap_or_default()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
