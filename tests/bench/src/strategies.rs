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
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use cloudfront_emulator::{CallRate, Quotas};

use self::cdn::{Cdn, Invalidation};
use self::ours::{HORIZON, Ours, Run};
use self::peers::Peer;
use self::workload::{Millis, Target, Workload, workloads};
use crate::Folders;
use crate::error::BenchError;
use crate::section::{Axis, Cell, Goal, Plot, Section, Table};

/// The price of one item beyond the first 1,000 of a month, in dollars (CloudFront pricing, "Invalidation requests").
const PRICE_PER_ITEM: f64 = 0.005;

/// Accounts in the table of sizes: the tenants, and the calls in ten seconds. 5 is the rate of an AWS engineer, beyond
/// which AWS would have to raise it.
const ACCOUNTS: [(u32, u32); 10] =
    [(1, 5), (10, 5), (24, 5), (100, 5), (500, 5), (500, 50), (500, 500), (10_000, 5), (10_000, 500), (10_000, 5_000)];

/// The time for which the tenants of an account write, in minutes.
const ACCOUNT_MINUTES: u64 = 3;

/// The time after the last write at which the rest in such an account is counted.
const ACCOUNT_HORIZON: Duration = Duration::from_mins(1);

/// The quota schemes of the account.
const SCHEMES: [(&str, Quotas); 2] =
    [("quotas in progress", Quotas::IN_PROGRESS), ("quotas per second", Quotas::PER_SECOND)];

/// The time between two calls of a purge run: it uses eight tenths of one in two seconds.
const CALL_SECONDS: f64 = 2.5;

/// The time to fresh of a lost edit, in ratios and goals: as long as an edge location keeps an image, 30 days.
const LOST_SECONDS: f64 = 30.0 * 86_400.0;

/// The figures of one strategy for one workload.
#[derive(Debug, Clone, Default)]
struct Figures {
    /// Seconds from each measured write until no viewer gets older data, sorted.
    seconds: Vec<f64>,
    /// Seconds from each measured write, for each edge location, until none of its viewers gets older data, sorted.
    edge_seconds: Vec<f64>,
    /// Seconds from each measured write to the creation of the first invalidation after it, sorted.
    first_call_seconds: Vec<f64>,
    lost: u64,
    /// The lost edits of each edge location, added up.
    edge_lost: u64,
    items: u64,
    refused: u64,
    unneeded: u64,
}

/// The results by workload, scheme and strategy.
type Results = BTreeMap<(&'static str, &'static str, &'static str), Figures>;

/// Compares the strategies.
pub(crate) fn run(_: &Folders) -> Result<Section, BenchError> {
    let workloads = workloads();
    let results = results(&workloads)?;
    let mut tables = Vec::new();
    let mut plots = Vec::new();
    for workload in &workloads {
        for (scheme, _) in SCHEMES {
            let mut table = Table::new(
                format!("{}, {scheme}", workload.name),
                [
                    "p50 s",
                    "p95 s",
                    "p99 s",
                    "max s",
                    "p95 s, one edge location",
                    "edits lost",
                    "items",
                    "price $",
                    "calls refused",
                    "objects purged without need",
                ],
            );
            let mut lines = Vec::new();
            for strategy in Strategy::all() {
                let figures = &results[&(workload.name, scheme, strategy.name())];
                table.push(strategy.name(), figures.cells());
                lines.push((strategy.name().to_owned(), figures.line()));
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
    tables.push(accounts()?);
    Ok(Section {
        name: "strategies".to_owned(),
        title: "Strategies".to_owned(),
        conditions: conditions(),
        goals: goals(&results),
        tables,
        plots,
    })
}

/// Measures every strategy with every workload under both schemes. Virtual time does not depend on the machine, so that
/// they run in parallel.
fn results(workloads: &[Workload]) -> Result<Results, BenchError> {
    let of_workload = |workload| {
        let of_scheme =
            move |(scheme, quotas)| Strategy::all().map(move |strategy| (workload, scheme, quotas, strategy));
        SCHEMES.into_iter().flat_map(of_scheme)
    };
    let inputs: Vec<_> = workloads.iter().flat_map(of_workload).collect();
    let measured = in_parallel(inputs, |(workload, scheme, quotas, strategy)| {
        let figures = measure(workload, &strategy.run(workload, Cdn::new(quotas, CallRate::CLOUDFRONT))?);
        eprintln!("{}, {scheme}: {}: {}", workload.name, strategy.name(), shown(&figures.cells()));
        Ok(((workload.name, scheme, strategy.name()), figures))
    });
    measured.into_iter().collect()
}

/// The results of `job` for each input, in no order, computed by one thread for each processor.
fn in_parallel<I: Send, O: Send>(inputs: Vec<I>, job: impl Fn(I) -> O + Sync) -> Vec<O> {
    let (inputs, outputs) = (Mutex::new(inputs.into_iter()), Mutex::new(Vec::new()));
    let next = || inputs.lock().expect("no job panics while it holds the inputs").next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(input) = next() {
                    let output = job(input);
                    outputs.lock().expect("no job panics while it holds the outputs").push(output);
                }
            });
        }
    });
    outputs.into_inner().expect("no job panics while it holds the outputs")
}

