//! The environment of one test.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_adapters::AwsPorts;
use aws_adapters::cloudfront::CloudFront;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::metrics_log::MetricsLog;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::variants_bucket::VariantsBucket;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use cloudfront_emulator::{
    Access, Clock, Distribution, Distributions, EmulatorConfig, Faults, Origin, Propagation, Quotas, RunningEmulator,
    VirtualClock,
};
use domain::purge::limits::{Delays, Rules};
use domain::purge::pacer::{CallRate, InProgress, PerSecond};
use domain::{AttributeNames, Context, Timestamp};
use load_proxy::LoadFaults;
use purging::executor::Executor;
use purging::purge_run::{PurgeRunError, Summary, Trigger};
use purging::purger::Purger;

use crate::invocations::Invocations;
use crate::test_clock::TestClock;
use crate::{LocalDynamoDb, LocalS3, LocalSqs, LocalSsm, sdk_config};

/// The time of the tests, in 2099: the S3 of the tests stamps objects with the real time, which is before it. No handler
/// reads a clock.
pub const NOW: Timestamp = Timestamp::from_millis(4_070_908_800_000);
/// The settle delay of every handler, unless a test sets its own.
pub const SETTLE: Duration = Duration::from_secs(30);
/// The longest time that an edge keeps a variant.
pub const CACHED_MAX: Duration = Duration::from_hours(30 * 24);
/// The duration of a purge run's lease.
pub const LEASE: Duration = Duration::from_mins(1);
/// Both schemes of CloudFront's quotas, without its throttle of calls: the emulator has none by default.
const QUOTAS: domain::purge::pacer::Quotas = domain::purge::pacer::Quotas {
    per_second: Some(PerSecond { items: 150, wildcards: 1 }),
    in_progress: Some(InProgress { items: 3_000, wildcards: 15 }),
    calls: CallRate { interval: Duration::from_millis(1), burst: 1_000 },
    items_per_request: 500,
};

/// The parameter path of the tenant registry.
pub(crate) const REGISTRY_PATH: &str = "/dev-lof/images/tenants";

/// 90 days.
const LEDGER_RETENTION: Duration = Duration::from_hours(90 * 24);

/// The tenants whose own distributions the emulator serves, beside `hooli`, the distribution tenant `dt_hooli` of `EMANY`.
const DISTRIBUTIONS: [&str; 4] = ["acme", "acme2", "globex", "initech"];

/// The enqueuer over the real SDK.
pub type Enqueuer = purging::stream::Enqueuer<InvalidationQueue, DeadLetterQueue, TestClock, Invocations>;
/// The purge run over the real SDK.
pub type PurgeRun = purging::purge_run::PurgeRun<AwsPorts<TestClock>, DeadLetterQueue>;

/// The environment of one test: every service that the handlers call, empty but for the registered distributions of two
/// tenants, `acme` and `globex`.
#[derive(Debug)]
pub struct Environment {
    pub(crate) dynamodb: LocalDynamoDb,
    pub(crate) s3: LocalS3,
    pub(crate) emulator: RunningEmulator,
    /// The faults of the emulator.
    pub faults: Faults,
    /// The faults of the DynamoDB.
    pub dynamodb_faults: LoadFaults,
    /// The faults of Systems Manager.
    pub ssm_faults: LoadFaults,
    /// The faults that the purge's calls of CloudFront meet before the emulator.
    pub cloudfront_faults: LoadFaults,
    cloudfront_endpoint: String,
    pub(crate) emulator_clock: VirtualClock,
    pub(crate) sqs: LocalSqs,
    pub(crate) ssm: LocalSsm,
    metrics: MetricsLog,
    /// The invocations of purge runs by the enqueuer.
    pub invocations: Invocations,
}

impl Environment {
    /// Starts everything, with CloudFront's documented quotas and an emulator that completes an invalidation at once.
    pub async fn start() -> Self {
        Self::with(Quotas::IN_PROGRESS, Duration::ZERO).await
    }

