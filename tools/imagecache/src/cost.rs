//! `imagecache cost`: the invalidation items of the month, and their price.

use std::collections::BTreeMap;

use aws_adapters::now;
use domain::purge::ledger::LedgerRow;
use domain::purge::purge_preview::PRICE_PER_ITEM_USD_MILLIS;
use domain::{TenantId, Timestamp};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Row, columns, joined, report_unreadable, table};
use crate::session::Session;

/// The invalidation items of an account that are free in a month (CloudFront pricing, "Invalidation requests").
const FREE_ITEMS: u64 = 1_000;

/// Sums up the invalidation items of this month, their price and the projection to its end, by tenant and reason.
///
/// The numbers are from the ledger, so they are an upper limit of this environment's part of the bill: an item for the
/// whole tenant, which replaces many, counts as one for each target. The ledger does not know the invalidations of other
/// environments and programs of the account, which share the free items, nor those that are made by hand. Prices are
/// CloudFront's of 2026, in US dollars without tax; a month is one of UTC.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: &Args, session: &Session) -> Result<Exit, Failure> {
    let now = now();
    let month = Month::of(now)?;
    let ledger = session.ledger().purges_since(month.begins_at).await?;
    let cost = Cost::of(&ledger.rows, &month, now);
    session.output.print(&cost, &cost.text(columns()))?;
    Ok(if report_unreadable(&ledger.unreadable) { Exit::Remains } else { Exit::Done })
}

/// A calendar month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Month {
    /// For example 2026-11.
    name: String,
    pub(crate) begins_at: Timestamp,
    ends_at: Timestamp,
}

impl Month {
    pub(crate) fn of(time: Timestamp) -> Result<Self, Failure> {
        let time = jiff::Timestamp::from_millisecond(i64::try_from(time.as_millis())?)?.to_zoned(TimeZone::UTC);
        let first = time.first_of_month()?.start_of_day()?;
        let next = first.date().last_of_month().tomorrow()?.to_zoned(TimeZone::UTC)?;
        let millis = |time: &jiff::Zoned| u64::try_from(time.timestamp().as_millisecond());
        Ok(Self {
            name: first.strftime("%Y-%m").to_string(),
            begins_at: Timestamp::from_millis(millis(&first)?),
            ends_at: Timestamp::from_millis(millis(&next)?),
        })
    }

    /// `items` of the month until `now`, at the same rate until its end.
    fn project(&self, items: u64, now: Timestamp) -> u64 {
        let millis = |from: Timestamp, to: Timestamp| u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX);
        let elapsed = millis(self.begins_at, now).max(1);
        let projected = u128::from(items) * u128::from(millis(self.begins_at, self.ends_at)) / u128::from(elapsed);
        u64::try_from(projected).unwrap_or(u64::MAX)
    }
}

/// The items of a month, until now.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cost {
    month: String,
    items: u64,
    free_items: u64,
    price_usd: String,
    projected_items: u64,
    projected_price_usd: String,
    shares: Vec<Share>,
}

/// The part of a tenant and a reason.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Share {
    tenant: TenantId,
    reasons: Vec<&'static str>,
    items: u64,
    percent: u64,
}

impl Cost {
    /// Each purge of the month that CloudFront has accepted is one item at most.
    pub(crate) fn of(rows: &[LedgerRow], month: &Month, now: Timestamp) -> Self {
        let mut counts: BTreeMap<(&TenantId, Vec<&'static str>), u64> = BTreeMap::new();
        let is_counted = |row: &&LedgerRow| row.invalidation_id.is_some() && row.started_at >= month.begins_at;
        for row in rows.iter().filter(is_counted) {
            let reasons = row.cause.reasons.iter().map(|reason| reason.as_str()).collect();
            *counts.entry((&row.tenant, reasons)).or_default() += 1;
        }
        let items = counts.values().sum();
        let mut shares: Vec<_> = counts
            .into_iter()
            .map(|((tenant, reasons), count)| {
                let percent = (count * 100 + items / 2) / items;
                Share { tenant: tenant.clone(), reasons, items: count, percent }
            })
            .collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.items));
        let projected_items = month.project(items, now);
        Self {
            month: month.name.clone(),
            items,
            free_items: FREE_ITEMS,
            price_usd: price(items),
            projected_items,
            projected_price_usd: price(projected_items),
            shares,
        }
    }

    /// The items for people, on a terminal of that many `columns`.
    fn text(&self, columns: Option<usize>) -> String {
        let Self { month, items, free_items, price_usd, projected_items, projected_price_usd, shares } = self;
        format!(
            "{}\n{month}: {items} items until now, US$ {price_usd} after the {free_items} free ones of the account. At this \
             rate: {projected_items} items, US$ {projected_price_usd}, until the end of the month.",
            table(shares, columns)
        )
    }
}

