//! What one test works in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use aws_adapters::AwsPorts;
use aws_adapters::cloudfront::CloudFront;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::variants_bucket::VariantsBucket;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use cloudfront_emulator::{Distribution, Distributions, EmulatorConfig, Faults, Origin, Quotas, RunningEmulator};
use domain::purge::limits::{Budgets, Delays};
use domain::{AttributeNames, Timestamp};
use image_invalidation::{PurgeRunError, Summary};
use local_cloud::ministack::MiniStack;
use purging::executor::Executor;
use purging::purger::Purger;
use support::{LocalDynamoDb, LocalS3, sdk_config};

use crate::test_clock::TestClock;

/// When the tests play. No handler reads a clock.
pub const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);
/// The settle delay of every handler, unless a test sets its own.
pub const SETTLE: Duration = Duration::from_secs(30);
/// How long every handler pauses between deletes and invalidations, unless a test sets its own.
const EDGE_FETCH_MAX: Duration = Duration::ZERO;
/// More than any test's variants take.
const VARIANT_DELETION_MAX: Duration = Duration::from_mins(10);
/// How long the lease of a purge run lasts.
pub const LEASE: Duration = Duration::from_secs(150);
/// A purge run looks at its requests once; none of these tests waits for CloudFront.
const TRACKING_MAX: Duration = Duration::ZERO;
/// The token's claim that names its tenants.
const TENANT_CLAIM: &str = "tenants";

/// 90 days.
const LEDGER_RETENTION: Duration = Duration::from_hours(90 * 24);

/// The tenants whose distributions the emulator serves.
const DISTRIBUTIONS: [&str; 4] = ["acme", "acme2", "globex", "initech"];

/// The stream handler over the real SDK.
pub type StreamHandler = dynamodb_imagepacks_stream::Handler<InvalidationQueue, DeadLetterQueue>;
/// The purge run over the real SDK.
pub type InvalidationHandler = image_invalidation::Handler<AwsPorts<TestClock>, DeadLetterQueue>;
/// The admin's purge over the real SDK.
pub type PurgeHandler = image_purge::Handler<AwsPorts<TestClock>, ImagePackTable>;

/// What one test works in: everything that the handlers touch, empty but for two tenants, `acme` and `globex`, whose
/// distributions are registered.
#[derive(Debug)]
pub struct Environment {
    pub(crate) dynamodb: LocalDynamoDb,
    pub(crate) s3: LocalS3,
    pub(crate) emulator: RunningEmulator,
    /// The faults of the emulator.
    pub faults: Faults,
    pub(crate) emulator_time_millis: Arc<AtomicI64>,
    pub(crate) registry_path: String,
    pub(crate) dead_letter_queue_url: String,
    /// Held so that it runs while this test does.
    pub(crate) ministack: Arc<MiniStack>,
}

impl Environment {
    /// Starts everything, with CloudFront's documented quotas and an emulator that completes an invalidation at once.
    pub async fn start() -> Self {
        Self::with(Quotas::default(), Duration::ZERO).await
    }

    /// Starts everything, with an emulator that needs `propagation_delay` of its own time
    /// ([`Self::let_emulator_time_pass`]) to complete an invalidation.
    pub async fn with_propagation_delay(propagation_delay: Duration) -> Self {
        Self::with(Quotas::default(), propagation_delay).await
    }