    /// Starts everything, with an emulator that needs `propagation_delay` of its own time
    /// ([`Self::let_emulator_time_pass`]) to complete an invalidation.
    pub async fn with_propagation_delay(propagation_delay: Duration) -> Self {
        Self::with(Quotas::IN_PROGRESS, propagation_delay).await
    }

    /// Starts everything, with an emulator that takes as much as `quotas` say and needs `propagation_delay` of its own
    /// time.
    pub async fn with(quotas: Quotas, propagation_delay: Duration) -> Self {
        let emulator_clock = VirtualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let emulator = start_emulator(quotas, propagation_delay, emulator_clock.clone()).await;
        let (dynamodb, ssm) = (LocalDynamoDb::start().await, LocalSsm::start().await);
        let (cloudfront_endpoint, cloudfront_faults) = crate::under_load(emulator.endpoint_url()).await;
        let environment = Self {
            dynamodb_faults: dynamodb.faults().clone(),
            ssm_faults: ssm.faults().clone(),
            cloudfront_faults,
            cloudfront_endpoint,
            dynamodb,
            s3: LocalS3::start().await,
            faults: emulator.faults.clone(),
            emulator,
            emulator_clock,
            sqs: LocalSqs::start().await,
            ssm,
            invocations: Invocations::default(),
            metrics: MetricsLog::in_memory(),
        };
        environment.register("acme", true).await;
        environment.register("globex", true).await;
        environment
    }

    /// The enqueuer.
    #[must_use]
    pub fn enqueuer(&self) -> Enqueuer {
        Enqueuer {
            queue: self.queue(),
            dead_letters: self.dead_letter_queue(),
            clock: TestClock::at(NOW),
            purge_runs: Some(self.invocations.clone()),
            names: AttributeNames::default(),
            with_existing_distribution: BTreeSet::new(),
        }
    }

    /// The purge run. Its pauses take no time: they pass at its clock and at the emulator.
    #[must_use]
    pub fn purge_run(&self) -> PurgeRun {
        let mut purger = self.purger();
        purger.executor.ports.clock = TestClock::virtual_at(NOW, self.emulator_clock.clone(), self.s3.requests());
        purging::purge_run::PurgeRun { purger, dead_letters: self.dead_letter_queue(), lease: LEASE }
    }

    /// The image-pack table's adapter.
    #[must_use]
    pub fn image_packs(&self) -> ImagePackTable {
        let table = LocalDynamoDb::IMAGE_PACK_TABLE.to_owned();
        ImagePackTable::new(self.dynamodb(), table, AttributeNames::default())
    }

    /// The queue's adapter.
    #[must_use]
    pub fn queue(&self) -> InvalidationQueue {
        InvalidationQueue::new(self.dynamodb.client(), LocalDynamoDb::INVALIDATION_QUEUE_TABLE.to_owned())
    }

    /// A client of this test's DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.client()
    }

    /// A client of this test's S3.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3.client()
    }

    /// The config of the DynamoDB clients.
    #[must_use]
    pub fn dynamodb_config(&self) -> &SdkConfig {
        self.dynamodb.sdk_config()
    }

    /// This test's SQS, with the dead-letter queue.
    #[must_use]
    pub fn sqs(&self) -> &LocalSqs {
        &self.sqs
    }

    /// The metrics of the purge runs and manual purges.
    #[must_use]
    pub fn metrics(&self) -> &MetricsLog {
        &self.metrics
    }

    /// Lets `duration` pass at the emulator, whose clock stands still otherwise: an invalidation is `InProgress` until
    /// then.
    pub fn let_emulator_time_pass(&self, duration: Duration) {
        self.emulator_clock.advance(duration);
    }

    /// The parts that purge runs and manual purges share.
    #[must_use]
    pub fn purger(&self) -> Purger<AwsPorts<TestClock>> {
        let ports = AwsPorts {
            queue: self.queue(),
            variants: VariantsBucket::new(self.s3.client(), LocalS3::VARIANTS_BUCKET.to_owned()),
            cloudfront: CloudFront::new(aws_sdk_cloudfront::Client::new(&sdk_config(&self.cloudfront_endpoint))),
            ledger: PurgeLedger::new(self.dynamodb.client(), LocalDynamoDb::PURGE_LEDGER_TABLE.to_owned()),
            tenants: TenantRegistry::new(self.ssm.client(), REGISTRY_PATH.to_owned()),
            clock: TestClock::at(NOW),
            metrics: self.metrics.clone(),
        };
        Purger {
            executor: Executor { ports, ledger_retention: LEDGER_RETENTION },
            rules: Rules {
                delays: Delays { settle: SETTLE, cached_max: CACHED_MAX },
                early_purge_targets_max: 10,
                deletes_variants_first: false,
            },
            quotas: QUOTAS,
        }
    }

    fn dead_letter_queue(&self) -> DeadLetterQueue {
        DeadLetterQueue::new(self.sqs.client(), self.sqs.queue_url().to_owned())
    }

    /// A client that meets no faults but the emulator's own.
    pub(crate) fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        aws_sdk_cloudfront::Client::new(&sdk_config(&self.emulator.endpoint_url()))
    }
}

