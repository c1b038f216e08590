//! Section `deletion`: the deletion of a location's variants beside command-line tools, on an S3 in memory.

mod local_s3;

use std::process::{Command, Stdio};
use std::time::Instant;

use aws_adapters::ports::purger;
use aws_config::Region;
use aws_sdk_s3::config::Credentials;
use contract::config::ConfigError;
use contract::functions::Purging;
use domain::Timestamp;
use domain::purge::deletion::{Deletion, DeletionPurpose};
use purging::variant_deletion::delete_variants;
use serde_json::json;
use tokio::runtime::Builder;

use self::local_s3::{Calls, LocalS3};
use crate::Folders;
use crate::error::{BenchError, Doing};
use crate::python;
use crate::section::{Cell, Goal, Plot, Section, Table};

/// Runs of each candidate; the fastest counts.
const ROUNDS: usize = 3;
/// Objects that S3 lists or deletes in one call.
const PAGE: usize = 1_000;
/// `aws s3 rm` deletes object by object. It gets a part of the objects.
const AWS_PART: usize = 50;

/// A candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    Ours,
    S5cmd,
    AwsCli,
}

impl Candidate {
    const ALL: [Self; 3] = [Self::Ours, Self::S5cmd, Self::AwsCli];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "this system",
            Self::S5cmd => "s5cmd rm",
            Self::AwsCli => "aws s3 rm --recursive",
        }
    }

    fn objects(self, objects: usize) -> usize {
        if self == Self::AwsCli { objects / AWS_PART } else { objects }
    }

    fn delete(self, folders: &Folders, s3: &LocalS3, objects: usize) -> Result<(), BenchError> {
        let mut command = Command::new(folders.out.join("python/bin/s5cmd"));
        match self {
            Self::Ours => return delete_ours(&s3.endpoint_url, objects),
            Self::S5cmd => {
                command.args(["--log", "error", "--endpoint-url", &s3.endpoint_url, "rm", "s3://variants/acme/*"])
            }
            Self::AwsCli => {
                command = Command::new(folders.out.join("python/bin/aws"));
                let options = ["--only-show-errors", "--recursive", "--endpoint-url", &s3.endpoint_url];
                command.args(["s3", "rm", "s3://variants/acme/"]).args(options)
            }
        };
        command.stdout(Stdio::null()).envs(ENVIRONMENT).env("AWS_REGION", "eu-west-1");
        python::succeed(&mut command)
    }
}

/// The access keys of every candidate.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// The best run of a candidate.
#[derive(Debug, Clone, Copy)]
struct Best {
    objects_per_second: f64,
    calls: Calls,
}

/// Measures the deletion of `objects` objects.
pub(crate) fn run(folders: &Folders, objects: usize) -> Result<Section, BenchError> {
    python::install(folders)?;
    let s3 = LocalS3::start()?;
    let mut best: [Option<Best>; 3] = [None; 3];
    for _ in 0..ROUNDS {
        for (candidate, best) in Candidate::ALL.into_iter().zip(&mut best) {
            let measured = measure(folders, &s3, candidate, candidate.objects(objects))?;
            if best.is_none_or(|best| best.objects_per_second < measured.objects_per_second) {
                *best = Some(measured);
            }
        }
    }
    let columns = ["objects", "objects/s", "ratio", "LIST", "LIST min.", "DELETE", "DELETE min."];
    let mut table = Table::new("Deletion of the variants of one location", columns);
    let rate = |index: usize| best[index].map_or(0.0, |best| best.objects_per_second);
    let mut bars = Vec::new();
    for (index, candidate) in Candidate::ALL.into_iter().enumerate() {
        let Some(Best { objects_per_second, calls }) = best[index] else { continue };
        let objects = candidate.objects(objects);
        let pages = objects.div_ceil(PAGE);
        let counts = [calls.lists, pages, calls.deletes, pages].map(|count| Cell::number(count as f64, 0));
        let rates = [(objects as f64, 0), (objects_per_second, 0), (rate(0) / objects_per_second, 2)];
        let rates = rates.map(|(value, digits)| Cell::number(value, digits));
        table.push(candidate.name(), rates.into_iter().chain(counts));
        bars.push((candidate.name().to_owned(), objects_per_second));
    }
    Ok(Section {
        name: "deletion".to_owned(),
        title: "Deletion of variants".to_owned(),
        conditions: vec![
            format!("{objects} objects, fastest of {ROUNDS} runs, candidates in alternation; ratio: this system to it"),
            "S3 is a server in memory, without delay, on one thread of this process".to_owned(),
            format!("aws s3 rm deletes object by object and gets one {AWS_PART}th of the objects"),
        ],
        goals: vec![Goal::at_least(
            "objects/s of this system to those of the fastest tool",
            rate(0) / rate(1).max(rate(2)),
            1.0,
        )],
        tables: vec![table],
        plots: vec![Plot::Bars { title: "Deletion of variants".to_owned(), axis: "objects/s".to_owned(), bars }],
    })
}

fn measure(folders: &Folders, s3: &LocalS3, candidate: Candidate, objects: usize) -> Result<Best, BenchError> {
    s3.fill((0..objects).map(|number| format!("acme/p{number:07}/main/0123456789abcdef0123456789abcdef")));
    let start = Instant::now();
    candidate.delete(folders, s3, objects)?;
    let elapsed = start.elapsed().as_secs_f64();
    let calls = s3.calls();
    if s3.objects() > 0 {
        return Err(format!("{} are left", s3.objects()))
            .doing(|| format!("delete all objects by {}", candidate.name()));
    }
    Ok(Best { objects_per_second: objects as f64 / elapsed, calls })
}

/// Deletes them as a purge run does, with the adapters of the functions.
fn delete_ours(endpoint_url: &str, objects: usize) -> Result<(), BenchError> {
    let runtime = Builder::new_current_thread().enable_all().build().doing(|| "start tokio".to_owned())?;
    runtime.block_on(async {
        let sdk = aws_config::from_env()
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "bench"))
            .endpoint_url(endpoint_url)
            .load()
            .await;
        let ports = purger(&sdk, config()?).executor.ports;
        let now = aws_adapters::now();
        let entry = json!({
            "tenant": "acme", "target": "location#main", "version": "1@bench", "lastEventAt": now.as_millis(),
            "firstEventAt": now.as_millis(), "changes": 1, "reasons": ["location-forced"], "requestedBy": ["stream"],
        });
        let entry = serde_json::from_value(entry).doing(|| "build a row".to_owned())?;
        let purpose = DeletionPurpose::AfterPurge { ledger_key: "bench".to_owned() };
        let deletion = Deletion { entry, began_at: now, purpose, stored_before: Some(now) };
        let done = delete_variants(&ports, &deletion, Timestamp::from_millis(u64::MAX)).await;
        let done = done.doing(|| "delete the variants".to_owned())?;
        if done.deleted_in_all == objects as u64 {
            Ok(())
        } else {
            Err(format!("{done:?}")).doing(|| "delete all".to_owned())
        }
    })
}

/// The config of the functions that purge, with the example of each variable.
fn config() -> Result<Purging, BenchError> {
    let mut variables = std::collections::BTreeMap::from([("VARIANTS_BUCKET", "variants".to_owned())]);
    loop {
        match Purging::read(&|name| variables.get(name).cloned()) {
            Ok(config) => return Ok(config),
            Err(ConfigError::Missing { name, example }) => variables.insert(name, example),
            Err(error) => return Err(error).doing(|| "configure a purge run".to_owned()),
        };
    }
}
