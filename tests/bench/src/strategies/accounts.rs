//! This system in accounts of different sizes. See `docs/scale.md`.

use std::time::Duration;

use cloudfront_emulator::{CallRate, Quotas};

use super::cdn::Cdn;
use super::figures::measure;
use super::ours::{Ours, Run};
use super::{in_parallel, shown, workload};
use crate::error::BenchError;
use crate::section::{Cell, Table};

/// Accounts in the table of sizes: the tenants, and the calls in ten seconds. 5 is the rate of an AWS engineer, beyond
/// which AWS would have to raise it.
const ACCOUNTS: [(u32, u32); 10] =
    [(1, 5), (10, 5), (24, 5), (100, 5), (500, 5), (500, 50), (500, 500), (10_000, 5), (10_000, 500), (10_000, 5_000)];

/// The time for which the tenants of an account write, in minutes.
const ACCOUNT_MINUTES: u64 = 3;

/// The time after the last write at which the rest in such an account is counted.
const ACCOUNT_HORIZON: Duration = Duration::from_mins(1);

/// This system in accounts of different sizes: the more distributions have something to purge, the longer each waits for a
/// call.
pub(super) fn accounts() -> Result<Table, BenchError> {
    let mut table = Table::new(
        format!(
            "One account: each tenant writes a pack every ten seconds, for {ACCOUNT_MINUTES} minutes; ours, tags, quotas \
             in progress"
        ),
        [
            "writes a second",
            "calls a second allowed",
            "calls a second made",
            "calls refused",
            "p50 s",
            "p95 s",
            "p99 s",
            "edits not fresh a minute after the last, %",
            "rows in the queue then",
            "batches of the stream",
            "purge runs that they invoked",
        ],
    );
    let rows = in_parallel(ACCOUNTS.into(), |(tenants, calls)| {
        let workload = workload::account_of(tenants, ACCOUNT_MINUTES);
        let interval = Duration::from_secs(10) / calls;
        let burst = calls.max(6);
        let cdn = Cdn::new(Quotas::IN_PROGRESS, CallRate { interval, burst });
        let kept = domain::purge::pacer::CallRate { interval, burst };
        let ours = Ours { calls: kept, per_second: false, ..Ours::TAGS };
        let Run { cdn, rows_left, batches, invocations } = ours.run(&workload, cdn, ACCOUNT_HORIZON)?;
        let figures = measure(&workload, &cdn);
        let seconds = workload.ends_at() as f64 / 1_000.0 + ACCOUNT_HORIZON.as_secs_f64();
        let percentile = |percent| figures.percentile(percent).map_or(Cell::None, |seconds| Cell::number(seconds, 1));
        let cells = vec![
            Cell::number(f64::from(tenants) / 10.0, 1),
            Cell::number(f64::from(calls) / 10.0, 1),
            Cell::number(cdn.accepted.len() as f64 / seconds, 1),
            Cell::number(cdn.refused as f64, 0),
            percentile(50.0),
            percentile(95.0),
            percentile(99.0),
            Cell::number(figures.lost as f64 * 100.0 / workload.writes.len() as f64, 1),
            Cell::number(rows_left as f64, 0),
            Cell::number(batches as f64, 0),
            Cell::number(invocations as f64, 0),
        ];
        eprintln!("{tenants} tenants: {}", shown(&cells));
        Ok(((calls, tenants), cells))
    });
    let mut rows: Vec<_> = rows.into_iter().collect::<Result<_, BenchError>>()?;
    rows.sort_by_key(|(account, _)| *account);
    for ((_, tenants), cells) in rows {
        table.push(format!("{tenants} tenants"), cells);
    }
    Ok(table)
}
