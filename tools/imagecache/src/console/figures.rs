//! The figures of the last day by the ledger: how many targets waited, and how long changes took until viewers saw them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::purge::ledger::{LedgerRow, REJECTED};
use domain::{Target, TenantId, Timestamp};
use serde::Serialize;

use crate::output::time;

/// The time that the figures are about, and its parts.
pub(super) const WINDOW: Duration = Duration::from_hours(24);
const PART: Duration = Duration::from_mins(15);

/// The upper limits of the histogram's bars, in seconds. One more bar has what took longer.
const LIMITS_SECS: [u64; 7] = [2, 5, 10, 30, 60, 300, 900];

/// The change that a target waits for: its row of the queue was created by it.
pub(super) type Change = (TenantId, Target, Timestamp);

/// The figures.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    begins_at: String,
    part_secs: u64,
    /// The most targets that waited at the same time, in each part.
    waited: Vec<usize>,
    write_to_fresh: WriteToFresh,
}

/// The times from a change until CloudFront had completed the first purge that covers it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct WriteToFresh {
    bars: Vec<Bar>,
    median_millis: Option<u64>,
    p95_millis: Option<u64>,
}

/// The changes whose time is at most the limit, and more than the limit before.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Bar {
    limit_secs: Option<u64>,
    changes: usize,
}

impl Figures {
    /// The figures `now`, by the rows of the ledger and the changes that wait in the queue.
    pub(super) fn of(now: Timestamp, ledger: &[LedgerRow], queue: &[Change]) -> Self {
        let begins_at = now.minus(WINDOW);
        Self {
            begins_at: time(begins_at),
            part_secs: PART.as_secs(),
            waited: waited(now, ledger, queue),
            write_to_fresh: write_to_fresh(begins_at, ledger),
        }
    }
}

/// The most targets that waited at the same time, in each part of the window that ends `now`. A target waits from its first
/// change until the completion of its final purge.
fn waited(now: Timestamp, ledger: &[LedgerRow], queue: &[Change]) -> Vec<usize> {
    let queue: BTreeSet<_> = queue.iter().cloned().collect();
    let mut ends: BTreeMap<Change, Timestamp> = queue.iter().map(|change| (change.clone(), now)).collect();
    for row in ledger.iter().filter(|row| row.is_final) {
        let change = (row.tenant.clone(), row.target.clone(), row.cause.first_event_at);
        let rejected_at = (row.invalidation_status == REJECTED).then_some(row.started_at);
        let end = row.completed_at.or(rejected_at).unwrap_or(now);
        let known = ends.entry(change).or_insert(end);
        *known = end.max(*known);
    }
    let begins_at = now.minus(WINDOW);
    let mut events: Vec<(Timestamp, bool)> = ends
        .into_iter()
        .map(|((_, _, from), to)| (from.max(begins_at), to))
        .filter(|(from, to)| from < to)
        .flat_map(|(from, to)| [(from, true), (to, false)])
        .collect();
    // An end counts before a beginning at the same time.
    events.sort_unstable();
    let parts = WINDOW.as_secs() / PART.as_secs();
    let mut events = events.into_iter().peekable();
    let mut waiting = 0_usize;
    (1..=parts)
        .map(|part| {
            let ends_at = begins_at.plus(PART * u32::try_from(part).unwrap_or(u32::MAX));
            let mut most = waiting;
            while let Some((_, is_beginning)) = events.next_if(|(at, _)| *at < ends_at) {
                waiting = if is_beginning { waiting + 1 } else { waiting.saturating_sub(1) };
                most = most.max(waiting);
            }
            most
        })
        .collect()
}

