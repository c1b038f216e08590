//! This system: its stream handler and its purge runs, the production code, over ports in memory and in virtual time.

mod services;

use std::time::Duration;

use contract::limits;
use domain::purge::limits::{Delays, Rules};
use domain::purge::pacer::{CallRate, InProgress, PerSecond, Quotas};
use domain::{AttributeNames, Context, Timestamp};
use futures_util::future::join_all;
use purging::executor::Executor;
use purging::ports::Clock;
use purging::purge_run::{PurgeRun, Trigger};
use purging::purger::Purger;
use purging::stream::Enqueuer;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::services::Services;
use super::cdn::{Cdn, pack_id};
use super::workload::{Millis, Target, Workload, Write};
use crate::error::{BenchError, Doing};

/// The settle delay: the default of the stacks.
const SETTLE: Duration =
    Duration::from_secs(limits::settle_delay_secs(limits::ANSWER_MAX_SECS, limits::EDGE_FETCH_MAX_SECS) as u64);

/// The period of the schedule.
const PERIOD: Duration = Duration::from_mins(5);

/// The pause between two polls of a shard (Lambda Developer Guide: four times a second).
const POLL: Duration = Duration::from_millis(250);

/// The largest number of records of a batch, which is not collected for longer: as the environments configure the stream.
const BATCH: usize = 100;

/// The time after the last write at which a run is ended, if it is not finished earlier.
pub(crate) const HORIZON: Duration = Duration::from_hours(24);

/// A variant of this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) name: &'static str,
    /// Whether the distributions have cache tags.
    pub(crate) cache_tags: bool,
    /// Whether an enqueueing wakes a purge run.
    pub(crate) wakes: bool,
    /// See [`Rules::early_purge_targets_max`].
    pub(crate) early_purge_targets_max: usize,
    /// The throttle of calls that the pacer keeps to.
    pub(crate) calls: CallRate,
    /// Whether the pacer keeps to the quotas of items a second. It keeps to those of items in progress in any case.
    pub(crate) per_second: bool,
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) cdn: Cdn,
    /// Rows of the queue at its end.
    pub(crate) rows_left: usize,
    /// Batches of the stream.
    pub(crate) batches: u64,
    /// Purge runs that a batch of the stream invoked.
    pub(crate) invocations: u64,
}

impl Ours {
    pub(crate) const TAGS: Self = Self {
        name: "ours, tags",
        cache_tags: true,
        wakes: true,
        early_purge_targets_max: 10,
        calls: CallRate { interval: Duration::from_secs(2), burst: 6 },
        per_second: true,
    };
    pub(crate) const ALL: [Self; 4] = [
        Self::TAGS,
        Self { name: "ours, wildcards", cache_tags: false, ..Self::TAGS },
        Self { name: "ours, without waking", wakes: false, ..Self::TAGS },
        Self { name: "ours, without early purges", early_purge_targets_max: 0, ..Self::TAGS },
    ];