/// The time limit of an invocation.
const PURGE_RUN_MAX: Duration = Duration::from_mins(4);

/// The time before its deadline at which a purge run ends.
const ENDING_MAX: Duration = Duration::from_secs(30);

/// Runs once for the schedule, as `owner`, with a clock that shows `now`, until nothing is pending.
pub async fn run_at(purge_run: &PurgeRun, owner: &str, now: Timestamp) -> Result<Summary, PurgeRunError> {
    purge_run.purger.executor.ports.clock.set(now);
    purge_run.run(Trigger::Schedule, &context(owner, now)).await
}

/// Runs once for `trigger`, as `owner`, from `now` on for at most `time`.
pub async fn run_for(
    purge_run: &PurgeRun,
    trigger: Trigger,
    owner: &str,
    now: Timestamp,
    time: Duration,
) -> Result<Summary, PurgeRunError> {
    purge_run.purger.executor.ports.clock.set(now);
    let context = Context { deadline: now.plus(time + ENDING_MAX), ..context(owner, now) };
    purge_run.run(trigger, &context).await
}

/// The context of an invocation that starts `now` and may take four minutes.
#[must_use]
pub fn context(id: &str, now: Timestamp) -> Context {
    Context { id: id.to_owned(), now, deadline: now.plus(PURGE_RUN_MAX) }
}

/// The SDK config of a client whose service is down: every call fails at once.
#[must_use]
pub fn nowhere() -> SdkConfig {
    sdk_config("http://127.0.0.1:1").into_builder().retry_config(RetryConfig::disabled()).build()
}

/// CloudFront's id of a tenant's distribution.
#[must_use]
pub fn distribution_id(tenant: &str) -> String {
    format!("E{}", tenant.to_uppercase())
}

async fn start_emulator(quotas: Quotas, propagation_delay: Duration, clock: VirtualClock) -> RunningEmulator {
    let distributions = DISTRIBUTIONS.map(|tenant| {
        let alias = format!("{tenant}.image-service.eu-west-1.localhost");
        Distribution::new(distribution_id(tenant), alias, Origin::default())
    });
    // No viewer sends requests to this emulator, so that the origin is never called.
    let many = Distribution { access: Access::TenantOnly, ..Distribution::new("EMANY", "", Origin::default()) };
    let tenant = Distribution {
        access: Access::Tenant(many.id.clone()),
        ..Distribution::new("dt_hooli", "hooli.localhost", Origin::default())
    };
    let distributions = distributions.into_iter().chain([many, tenant]);
    let mut config = EmulatorConfig::new("http://127.0.0.1:9", Distributions::fixed(distributions));
    config.clock = Clock::Virtual(clock);
    config.quotas = quotas;
    config.propagation = Propagation::Fixed(propagation_delay);
    cloudfront_emulator::start(config).await.expect("an emulator on a free port")
}