fn shown(cells: &[Cell]) -> String {
    cells.iter().map(Cell::shown).collect::<Vec<_>>().join("  ")
}

/// This system in accounts of different sizes: the more distributions have something to purge, the longer each waits for a
/// call. See `docs/scale.md`.
fn accounts() -> Result<Table, BenchError> {
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
        ],
    );
    let rows = in_parallel(ACCOUNTS.into(), |(tenants, calls)| {
        let workload = workload::account_of(tenants, ACCOUNT_MINUTES);
        let interval = Duration::from_secs(10) / calls;
        let burst = calls.max(6);
        let cdn = Cdn::new(Quotas::IN_PROGRESS, CallRate { interval, burst });
        let kept = domain::purge::pacer::CallRate { interval, burst };
        let ours = Ours { calls: kept, per_second: false, ..Ours::TAGS };
        let Run { cdn, rows_left } = ours.run(&workload, cdn, ACCOUNT_HORIZON)?;
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

fn conditions() -> Vec<String> {
    [
        "CloudFront is the emulator's control plane in virtual time: its quotas, one CreateInvalidation in 2 s after a \
         burst of 6, and delays drawn from its published 95th percentiles (effect in each cache 5 s, Completed 25 s).",
        "Each pack is one object at two edge locations behind one regional cache, as the emulator has them, each with a \
         delay of its own; viewers request it all the time. The origin reads the current data; its response arrives 0.1 s to 5 s later (mean 0.4 s).",
        "For one object in ten, a fetch of the old data is under way when it is written.",
        "Write to fresh: the time from a write until no viewer at any edge location gets older data any more, and for one \
         edge location: until none of its own viewers does. An edit is lost if one gets it for ever.",
        "Of the million objects of the forced location every hundredth is replayed, and counts for a hundred.",
        "An object is purged without need by an invalidation that removes no stale copy of it.",
        "Ours is the production code of the stream handler and of the purge run over ports in memory: 5 ms a call to \
         DynamoDB, 150 ms to CloudFront, 50 ms to S3 and 0.25 ms for each \
         object, 150 ms to start a function; a shard of the stream is polled every 250 ms. It keeps to both quota \
         schemes.",
        "The others are written from their description. docs.rs and the specification purge by wildcard, the Rust \
         registry and one invalidation per write by cache tag. What is pending 24 h after the last write is lost.",
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
            Self::Ours(ours) => Ok(ours.run(workload, cdn, HORIZON)?.cdn),
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
        let packs = packs.step_by(workload.sampling as usize);
        packs.for_each(|pack| writes.entry((write.tenant, pack)).or_default().push(write.at));
    }
    let sampling = u64::from(workload.sampling);
    let mut figures = Figures { items: cdn.items, refused: cdn.refused, ..Figures::default() };
    let none = Vec::new();
    for ((tenant, pack), writes) in &writes {
        let [of_pack, of_all] = [Some(*pack), None].map(|pack| covering.get(&(*tenant, pack)).unwrap_or(&none));
        let invalidations: Vec<&Invalidation> = of_pack.iter().chain(of_all).copied().collect();
        let outcome = object::replay(writes, &invalidations, u64::from(*pack) << 16 | *tenant as u64);
        figures.unneeded += outcome.unneeded * sampling;
        if !(workload.measured)(*tenant) {
            continue;
        }
        for written_at in writes {
            let later = invalidations.iter().map(|invalidation| invalidation.created).filter(|at| at >= written_at);
            figures.first_call_seconds.extend(later.min().map(|at| (at - written_at) as f64 / 1_000.0));
        }
        for (written_at, fresh_at) in writes.iter().zip(outcome.fresh_at) {
            let seconds = |fresh_at| (fresh_at - written_at) as f64 / 1_000.0;
            figures.edge_seconds.extend(fresh_at.into_iter().flatten().map(seconds));
            figures.edge_lost += fresh_at.into_iter().filter(Option::is_none).count() as u64;
            match fresh_at.into_iter().collect::<Option<Vec<_>>>().and_then(|edges| edges.into_iter().max()) {
                Some(fresh_at) => figures.seconds.push(seconds(fresh_at)),
                None => figures.lost += sampling,
            }
        }
    }
    for ((tenant, pack), invalidations) in &covering {
        if pack.is_none() {
            let edited = writes.range((*tenant, 0)..=(*tenant, u32::MAX)).count() as u64 * sampling;
            figures.unneeded += (u64::from(workload.packs[*tenant]) - edited) * invalidations.len() as u64;
        }
    }
    figures.seconds.sort_by(f64::total_cmp);
    figures.edge_seconds.sort_by(f64::total_cmp);
    figures.first_call_seconds.sort_by(f64::total_cmp);
    figures
}

impl Figures {
    /// The percentile over all edits. `None`: that edit is lost.
    fn percentile(&self, percent: f64) -> Option<f64> {
        percentile(&self.seconds, self.lost, percent)
    }

    /// The percentile over all edits and edge locations. `None`: that edit is lost there.
    fn edge_percentile(&self, percent: f64) -> Option<f64> {
        percentile(&self.edge_seconds, self.edge_lost, percent)
    }

    /// The percentile. A lost edit counts as [`LOST_SECONDS`].
    fn seconds_at(&self, percent: f64) -> f64 {
        self.percentile(percent).unwrap_or(LOST_SECONDS)
    }

    fn first_call_seconds_at(&self, percent: f64) -> f64 {
        percentile(&self.first_call_seconds, 0, percent).unwrap_or(LOST_SECONDS)
    }

    fn cells(&self) -> Vec<Cell> {
        let cell = |seconds: Option<f64>| match seconds {
            Some(seconds) => Cell::number(seconds, 1),
            None => Cell::Text("lost".to_owned()),
        };
        let [p50, p95, p99, max] = [50.0, 95.0, 99.0, 100.0].map(|percent| cell(self.percentile(percent)));
        vec![
            p50,
            p95,
            p99,
            max,
            cell(self.edge_percentile(95.0)),
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

/// The percentile of sorted values, and of `lost` ones that are larger than all of them. `None`: it is one of those.
#[expect(clippy::cast_sign_loss, reason = "a percentile is not negative")]
fn percentile(sorted: &[f64], lost: u64, percent: f64) -> Option<f64> {
    let count = sorted.len() as f64 + lost as f64;
    sorted.get(((percent / 100.0 * count).ceil() as usize).max(1) - 1).copied()
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