/// The price of `items` of a month, in US dollars.
fn price(items: u64) -> String {
    let millis = items.saturating_sub(FREE_ITEMS) * u64::from(PRICE_PER_ITEM_USD_MILLIS);
    format!("{}.{:02}", millis / 1_000, millis % 1_000 / 10)
}

impl Row for Share {
    const COLUMNS: &'static [&'static str] = &["tenant", "reasons", "items", "share"];

    fn cells(&self) -> Vec<String> {
        let Self { tenant, reasons, items, percent } = self;
        vec![tenant.to_string(), joined(reasons), items.to_string(), format!("{percent} %")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::purge;

    /// 2026-11-26T10:00:00Z.
    const NOW: Timestamp = Timestamp::from_millis(1_795_687_200_000);

    #[test]
    fn a_month_begins_and_ends_in_utc_also_in_december() {
        let november = Month::of(NOW).unwrap();
        let expected = ("2026-11", 1_793_491_200, 1_796_083_200);
        assert_eq!((november.name.as_str(), november.begins_at.as_secs(), november.ends_at.as_secs()), expected);
        let december = Month::of(november.ends_at).unwrap();
        assert_eq!((december.name.as_str(), december.begins_at), ("2026-12", november.ends_at));
        assert_eq!(december.ends_at.since(december.begins_at).as_secs(), 31 * 24 * 60 * 60);
    }

    #[test]
    fn items_are_projected_at_the_rate_until_now() {
        let month = Month::of(NOW).unwrap();
        let after_days = |days: u64| month.begins_at.plus(std::time::Duration::from_secs(days * 24 * 60 * 60));
        for (items, days, expected) in [(300, 10, 900), (0, 10, 0), (300, 30, 300)] {
            assert_eq!(month.project(items, after_days(days)), expected, "{items} items after {days} days");
        }
    }

    #[test]
    fn the_first_items_of_a_month_are_free() {
        for (items, expected) in [(0, "0.00"), (1_000, "0.00"), (1_001, "0.00"), (1_002, "0.01"), (3_000, "10.00")] {
            assert_eq!(price(items), expected, "{items} items");
        }
    }

    #[test]
    fn accepted_purges_are_counted_by_tenant_and_reason() {
        let month = Month::of(NOW).unwrap();
        let first = month.begins_at.as_secs();
        let rejected = LedgerRow { invalidation_id: None, ..purge("acme", "pack#bad", first, true) };
        let rows = [
            purge("globex", "pack#a", first, true),
            purge("acme", "pack#a", first, false),
            purge("acme", "pack#a", first + 1, true),
            purge("acme", "pack#last-month", first - 1, true),
            rejected,
        ];
        let halfway = month.begins_at.plus(month.ends_at.since(month.begins_at) / 2);
        let cost = Cost::of(&rows, &month, halfway);
        assert_eq!((cost.items, cost.projected_items), (3, 6));
        let expected = "\
TENANT  REASONS                  ITEMS  SHARE
acme    image-locations-changed  2      67 %
globex  image-locations-changed  1      33 %
2026-11: 3 items until now, US$ 0.00 after the 1000 free ones of the account. At this rate: 6 items, US$ 0.00, until the end of the month.";
        assert_eq!(cost.text(None), expected);
        assert_eq!(Cost::of(&[], &month, halfway).shares, []);
    }
}