    /// Starts everything, with an emulator that takes as much as `quotas` say and needs `propagation_delay` of its own
    /// time.
    pub async fn with(quotas: Quotas, propagation_delay: Duration) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let ministack = crate::ministack::shared().await;
        let emulator_time_millis = Arc::new(AtomicI64::new(0));
        let emulator = start_emulator(quotas, propagation_delay, Arc::clone(&emulator_time_millis)).await;
        let sqs = aws_sdk_sqs::Client::new(&sdk_of(&ministack));
        let queue = sqs.create_queue().queue_name(format!("dead-letters-{number}")).send().await.expect("CreateQueue");
        let environment = Self {
            dynamodb: LocalDynamoDb::start().await,
            s3: LocalS3::start().await,
            faults: emulator.faults.clone(),
            emulator,
            emulator_time_millis,
            registry_path: format!("/test-{number}/images/tenants"),
            dead_letter_queue_url: queue.queue_url.expect("the queue's URL"),
            ministack,
        };
        environment.register("acme", true).await;
        environment.register("globex", true).await;
        environment
    }

    /// The stream handler.
    #[must_use]
    pub fn stream_handler(&self) -> StreamHandler {
        dynamodb_imagepacks_stream::Handler {
            queue: self.queue(),
            dead_letters: self.dead_letter_queue(),
            names: AttributeNames::default(),
        }
    }

    /// The purge run.
    #[must_use]
    pub fn invalidation_handler(&self) -> InvalidationHandler {
        image_invalidation::Handler {
            purger: self.purger(),
            dead_letters: self.dead_letter_queue(),
            lease: LEASE,
            tracking_max: TRACKING_MAX,
        }
    }

    /// The admin's purge.
    #[must_use]
    pub fn purge_handler(&self) -> PurgeHandler {
        image_purge::Handler {
            packs: ImagePackTable::new(
                self.dynamodb.client(),
                LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(),
                AttributeNames::default(),
            ),
            purger: self.purger(),
            tenant_claim: TENANT_CLAIM.to_owned(),
        }
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

    /// The endpoint of this test's DynamoDB.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        self.dynamodb.sdk_config().endpoint_url().unwrap_or_default()
    }

    /// Lets `duration` pass at the emulator, whose clock stands still otherwise: an invalidation is `InProgress` until
    /// then.
    pub fn let_emulator_time_pass(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).expect("a short time");
        self.emulator_time_millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn purger(&self) -> Purger<AwsPorts<TestClock>> {
        let ports = AwsPorts {
            queue: self.queue(),
            variants: VariantsBucket::new(self.s3.client(), LocalS3::VARIANTS_BUCKET.to_owned()),
            cloudfront: CloudFront::new(self.cloudfront()),
            ledger: PurgeLedger::new(self.dynamodb.client(), LocalDynamoDb::PURGE_LEDGER_TABLE.to_owned()),
            tenants: TenantRegistry::new(aws_sdk_ssm::Client::new(&self.ministack_sdk()), self.registry_path.clone()),
            clock: TestClock::at(NOW),
        };
        Purger {
            executor: Executor { ports, edge_fetch_max: EDGE_FETCH_MAX, ledger_retention: LEDGER_RETENTION },
            delays: Delays { settle: SETTLE },
            budgets: Budgets::default(),
            variant_deletion_max: VARIANT_DELETION_MAX,
        }
    }

    fn dead_letter_queue(&self) -> DeadLetterQueue {
        DeadLetterQueue::new(aws_sdk_sqs::Client::new(&self.ministack_sdk()), self.dead_letter_queue_url.clone())
    }

    pub(crate) fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        aws_sdk_cloudfront::Client::new(&sdk_config(&self.emulator.endpoint_url()))
    }

    pub(crate) fn ministack_sdk(&self) -> SdkConfig {
        sdk_of(&self.ministack)
    }
}

/// How long a purge run may take.
const PURGE_RUN_MAX: Duration = Duration::from_mins(4);

/// Runs once, as `owner`, with a clock that shows `now`.
pub async fn run_at(handler: &InvalidationHandler, owner: &str, now: Timestamp) -> Result<Summary, PurgeRunError> {
    handler.purger.executor.ports.clock.set(now);
    handler.run(owner, now.plus(PURGE_RUN_MAX)).await
}

/// The SDK config of a client whose service is down: every call fails at once.
#[must_use]
pub fn nowhere() -> SdkConfig {
    sdk_config("http://127.0.0.1:1").into_builder().retry_config(RetryConfig::disabled()).build()
}

/// The SDK config of a client of `ministack`, who trusts its certificate.
fn sdk_of(ministack: &MiniStack) -> SdkConfig {
    let http = ministack.certificate().aws_client().expect("a client that trusts the certificate");
    local_cloud::clients::sdk_config(&http, &ministack.endpoint())
}

/// CloudFront's id of a tenant's distribution.
#[must_use]
pub fn distribution_id(tenant: &str) -> String {
    format!("E{}", tenant.to_uppercase())
}

async fn start_emulator(quotas: Quotas, propagation_delay: Duration, time_millis: Arc<AtomicI64>) -> RunningEmulator {
    let distributions = DISTRIBUTIONS.map(|tenant| {
        let alias = format!("{tenant}.image-service.eu-west-1.localhost");
        Distribution::new(distribution_id(tenant), alias, Origin::default())
    });
    let clock = move || {
        let millis = time_millis.load(Ordering::Relaxed);
        jiff::Timestamp::from_millisecond(millis).expect("a time soon after 1970")
    };
    // No viewer sends requests to this emulator, so that the origin is never called.
    let mut config = EmulatorConfig::new("http://127.0.0.1:9", Distributions::fixed(distributions));
    config.clock = Arc::new(clock);
    config.quotas = quotas;
    config.propagation_delay = propagation_delay;
    cloudfront_emulator::start(config).await.expect("an emulator on a free port")
}
