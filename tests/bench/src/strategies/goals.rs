//! The goals of the strategies.

use super::figures::LOST_SECONDS;
use super::ours::Ours;
use super::peers::Peer;
use super::{Results, SCHEMES, workload};
use crate::section::Goal;

/// The time between two calls of a purge run: it uses eight tenths of one in two seconds.
const CALL_SECONDS: f64 = 2.5;

/// The goals of the strategies.
pub(super) fn goals(results: &Results) -> Vec<Goal> {
    let [isolated, thousand, flood, forced] =
        [workload::ISOLATED, workload::THOUSAND, workload::FLOOD, workload::FORCED];
    let mut goals = Vec::new();
    for (scheme, _) in SCHEMES {
        let of = |workload, strategy| &results[&(workload, scheme, strategy)];
        let ours = |workload| of(workload, Ours::TAGS.name);
        let p99 = ours(thousand).seconds_at(99.0);
        let sooner = |peer: Peer| of(thousand, peer.name()).seconds_at(99.0) / p99;
        let figure = |text: &str| format!("{text} ({scheme})");
        goals.extend([
            Goal::at_most(
                figure("isolated edit, write to fresh at every edge location, p95, s"),
                ours(isolated).seconds_at(95.0),
                7.0,
            ),
            Goal::at_most(
                figure("isolated edit, write to fresh at one edge location, p95, s"),
                ours(isolated).edge_percentile(95.0).unwrap_or(LOST_SECONDS),
                7.0,
            ),
            Goal::at_most(
                figure("isolated edit, write to the first invalidation, p95, s"),
                ours(isolated).first_call_seconds_at(95.0),
                2.0,
            ),
            Goal::at_least(
                figure("1,000 packs in a minute, p99, times sooner than docs.rs"),
                sooner(Peer::DocsRs),
                100.0,
            ),
            Goal::at_most(figure("1,000 packs in a minute, calls refused"), ours(thousand).refused as f64, 0.0),
            Goal::at_most(figure("1,000 packs in a minute, items a pack"), ours(thousand).items as f64 / 1e3, 1.05),
            Goal::at_least(
                figure("1,000 packs in a minute, p99, times sooner than the specification's page"),
                sooner(Peer::Specification),
                50.0,
            ),
            Goal::at_least(
                figure("1,000 packs in a minute, p99, times sooner than the Rust registry"),
                sooner(Peer::RustRegistry),
                1.0,
            ),
            Goal::at_most(
                figure("1,000 packs in a minute, items, times those of the Rust registry"),
                ours(thousand).items as f64 / of(thousand, Peer::RustRegistry.name()).items.max(1) as f64,
                1.0,
            ),
            Goal::at_most(
                figure("a forced location over a million packs, write to fresh, p99, s"),
                ours(forced).seconds_at(99.0),
                30.0,
            ),
            Goal::at_most(
                figure(
                    "another tenant's edit while one floods, first invalidation, p95, s later than an isolated one's",
                ),
                ours(flood).first_call_seconds_at(95.0) - ours(isolated).first_call_seconds_at(95.0),
                CALL_SECONDS,
            ),
            Goal::at_most(figure("edits lost, all workloads"), lost(results, scheme) as f64, 0.0),
        ]);
    }
    goals
}

/// The edits that this system loses.
fn lost(results: &Results, scheme: &str) -> u64 {
    let of_ours = results.iter().filter(|((_, of, strategy), _)| *of == scheme && *strategy == Ours::TAGS.name);
    of_ours.map(|(_, figures)| figures.lost).sum()
}
