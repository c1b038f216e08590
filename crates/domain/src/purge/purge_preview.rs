//! The preview of an admin's purge: its items, its use of quotas and its price.

use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::invalidation_item::is_wildcard;
use crate::purge::limits::{
    ITEMS_IN_PROGRESS_QUOTA, ITEMS_PER_SECOND_QUOTA, WILDCARDS_IN_PROGRESS_QUOTA, WILDCARDS_PER_SECOND_QUOTA,
};
use crate::purge::pacer::ItemCounts;
use crate::purge::purge_request::PurgeRequest;

/// The price of an item, in thousandths of a US dollar, after the first 1,000 of an account in a month (CloudFront
/// pricing, "Invalidation requests").
pub const PRICE_PER_ITEM_USD_MILLIS: u32 = 5;

/// The number of purges of one `DELETE`: the early purge at once, and the final purge after the settle delay.
pub const PURGES_PER_DELETE: u32 = 2;

/// The preview of a purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgePreview {
    /// The tenant that the images belong to.
    pub tenant: TenantId,
    /// The distribution that would be invalidated.
    pub distribution_id: String,
    /// The items of each of its purges.
    pub items: Vec<String>,
    /// The use of CloudFront's quota of exact items in progress.
    pub exact_items: QuotaUse,
    /// The use of its quota of wildcards.
    pub wildcards: QuotaUse,
    /// The price of one purge, in thousandths of a US dollar, if the account's free items are used up.
    pub price_per_purge_usd_millis: u32,
}

/// The use of a quota of one distribution by this pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaUse {
    /// The number in progress now.
    pub in_progress: usize,
    /// The number that this purge would add.
    pub needed: usize,
    /// The largest number in progress that CloudFront accepts, by its older quotas.
    pub quota: usize,
    /// The largest number in a second that CloudFront accepts for the whole account, by its newer quotas.
    pub quota_per_second: usize,
}

impl QuotaUse {
    /// The number in progress that would be left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.quota.saturating_sub(self.in_progress + self.needed)
    }
}

/// The preview of a purge that sends `items` to `distribution` beside the requests `in_flight`; no items for a purge that
/// joins one of these.
#[must_use]
pub fn purge_preview(
    tenant: &TenantId,
    distribution: &Distribution,
    items: Vec<String>,
    in_flight: &[PurgeRequest],
) -> PurgePreview {
    let of_it = |request: &&PurgeRequest| request.distribution.distribution_id == distribution.distribution_id;
    let in_flight = ItemCounts::of_all(in_flight.iter().filter(of_it));
    let wildcards = items.iter().filter(|item| is_wildcard(item)).count();
    let needed = items.len();
    PurgePreview {
        tenant: tenant.clone(),
        distribution_id: distribution.invalidated_id().to_owned(),
        items,
        exact_items: QuotaUse {
            in_progress: in_flight.exact,
            needed: needed - wildcards,
            quota: ITEMS_IN_PROGRESS_QUOTA,
            quota_per_second: ITEMS_PER_SECOND_QUOTA,
        },
        wildcards: QuotaUse {
            in_progress: in_flight.wildcards,
            needed: wildcards,
            quota: WILDCARDS_IN_PROGRESS_QUOTA,
            quota_per_second: WILDCARDS_PER_SECOND_QUOTA,
        },
        price_per_purge_usd_millis: PRICE_PER_ITEM_USD_MILLIS.saturating_mul(u32::try_from(needed).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn distribution(tenant: &str) -> Distribution {
        Distribution { distribution_id: format!("E{tenant}"), distribution_tenant_id: None, cache_tags: true }
    }

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    }

    fn request((tenant, items): &(&str, &[&str])) -> PurgeRequest {
        PurgeRequest {
            caller_reference: "reference".to_owned(),
            for_tenant: TenantId::parse(tenant).unwrap(),
            distribution: distribution(tenant),
            items: owned(items),
            entries: Vec::new(),
            created_at: Timestamp::from_millis(0),
            renamed: 0,
            joined_reference: None,
            invalidation_id: None,
            accepted_at: None,
        }
    }

    /// The quotas' use: in progress, needed, left.
    fn check(items: &[&str], in_flight: &[(&str, &[&str])], exact: [usize; 3], wildcards: [usize; 3], usd_millis: u32) {
        let in_flight: Vec<_> = in_flight.iter().map(request).collect();
        let acme = TenantId::parse("acme").unwrap();
        let preview = purge_preview(&acme, &distribution("acme"), owned(items), &in_flight);
        let uses = |used: QuotaUse| [used.in_progress, used.needed, used.left()];
        assert_eq!((uses(preview.exact_items), uses(preview.wildcards)), (exact, wildcards));
        assert_eq!(preview.price_per_purge_usd_millis, usd_millis);
        assert_eq!((preview.exact_items.quota_per_second, preview.wildcards.quota_per_second), (150, 1));
    }

    #[test]
    fn items_in_progress_for_the_distribution_count_against_the_quota_of_their_kind() {
        let (none, tag, wildcard): (&[_], &[_], &[_]) = (&[], &["#acme/p1"], &["/api/v2/img/p1*"]);
        check(tag, none, [0, 1, 2_999], [0, 0, 15], 5);
        check(wildcard, none, [0, 0, 3_000], [0, 1, 14], 5);
        let in_flight: &[(&str, &[&str])] = &[("acme", &["#acme/p2", "#acme/p3"]), ("acme", &["/api/v2/img/*"])];
        check(tag, in_flight, [2, 1, 2_997], [1, 0, 14], 5);
        check(&[], in_flight, [2, 0, 2_998], [1, 0, 14], 0);
        check(&["#acme/p1", "#acme/p2"], &[("globex", &["#globex/p1"])], [0, 2, 2_998], [0, 0, 15], 10);
    }

    #[test]
    fn nothing_is_left_of_a_quota_that_is_used_up() {
        let wildcards = ["/api/v2/img/a*"; 15];
        check(&["/api/v2/img/p1*"], &[("acme", &wildcards)], [0, 0, 3_000], [15, 1, 0], 5);
    }
}
