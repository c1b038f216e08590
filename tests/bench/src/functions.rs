//! Section `functions`: the deployed Lambda functions beside the same functions in Python and in Node.
//!
//! Every candidate is a process of its own that polls the same runtime API on loopback and calls the same local AWS over
//! TLS.

mod candidate;
mod event;
mod local_aws;
mod process;
mod runtime_api;

use std::collections::BTreeMap;
use std::fs;

use tokio::runtime::Runtime;

use self::candidate::{Function, Language};
use self::event::Event;
use self::local_aws::LocalAws;
use self::process::{Measured, measure_start, measure_throughput};
use crate::Folders;
use crate::error::{BenchError, Doing};
use crate::section::{Cell, Goal, Plot, Section, Table};

/// Starts of each candidate with each event; the fastest counts. One more before them warms the page cache.
const STARTS: usize = 10;
/// Measurements of each candidate's throughput; the fastest counts.
const THROUGHPUTS: usize = 4;

/// The goal of the first response without a call of the SDK: so many times faster than the other languages.
const RATIO_WITHOUT_CALL: f64 = 25.0;
/// The same with one call over TLS.
const RATIO_WITH_CALL: f64 = 5.0;

type Starts = BTreeMap<(Function, Event, Language), Measured>;

/// Measures the functions.
pub(crate) fn run(folders: &Folders) -> Result<Section, BenchError> {
    candidate::install(folders)?;
    let runtime = Runtime::new().doing(|| "start tokio".to_owned())?;
    let (starts, throughputs) = runtime.block_on(async {
        let aws = LocalAws::start(&folders.out).await?;
        let starts = measure_starts(folders, &aws).await?;
        Ok::<_, BenchError>((starts, measure_throughputs(folders, &aws).await?))
    })?;
    let (sizes, largest) = sizes(folders)?;
    let mut goals = Vec::new();
    for (event, goal) in [(Event::WithoutCall, RATIO_WITHOUT_CALL), (Event::OneCall, RATIO_WITH_CALL)] {
        for language in [Language::Python, Language::Node] {
            let ratios = Function::ALL.map(|function| ratio(&starts, function, event, language));
            let smallest = ratios.into_iter().fold(f64::INFINITY, f64::min);
            let figure = format!("{}: times faster than {language:?}, slowest function", event.name());
            goals.push(Goal::at_least(figure, smallest, goal));
        }
    }
    let events = [Event::WithoutCall, Event::OneCall];
    let mut tables: Vec<Table> = events.into_iter().map(|event| times(&starts, event)).collect();
    tables.push(memory(&starts));
    tables.push(throughput_table(&throughputs));
    tables.push(sizes);
    Ok(Section {
        name: "functions".to_owned(),
        title: "Lambda functions".to_owned(),
        conditions: vec![
            format!("Fastest of {STARTS} starts and of {THROUGHPUTS} runs of throughput, candidates in alternation"),
            "Release profile as deployed; Python with boto3; Node with AWS SDK v3, one package for each service"
                .to_owned(),
            "image-invalidation makes a call in every invocation: without one, its initialisation is shown".to_owned(),
            format!("The trusted certificates are the system's and one of this run; largest binary {largest:.1} MB"),
        ],
        goals,
        tables,
        plots: events.into_iter().map(|event| plot(&starts, event)).collect(),
    })
}

async fn measure_starts(folders: &Folders, aws: &LocalAws) -> Result<Starts, BenchError> {
    let mut starts = Starts::new();
    for function in Function::ALL {
        for round in 0..=STARTS {
            for event in [Event::WithoutCall, Event::OneCall] {
                for language in Language::ALL {
                    let measured = measure_start(folders, aws, function, language, event).await?;
                    if round > 0 {
                        let best = starts.entry((function, event, language)).or_insert(measured);
                        *best = best.min(measured);
                    }
                }
            }
        }
    }
    Ok(starts)
}

async fn measure_throughputs(folders: &Folders, aws: &LocalAws) -> Result<BTreeMap<Language, f64>, BenchError> {
    let mut best = BTreeMap::new();
    for _ in 0..THROUGHPUTS {
        for language in Language::ALL {
            let records_per_second = measure_throughput(folders, aws, language).await?;
            let best = best.entry(language).or_insert(0.0_f64);
            *best = best.max(records_per_second);
        }
    }
    Ok(best)
}

fn milliseconds(starts: &Starts, function: Function, event: Event, language: Language) -> f64 {
    starts[&(function, event, language)].milliseconds
}

/// The ratio of the time in `language` to that in Rust.
fn ratio(starts: &Starts, function: Function, event: Event, language: Language) -> f64 {
    milliseconds(starts, function, event, language) / milliseconds(starts, function, event, Language::Rust)
}

fn times(starts: &Starts, event: Event) -> Table {
    let title = format!("Start to first response, {}, ms", event.name());
    let mut table = Table::new(title, ["Rust", "Python", "Node", "Python ×", "Node ×"]);
    for function in Function::ALL {
        let times = Language::ALL.map(|language| Cell::number(milliseconds(starts, function, event, language), 1));
        let others = [Language::Python, Language::Node];
        let ratios = others.map(|language| Cell::number(ratio(starts, function, event, language), 1));
        table.push(function.name(), times.into_iter().chain(ratios));
    }
    table
}

fn memory(starts: &Starts) -> Table {
    let mut table = Table::new("Peak memory after one response with one call, MB", ["Rust", "Python", "Node"]);
    for function in Function::ALL {
        let memory = |language| starts[&(function, Event::OneCall, language)].peak_megabytes;
        table.push(function.name(), Language::ALL.map(|language| Cell::number(memory(language), 1)));
    }
    table
}

fn throughput_table(throughputs: &BTreeMap<Language, f64>) -> Table {
    let title = "Warm throughput of dynamodb-imagepacks-stream, batches of 100 changed packs";
    let mut table = Table::new(title, ["records/s", "Rust ×"]);
    let rust = throughputs[&Language::Rust];
    for (language, records) in throughputs {
        table.push(format!("{language:?}"), [Cell::number(*records, 0), Cell::number(rust / records, 1)]);
    }
    table
}

/// The sizes of the binaries, and the largest one in megabytes.
fn sizes(folders: &Folders) -> Result<(Table, f64), BenchError> {
    let mut table = Table::new("Binaries of the release profile", ["MB"]);
    let mut largest = 0.0_f64;
    for function in Function::ALL {
        let path = folders.binaries.join(function.name());
        let bytes = fs::metadata(&path).doing(|| format!("find {}: build it with --release", path.display()))?.len();
        let megabytes = bytes as f64 / 1e6;
        largest = largest.max(megabytes);
        table.push(function.name(), [Cell::number(megabytes, 1)]);
    }
    Ok((table, largest))
}

fn plot(starts: &Starts, event: Event) -> Plot {
    let bars = Function::ALL.into_iter().flat_map(|function| {
        Language::ALL.map(|language| {
            (format!("{}, {language:?}", function.name()), milliseconds(starts, function, event, language))
        })
    });
    let title = format!("Start to first response, {}", event.name());
    Plot::Bars { title, axis: "milliseconds".to_owned(), bars: bars.collect() }
}
