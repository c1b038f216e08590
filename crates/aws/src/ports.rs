//! Everything that a purge needs, built from a handler's configuration.

use std::time::Duration;

use aws_config::SdkConfig;
use purging::executor::Executor;
use purging::ports::{Clock, Ports};
use purging::purger::Purger;

use crate::clock::SystemClock;
use crate::cloudfront::CloudFront;
use crate::config::{self, InvalidConfig, config_value};
use crate::invalidation_queue::InvalidationQueue;
use crate::purge_ledger::PurgeLedger;
use crate::tenant_registry::TenantRegistry;
use crate::variants_bucket::VariantsBucket;

/// The real services. The clock is the machine's, but for tests.
#[derive(Debug, Clone)]
pub struct AwsPorts<C = SystemClock> {
    /// The invalidation-queue table.
    pub queue: InvalidationQueue,
    /// The bucket of variants.
    pub variants: VariantsBucket,
    /// CloudFront.
    pub cloudfront: CloudFront,
    /// The purge-ledger table.
    pub ledger: PurgeLedger,
    /// Which distribution a tenant has.
    pub tenants: TenantRegistry,
    /// The time.
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

    fn clock(&self) -> &C {
        &self.clock
    }
}

/// Reads the environment variables that every purging handler has and builds the clients.
pub fn purger(sdk: &SdkConfig) -> Result<Purger<AwsPorts>, InvalidConfig> {
    let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
    let delays = config::delays()?;
    let retention_days: u32 = config_value("LEDGER_RETENTION_DAYS", "90")?;
    let ports = AwsPorts {
        queue: InvalidationQueue::new(
            dynamodb.clone(),
            config_value("INVALIDATION_QUEUE_TABLE", "dev-lof-images-data-queue")?,
        ),
        variants: VariantsBucket::new(
            aws_sdk_s3::Client::new(sdk),
            config_value("VARIANTS_BUCKET", "dev-lof-images-data-variants")?,
        ),
        cloudfront: CloudFront::new(aws_sdk_cloudfront::Client::new(sdk)),
        ledger: PurgeLedger::new(dynamodb, config_value("PURGE_LEDGER_TABLE", "dev-lof-images-data-ledger")?),
        tenants: TenantRegistry::new(
            aws_sdk_ssm::Client::new(sdk),
            config_value("TENANT_REGISTRY_PATH", "/dev-lof/images/tenants")?,
        ),
        clock: SystemClock,
    };
    let executor = Executor {
        ports,
        edge_fetch_max: delays.edge_fetch_max,
        ledger_retention: Duration::from_secs(u64::from(retention_days) * 24 * 60 * 60),
    };
    Ok(Purger {
        executor,
        delays,
        budgets: config::budgets()?,
        variant_deletion_max: Duration::from_secs(config_value("VARIANT_DELETION_SECS_MAX", "150")?),
    })
}
