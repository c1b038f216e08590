//! The ports of a purge, implemented with the AWS SDK.

use std::time::Duration;

use aws_config::SdkConfig;
use contract::functions::Purging;
use domain::purge::limits::{Budgets, Delays};
use purging::executor::Executor;
use purging::ports::{Clock, Ports};
use purging::purger::Purger;

use crate::clients;
use crate::clock::SystemClock;
use crate::cloudfront::CloudFront;
use crate::invalidation_queue::InvalidationQueue;
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
}

impl<C: Clock> Ports for AwsPorts<C> {
    type Queue = InvalidationQueue;
    type Leases = InvalidationQueue;
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
}

/// Builds the clients of a function that purges.
#[must_use]
pub fn purger(sdk: &SdkConfig, config: Purging) -> Purger<AwsPorts> {
    let dynamodb = clients::dynamodb(sdk);
    let ports = AwsPorts {
        queue: InvalidationQueue::new(dynamodb.clone(), config.invalidation_queue_table),
        variants: VariantsBucket::new(aws_sdk_s3::Client::new(sdk), config.variants_bucket),
        cloudfront: CloudFront::new(aws_sdk_cloudfront::Client::new(sdk)),
        ledger: PurgeLedger::new(dynamodb, config.purge_ledger_table),
        tenants: TenantRegistry::new(clients::ssm(sdk), config.tenant_registry_path),
        clock: SystemClock,
    };
    let executor = Executor {
        ports,
        edge_fetch_max: seconds(config.edge_fetch_max_secs),
        ledger_retention: days(config.ledger_retention_days),
    };
    let budgets = Budgets {
        items_per_request: config.items_per_request_max.get() as usize,
        items_per_purge_run: config.items_per_purge_run_max as usize,
        wildcards_per_purge_run: config.wildcards_per_purge_run_max as usize,
    };
    let delays = Delays { settle: seconds(config.settle_delay_secs), cached_max: days(config.cached_days_max) };
    Purger { executor, delays, budgets, variant_deletion_max: seconds(config.variant_deletion_secs_max) }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}

fn days(number: u32) -> Duration {
    Duration::from_hours(24 * u64::from(number))
}
