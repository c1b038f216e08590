//! Section `strategies`: algorithms that purge CloudFront, beside each other in virtual time.
//!
//! Each algorithm purges the same writes over the same control plane, that of the CloudFront emulator with its quotas,
//! throttle and drawn delays. Then the caches of every object are replayed: viewers that request it all the time, the
//! writes, and the invalidations that cover it.

mod cdn;
mod object;
mod ours;
mod peers;
mod workload;

use std::collections::BTreeMap;

use cloudfront_emulator::Quotas;

use self::cdn::{Cdn, Invalidation};
use self::ours::Ours;
use self::peers::Peer;
use self::workload::{Millis, Target, Workload, workloads};
use crate::Folders;
use crate::error::BenchError;
use crate::section::{Axis, Cell, Goal, Plot, Section, Table};

/// The price of one item beyond the first 1,000 of a month, in dollars (CloudFront pricing, "Invalidation requests").
const PRICE_PER_ITEM: f64 = 0.005;

/// Tenants of an account, in the table of sizes. CloudFront allows 500 distributions an account by default.
const ACCOUNT_SIZES: [u32; 5] = [1, 10, 50, 200, 500];

/// The quota schemes of the account.
const SCHEMES: [(&str, Quotas); 2] =
    [("quotas in progress", Quotas::IN_PROGRESS), ("quotas per second", Quotas::PER_SECOND)];

/// The time to fresh of a lost edit, in ratios and goals: as long as an edge location keeps an image, 30 days.
const LOST_SECONDS: f64 = 30.0 * 86_400.0;

/// The figures of one strategy for one workload.
#[derive(Debug, Clone, Default)]
struct Figures {
    /// Seconds from each measured write until no viewer gets older data, sorted.
    seconds: Vec<f64>,
    /// Seconds from each measured write to the creation of the first invalidation after it, sorted.
    first_call_seconds: Vec<f64>,
    lost: u64,
    items: u64,
    refused: u64,
    unneeded: u64,
}

/// The results by workload, scheme and strategy.
type Results = BTreeMap<(&'static str, &'static str, &'static str), Figures>;

/// Compares the strategies.
pub(crate) fn run(_: &Folders) -> Result<Section, BenchError> {
    let mut results = Results::new();
    let mut tables = Vec::new();
    let mut plots = Vec::new();
    for workload in workloads() {
        for (scheme, quotas) in SCHEMES {
            let mut table = Table::new(
                format!("{}, {scheme}", workload.name),
                [
                    "strategy",
                    "p50 s",
                    "p95 s",
                    "p99 s",
                    "max s",
                    "edits lost",
                    "items",
                    "price $",
                    "calls refused",
                    "objects purged without need",
                ],
            );
            let mut lines = Vec::new();
            for strategy in Strategy::all() {
                let figures = measure(&workload, &strategy.run(&workload, Cdn::new(quotas))?);
                let cells: Vec<_> = figures.cells();
                let shown: Vec<_> = cells.iter().map(Cell::shown).collect();
                eprintln!("{}, {scheme}: {}: {}", workload.name, strategy.name(), shown.join("  "));
                table.push(strategy.name(), cells);
                lines.push((strategy.name().to_owned(), figures.line()));
                results.insert((workload.name, scheme, strategy.name()), figures);
            }
            tables.push(table);
            plots.push(Plot::Lines {
                title: format!("{}, {scheme}", workload.name),
                x_axis: Axis { name: "write to fresh, s".to_owned(), is_logarithmic: true },
                y_axis: Axis { name: "edits, %".to_owned(), is_logarithmic: false },
                lines: lines.into_iter().filter(|(_, points)| !points.is_empty()).collect(),
            });
        }
    }
    tables.push(sizes()?);
    Ok(Section {
        name: "strategies".to_owned(),
        title: "Strategies".to_owned(),
        conditions: conditions(),
        goals: goals(&results),
        tables,
        plots,
    })
}

/// This system in accounts of different sizes: the more distributions have something to purge, the longer each waits for a
/// call. See `docs/scale.md`.
fn sizes() -> Result<Table, BenchError> {
    let mut table = Table::new(
        "one account: each tenant writes a pack every ten seconds, quotas per second; ours, tags",
        [
            "tenants",
            "writes a second",
            "p50 s",
            "p95 s",
            "p99 s",
            "max s",
            "edits lost",
            "items",
            "calls",
            "calls refused",
        ],
    );
    for tenants in ACCOUNT_SIZES {
        let workload = workload::account_of(tenants);
        let cdn = Ours::TAGS.run(&workload, Cdn::new(Quotas::PER_SECOND))?;
        let figures = measure(&workload, &cdn);
        let mut cells = vec![Cell::number(f64::from(tenants) / 10.0, 1)];
        cells.extend(figures.cells().into_iter().take(6));
        cells.push(Cell::number(cdn.accepted.len() as f64, 0));
        cells.push(Cell::number(cdn.refused as f64, 0));
        let shown: Vec<_> = cells.iter().map(Cell::shown).collect();
        eprintln!("{tenants} tenants: {}", shown.join("  "));
        table.push(tenants.to_string(), cells);
    }
    Ok(table)
}

fn conditions() -> Vec<String> {
    [
        "CloudFront is the emulator's control plane in virtual time: its quotas, one CreateInvalidation in 2 s after a \
         burst of 6, and delays drawn from its published 95th percentiles (effect in each cache 5 s, Completed 25 s).",
        "Each pack is one object at two edge locations behind one regional cache, as the emulator has them; viewers \
         request it all the time. The origin reads the current data; its response arrives 0.1 s to 5 s later (mean 0.4 s).",
        "For one object in ten, a fetch of the old data is under way when it is written.",
        "Write to fresh: the time from a write until no viewer at any edge location gets older data any more. An edit is \
         lost if one gets it for ever.",
        "An object is purged without need by an invalidation that removes no stale copy of it.",
        "Ours is the production code of the stream handler and of the purge run over ports in memory: 5 ms a call to \
         DynamoDB, 150 ms to CloudFront, 50 ms to S3 and 0.25 ms for each \
         object, 150 ms to start a function; it keeps to both quota schemes.",
        "The others are written from their description. docs.rs and the specification purge by wildcard, the Rust \
         registry and one invalidation per write by cache tag. What is pending after 24 h is lost.",
    ]
    .map(str::to_owned)
    .into()
}

/// A strategy.
#[derive(Debug, Clone, Copy)]
enum Strategy {
    Peer(Peer),
    Ours(Ours),
}

impl Strategy {
    fn all() -> impl Iterator<Item = Self> {
        Peer::ALL.into_iter().map(Self::Peer).chain(Ours::ALL.into_iter().map(Self::Ours))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Peer(peer) => peer.name(),
            Self::Ours(ours) => ours.name,
        }
    }

    fn run(self, workload: &Workload, mut cdn: Cdn) -> Result<Cdn, BenchError> {
        match self {
            Self::Peer(peer) => {
                peer.run(workload, &mut cdn);
                Ok(cdn)
            }
            Self::Ours(ours) => ours.run(workload, cdn),
        }
    }
}