/// The times of the versions whose first purge was completed since `begins_at`. The first version of a row counts from the
/// oldest change. A later one joined a row that was purged before, so it counts from its own.
fn write_to_fresh(begins_at: Timestamp, ledger: &[LedgerRow]) -> WriteToFresh {
    let mut rows: BTreeMap<Change, BTreeMap<(Timestamp, &str), Timestamp>> = BTreeMap::new();
    for row in ledger {
        let change = (row.tenant.clone(), row.target.clone(), row.cause.first_event_at);
        let Some(completed_at) = row.completed_at else { continue };
        let first = rows.entry(change).or_default().entry((row.enqueued_at, &row.version)).or_insert(completed_at);
        *first = completed_at.min(*first);
    }
    let mut times = Vec::new();
    for ((_, _, first_event_at), versions) in &rows {
        for (index, ((enqueued_at, _), completed_at)) in versions.iter().enumerate() {
            let written_at = if index == 0 { first_event_at } else { enqueued_at };
            if *completed_at >= begins_at {
                times.push(u64::try_from(completed_at.since(*written_at).as_millis()).unwrap_or(u64::MAX));
            }
        }
    }
    times.sort_unstable();
    let lower = [None].into_iter().chain(LIMITS_SECS.map(Some));
    let upper = LIMITS_SECS.map(Some).into_iter().chain([None]);
    let bars = lower.zip(upper).map(|(lower, upper)| Bar {
        limit_secs: upper,
        changes: times
            .iter()
            .filter(|millis| lower.is_none_or(|secs| **millis > secs * 1_000))
            .filter(|millis| upper.is_none_or(|secs| **millis <= secs * 1_000))
            .count(),
    });
    // The nearest rank.
    let percentile = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    WriteToFresh { bars: bars.collect(), median_millis: percentile(50), p95_millis: percentile(95) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::purge;

    const NOW: Timestamp = Timestamp::from_millis(1_795_687_200_000);

    fn secs_ago(secs: u64) -> Timestamp {
        NOW.minus(Duration::from_secs(secs))
    }

    /// A final purge of `target` for a change at `changed` that was completed at `completed`, in seconds ago.
    fn final_purge(target: &str, changed: u64, completed: Option<u64>) -> LedgerRow {
        let mut row = purge("acme", target, secs_ago(changed).as_secs(), true);
        row.cause.first_event_at = secs_ago(changed);
        LedgerRow { completed_at: completed.map(secs_ago), ..row }
    }

    fn change(target: &str, changed: u64) -> Change {
        (TenantId::parse("acme").unwrap(), Target::parse(target).unwrap(), secs_ago(changed))
    }

    /// The parts in which targets waited, by their number from the end, and how many.
    fn busy(ledger: &[LedgerRow], queue: &[Change]) -> Vec<(usize, usize)> {
        let parts = waited(NOW, ledger, queue);
        assert_eq!(parts.len(), 96);
        parts.into_iter().rev().enumerate().filter(|(_, most)| *most > 0).collect()
    }

    #[test]
    fn a_target_waits_from_its_first_change_to_the_completion_of_its_final_purge() {
        let check = |case: &str, ledger: &[LedgerRow], queue: &[Change], expected: &[(usize, usize)]| {
            assert_eq!(busy(ledger, queue), expected, "{case}");
        };
        check("nothing", &[], &[], &[]);
        check("one second in the last part", &[final_purge("pack#a", 61, Some(60))], &[], &[(0, 1)]);
        let one_after_two = [
            final_purge("pack#a", 100, Some(60)),
            final_purge("pack#b", 90, Some(60)),
            final_purge("pack#c", 60, Some(50)),
        ];
        check("two at once, and one after them", &one_after_two, &[], &[(0, 2)]);
        check("over two parts", &[final_purge("pack#a", 1_000, Some(60))], &[], &[(0, 1), (1, 1)]);
        let purged = [final_purge("pack#a", 1_000, Some(950))];
        check("purged, and the row is still there", &purged, &[change("pack#a", 1_000)], &[(0, 1), (1, 1)]);
        check("in flight", &[final_purge("pack#a", 10, None)], &[change("pack#a", 10)], &[(0, 1)]);
        check("before the window", &[final_purge("pack#a", 90_000, Some(86_401))], &[], &[]);
        check("since before the window", &[final_purge("pack#a", 90_000, Some(86_399))], &[], &[(95, 1)]);
        let rejected = LedgerRow { invalidation_status: REJECTED.to_owned(), ..final_purge("pack#a", 3_600, None) };
        let began_later = LedgerRow { started_at: secs_ago(3_590), ..rejected };
        check("CloudFront rejected it", &[began_later], &[], &[(3, 1)]);
    }

    #[test]
    fn a_change_is_fresh_with_its_first_purge_and_counts_from_its_own_time() {
        let version = |enqueued, completed, is_final, version: &str| LedgerRow {
            enqueued_at: secs_ago(enqueued),
            version: version.to_owned(),
            is_final,
            ..final_purge("pack#a", 100, completed)
        };
        let bars = |ledger: &[LedgerRow]| {
            let figures = write_to_fresh(secs_ago(86_400), ledger);
            let bars = figures.bars.iter().filter(|bar| bar.changes > 0);
            (bars.map(|bar| (bar.limit_secs, bar.changes)).collect::<Vec<_>>(), figures.median_millis)
        };
        let early = version(99, Some(98), false, "1");
        let last = version(99, Some(80), true, "1");
        let in_flight = version(99, None, false, "1");
        let later = version(50, Some(46), true, "2");
        assert_eq!(bars(&[]), (vec![], None));
        assert_eq!(bars(std::slice::from_ref(&in_flight)), (vec![], None));
        assert_eq!(bars(&[last.clone(), early.clone()]), (vec![(Some(2), 1)], Some(2_000)), "the early purge counts");
        assert_eq!(bars(std::slice::from_ref(&last)), (vec![(Some(30), 1)], Some(20_000)));
        assert_eq!(
            bars(&[early, last, later]),
            (vec![(Some(2), 1), (Some(5), 1)], Some(2_000)),
            "the later version counts from its own change"
        );
        assert_eq!(bars(&[final_purge("pack#a", 10_000, Some(10))]), (vec![(None, 1)], Some(9_990_000)));
        assert_eq!(bars(&[final_purge("pack#a", 90_000, Some(86_401))]), (vec![], None), "before the window");
    }
}