    /// Purges the writes of a workload, until nothing is left, or until `horizon` after the last write.
    pub(crate) fn run(self, workload: &Workload, cdn: Cdn, horizon: Duration) -> Result<Run, BenchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .doing(|| "start the clock".to_owned())?;
        Ok(runtime.block_on(async {
            let services = Services::new(cdn, &workload.packs, self.cache_tags);
            let schedule = tokio::spawn(self.schedule(services.clone()));
            let end = timestamp(workload.ends_at()).plus(horizon);
            let delivered = join_all((0..workload.shards).map(|shard| self.deliver(&services, workload, shard)));
            let emptied = async {
                delivered.await;
                while !services.is_idle() {
                    sleep(Duration::from_secs(1)).await;
                }
            };
            // The rest stays in the queue when the time is over.
            drop(timeout(end.since(services.now()), emptied).await);
            schedule.abort();
            services.end()
        }))
    }

    async fn schedule(self, services: Services) {
        loop {
            sleep(PERIOD).await;
            tokio::spawn(self.purge_run(services.clone(), Trigger::Schedule));
        }
    }

    async fn purge_run(self, services: Services, trigger: Trigger) {
        let now = services.now();
        let purge_run = PurgeRun {
            purger: Purger {
                executor: Executor { ports: services.clone(), ledger_retention: Duration::from_hours(24) },
                rules: Rules {
                    delays: Delays { settle: SETTLE, cached_max: Duration::from_hours(24 * 365) },
                    early_purge_targets_max: self.early_purge_targets_max,
                    deletes_variants_first: false,
                },
                quotas: self.quotas(),
            },
            dead_letters: services.clone(),
            lease: Duration::from_secs(limits::LEASE_SECS.into()),
        };
        let deadline = now.plus(Duration::from_secs(limits::PURGE_RUN_TIMEOUT_SECS.into()));
        let context = Context { id: services.next_id(), now, deadline };
        if let Err(error) = purge_run.run(trigger, &context).await {
            eprintln!("{}: {error}", self.name);
        }
    }

    /// Delivers the writes of a shard as the stream does, in batches.
    async fn deliver(self, services: &Services, workload: &Workload, shard: usize) {
        let invocations = self.wakes.then(|| {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<()>();
            let services = services.clone();
            tokio::spawn(async move {
                while receiver.recv().await.is_some() {
                    sleep(services::INVOCATION).await;
                    services.count_invocation();
                    tokio::spawn(self.purge_run(services.clone(), Trigger::WakeUp));
                }
            });
            services::Invocations(sender)
        });
        let of_shard = workload.writes.iter().filter(|write| write.tenant % workload.shards == shard);
        let all: Vec<Write> = of_shard.copied().collect();
        let mut writes = all.as_slice();
        while let Some(first) = writes.first() {
            let now = services.now().as_millis();
            if first.at > now {
                let polls = (first.at - now).div_ceil(POLL.as_millis() as u64);
                sleep(POLL * polls as u32).await;
                continue;
            }
            let due = writes.iter().take(BATCH).take_while(|write| write.at <= now).count();
            let (batch, rest) = writes.split_at(due);
            services.count_batch();
            let now = services.now();
            let enqueuer = Enqueuer {
                queue: services.clone(),
                dead_letters: services.clone(),
                clock: services.clone(),
                purge_runs: invocations.clone(),
                names: AttributeNames::default(),
                with_existing_distribution: [].into(),
            };
            let number = all.len() - writes.len();
            let records: Vec<_> = batch.iter().zip(number..).map(|(write, number)| record(write, number)).collect();
            let context = Context { id: services.next_id(), now, deadline: now.plus(Duration::from_mins(1)) };
            let failed = enqueuer.enqueue(&json!({ "Records": records }), &context).await;
            assert!(failed.is_empty(), "the stream handler rejects the records {failed:?}");
            writes = rest;
        }
    }

    fn quotas(self) -> Quotas {
        Quotas {
            per_second: self.per_second.then_some(PerSecond {
                items: limits::ITEMS_PER_SECOND_QUOTA,
                wildcards: limits::WILDCARDS_PER_SECOND_QUOTA,
            }),
            in_progress: Some(InProgress {
                items: limits::ITEMS_IN_PROGRESS_QUOTA as usize,
                wildcards: limits::WILDCARDS_IN_PROGRESS_QUOTA as usize,
            }),
            calls: self.calls,
            items_per_request: limits::ITEMS_PER_REQUEST_MAX as usize,
        }
    }
}

/// The stream's record of a write.
fn record(write: &Write, number: usize) -> Value {
    let (entity, old, new) = match write.target {
        Target::Pack(pack) => {
            let image = |version: usize| {
                json!({"imageLocations": {"M": {"main": {"M": {"original": {"M": {
                    "key": {"S": "o"},
                    "version": {"S": version.to_string()},
                }}}}}}})
            };
            (format!("pack#{}", pack_id(pack)), image(number), image(number + 1))
        }
        Target::Location => {
            let generation = |generation: u32| json!({"generation": {"N": generation.to_string()}});
            ("location#main".to_owned(), generation(1), generation(2))
        }
    };
    json!({
        "awsRegion": "eu-west-1",
        "eventID": number.to_string(),
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/image-packs/stream/2026-11-22T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": write.at / 1_000,
            "Keys": {"tenant": {"S": tenant(write.tenant)}, "entity": {"S": entity}},
            "SequenceNumber": format!("{:021}", number + 1),
            "SizeBytes": 300,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "OldImage": old,
            "NewImage": new,
        },
    })
}

/// The id of a tenant.
fn tenant(index: usize) -> String {
    format!("t{index}")
}

/// The time of a service's clock, which begins at 0 with the run.
fn timestamp(millis: Millis) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use cloudfront_emulator::Quotas;

    use super::*;

    #[test]
    fn a_burst_of_ten_thousand_batches_invokes_a_handful_of_purge_runs() {
        // A record for each poll of each of ten shards.
        let polls = (0..1_000).map(|poll| poll * POLL.as_millis() as u64);
        let writes = polls
            .flat_map(|at| (0..10).map(move |tenant| Write { at, tenant, target: Target::Pack((at / 1_000) as u32) }));
        let workload = Workload { shards: 10, ..Workload::new("", vec![1_000; 10], writes.collect()) };
        let cdn = Cdn::new(Quotas::IN_PROGRESS, cloudfront_emulator::CallRate::CLOUDFRONT);
        let run = Ours::TAGS.run(&workload, cdn, HORIZON).expect("a run");
        assert_eq!((run.batches, run.rows_left), (10_000, 0));
        assert!((1..=5).contains(&run.invocations), "{} purge runs", run.invocations);
    }
}