/// Replays the caches of every object.
fn measure(workload: &Workload, cdn: &Cdn) -> Figures {
    let covering = cdn.by_pack();
    let mut writes: BTreeMap<(usize, u32), Vec<Millis>> = BTreeMap::new();
    for write in &workload.writes {
        let packs = match write.target {
            Target::Pack(pack) => pack..pack + 1,
            Target::Location => 0..workload.packs[write.tenant],
        };
        packs.for_each(|pack| writes.entry((write.tenant, pack)).or_default().push(write.at));
    }
    let mut figures = Figures { items: cdn.items, refused: cdn.refused, ..Figures::default() };
    let none = Vec::new();
    for ((tenant, pack), writes) in &writes {
        let [of_pack, of_all] = [Some(*pack), None].map(|pack| covering.get(&(*tenant, pack)).unwrap_or(&none));
        let invalidations: Vec<&Invalidation> = of_pack.iter().chain(of_all).copied().collect();
        let outcome = object::replay(writes, &invalidations, u64::from(*pack) << 16 | *tenant as u64);
        figures.unneeded += outcome.unneeded;
        if !(workload.measured)(*tenant) {
            continue;
        }
        for written_at in writes {
            let later = invalidations.iter().map(|invalidation| invalidation.created).filter(|at| at >= written_at);
            figures.first_call_seconds.extend(later.min().map(|at| (at - written_at) as f64 / 1_000.0));
        }
        for (written_at, fresh_at) in writes.iter().zip(outcome.fresh_at) {
            match fresh_at {
                Some(fresh_at) => figures.seconds.push((fresh_at - written_at) as f64 / 1_000.0),
                None => figures.lost += 1,
            }
        }
    }
    for ((tenant, pack), invalidations) in &covering {
        if pack.is_none() {
            let edited = writes.range((*tenant, 0)..=(*tenant, u32::MAX)).count() as u64;
            figures.unneeded += (u64::from(workload.packs[*tenant]) - edited) * invalidations.len() as u64;
        }
    }
    figures.seconds.sort_by(f64::total_cmp);
    figures.first_call_seconds.sort_by(f64::total_cmp);
    figures
}

impl Figures {
    /// The percentile over all edits. `None`: that edit is lost.
    fn percentile(&self, percent: f64) -> Option<f64> {
        let count = self.seconds.len() as u64 + self.lost;
        self.seconds.get(rank(percent, count as usize)).copied()
    }

    /// The percentile. A lost edit counts as [`LOST_SECONDS`].
    fn seconds_at(&self, percent: f64) -> f64 {
        self.percentile(percent).unwrap_or(LOST_SECONDS)
    }

    fn first_call_seconds_at(&self, percent: f64) -> f64 {
        let seconds = &self.first_call_seconds;
        seconds.get(rank(percent, seconds.len())).copied().unwrap_or(LOST_SECONDS)
    }

    fn cells(&self) -> Vec<Cell> {
        let percentile =
            |percent| self.percentile(percent).map_or(Cell::text("lost"), |seconds| Cell::number(seconds, 1));
        vec![
            percentile(50.0),
            percentile(95.0),
            percentile(99.0),
            percentile(100.0),
            Cell::number(self.lost as f64, 0),
            Cell::number(self.items as f64, 0),
            Cell::number(self.items as f64 * PRICE_PER_ITEM, 2),
            Cell::number(self.refused as f64, 0),
            Cell::number(self.unneeded as f64, 0),
        ]
    }

    /// The distribution, as points for a plot.
    fn line(&self) -> Vec<(f64, f64)> {
        let percents = (0..=100).map(|percent| f64::from(percent).max(0.5));
        percents.filter_map(|percent| Some((self.percentile(percent)?.max(0.1), percent))).collect()
    }
}

/// The position of a percentile among `count` sorted values.
fn rank(percent: f64, count: usize) -> usize {
    ((percent / 100.0 * count as f64).ceil() as usize).max(1) - 1
}

/// The goals of the strategies.
fn goals(results: &Results) -> Vec<Goal> {
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
            Goal::at_most(figure("isolated edit, write to fresh, p95, s"), ours(isolated).seconds_at(95.0), 7.0),
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
                figure("another tenant's edit while one floods, p50, s later than an isolated one"),
                ours(flood).seconds_at(50.0) - ours(isolated).seconds_at(50.0),
                2.0,
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
