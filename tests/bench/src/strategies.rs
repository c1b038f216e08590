//! Section `strategies`: algorithms that purge CloudFront, beside each other in virtual time.
//!
//! Each algorithm purges the same writes over the same control plane, that of the CloudFront emulator with its quotas,
//! throttle and drawn delays. Then the caches of every object are replayed: viewers that request it all the time, the
//! writes, and the invalidations that cover it.

mod accounts;
mod cdn;
mod figures;
mod goals;
mod object;
mod ours;
mod peers;
mod workload;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use cloudfront_emulator::{CallRate, Quotas};

use self::accounts::accounts;
use self::cdn::Cdn;
use self::figures::{Figures, measure};
use self::goals::goals;
use self::ours::{HORIZON, Ours};
use self::peers::Peer;
use self::workload::{Workload, workloads};
use crate::Folders;
use crate::error::BenchError;
use crate::section::{Axis, Cell, Plot, Section, Table};

/// The quota schemes of the account.
const SCHEMES: [(&str, Quotas); 2] =
    [("quotas in progress", Quotas::IN_PROGRESS), ("quotas per second", Quotas::PER_SECOND)];

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

fn conditions() -> Vec<String> {
    [
        "CloudFront is the emulator's control plane in virtual time: its quotas, one CreateInvalidation in 2 s after a \
         burst of 6, and delays drawn with its published 95th percentiles (effect in the last cache 5 s, Completed 25 s).",
        "Each pack is one object at two edge locations behind one regional cache, as the emulator has them; viewers request it \
         all the time. The origin reads the current data; its response arrives 0.1 s to 5 s later (mean 0.4 s).",
        "For one object in ten, a fetch of the old data is under way when it is written.",
        "Write to fresh: the time from a write until no viewer at any edge location gets older data any more, and for one \
         edge location: until none of its own viewers does. An edit is lost if one gets it for ever.",
        "In ratios and goals a lost edit counts as 30 days, as long as an edge location keeps an image. Under the quotas per \
         second, the emulator refuses a request with more items than a second has, however often it is sent: AWS does not \
         document it, and this is the worse case. So the specification's page, with 15 wildcards a request, loses all.",
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
