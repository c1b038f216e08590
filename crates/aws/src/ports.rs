//! The ports of a purge, implemented with the AWS SDK.

use std::time::Duration;

use aws_config::SdkConfig;
use contract::functions::Purging;
use contract::{QuotaSchemes, limits};
use domain::Measurements;
use domain::purge::limits::{Delays, ITEMS_IN_PROGRESS_QUOTA, Rules, WILDCARDS_IN_PROGRESS_QUOTA};
use domain::purge::pacer::{CallRate, InProgress, PerSecond, Quotas};
use purging::executor::Executor;
use purging::ports::{Clock, Ports};
use purging::purger::Purger;

use crate::clients;
use crate::clock::SystemClock;
use crate::cloudfront::CloudFront;
use crate::invalidation_queue::InvalidationQueue;
use crate::metrics_log::MetricsLog;
use crate::purge_ledger::PurgeLedger;
use crate::tenant_registry::TenantRegistry;
use crate::variants_bucket::VariantsBucket;

/// The AWS services. The clock is the system's, except in tests.
#[derive(Debug, Clone)]
pub struct AwsPorts<C = SystemClock> {
    /// The invalidation-queue table.
    pub queue: InvalidationQueue,
    /// The variants bucket.
    pub variants: VariantsBucket,
    /// CloudFront.
    pub cloudfront: CloudFront,
    /// The purge-ledger table.
    pub ledger: PurgeLedger,
    /// The registry of the tenants' distributions.
    pub tenants: TenantRegistry,
    /// The clock.
    pub clock: C,
    /// The metrics.
    pub metrics: MetricsLog,
}

impl<C: Clock> Ports for AwsPorts<C> {
    type Queue = InvalidationQueue;
    type Leases = InvalidationQueue;
    type Wakeups = InvalidationQueue;
    type Outbox = InvalidationQueue;
    type Variants = VariantsBucket;
    type CloudFront = CloudFront;
    type Ledger = PurgeLedger;
    type Tenants = TenantRegistry;
    type Allowances = InvalidationQueue;
    type Clock = C;

    fn queue(&self) -> &InvalidationQueue {
        &self.queue
    }

    fn leases(&self) -> &InvalidationQueue {
        &self.queue
    }

    fn wakeups(&self) -> &InvalidationQueue {
        &self.queue
    }

    fn outbox(&self) -> &InvalidationQueue {
        &self.queue
    }

    fn variants(&self) -> &VariantsBucket {
        &self.variants
    }

    fn cloudfront(&self) -> &CloudFront {
        &self.cloudfront
    }

    fn ledger(&self) -> &PurgeLedger {
        &self.ledger
    }

    fn tenants(&self) -> &TenantRegistry {
        &self.tenants
    }

    fn allowances(&self) -> &InvalidationQueue {
        &self.queue
    }

    fn clock(&self) -> &C {
        &self.clock
    }

    fn record(&self, measurements: &Measurements) {
        self.metrics.record(measurements, self.clock.now());
    }
}

/// Builds the clients of a function that purges.
#[must_use]
pub fn purger(sdk: &SdkConfig, config: Purging) -> Purger<AwsPorts> {
    let quotas = quotas(&config);
    let dynamodb = clients::dynamodb(sdk);
    let ports = AwsPorts {
        queue: InvalidationQueue::new(dynamodb.clone(), config.invalidation_queue_table),
        variants: VariantsBucket::new(aws_sdk_s3::Client::new(sdk), config.variants_bucket),
        cloudfront: CloudFront::new(aws_sdk_cloudfront::Client::new(sdk)),
        ledger: PurgeLedger::new(dynamodb, config.purge_ledger_table),
        tenants: TenantRegistry::new(clients::ssm(sdk), config.tenant_registry_path),
        clock: SystemClock,
        metrics: MetricsLog::new(config.environment),
    };
    let executor = Executor { ports, ledger_retention: days(config.ledger_retention_days) };
    let rules = Rules {
        delays: Delays { settle: seconds(config.settle_delay_secs), cached_max: days(config.cached_days_max) },
        early_purge_targets_max: config.early_purge_targets_max as usize,
        deletes_variants_first: config.deletes_variants_first,
    };
    Purger { executor, rules, quotas }
}

/// The quotas that `config` keeps.
fn quotas(config: &Purging) -> Quotas {
    let per_second = PerSecond { items: limits::ITEMS_PER_SECOND_QUOTA, wildcards: limits::WILDCARDS_PER_SECOND_QUOTA };
    let in_progress = InProgress { items: ITEMS_IN_PROGRESS_QUOTA, wildcards: WILDCARDS_IN_PROGRESS_QUOTA };
    let schemes = config.quotas;
    Quotas {
        per_second: (schemes != QuotaSchemes::InProgress).then_some(per_second),
        in_progress: (schemes != QuotaSchemes::PerSecond).then_some(in_progress),
        calls: CallRate {
            interval: Duration::from_millis(config.calls_interval_millis.get().into()),
            burst: config.calls_burst.get(),
        },
        items_per_request: config.items_per_request_max.get() as usize,
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}

fn days(number: u32) -> Duration {
    Duration::from_hours(24 * u64::from(number))
}
