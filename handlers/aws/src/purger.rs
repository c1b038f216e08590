//! What the scheduled run and the admin's DELETE are both made of, from the environment's configuration.

use std::time::Duration;

use aws_config::SdkConfig;
use domain::limits::{Budgets, Delays};

use crate::cloudfront::CloudFront;
use crate::executor::Executor;
use crate::invalidation_queue::InvalidationQueue;
use crate::purge_ledger::PurgeLedger;
use crate::settings::{self, InvalidSetting, setting};
use crate::tenant_registry::TenantRegistry;
use crate::variants_bucket::VariantsBucket;

/// Everything that planning and carrying out a purge needs.
#[derive(Debug, Clone)]
pub struct Purger {
    /// Which distribution a tenant has.
    pub tenants: TenantRegistry,
    /// Carries out plans.
    pub executor: Executor,
    /// The waits that close the refill races.
    pub delays: Delays,
    /// How much one run may send.
    pub budgets: Budgets,
}

impl Purger {
    /// Reads the environment variables that every purging handler has and builds the clients.
    pub fn from_environment(sdk: &SdkConfig) -> Result<Self, InvalidSetting> {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let delays = settings::delays()?;
        let retention_days: u32 = setting("LEDGER_RETENTION_DAYS", "90")?;
        let executor = Executor {
            variants: VariantsBucket::new(
                aws_sdk_s3::Client::new(sdk),
                setting("VARIANTS_BUCKET", "dev-lof-images-data-variants")?,
            ),
            cloudfront: CloudFront::new(aws_sdk_cloudfront::Client::new(sdk)),
            ledger: PurgeLedger::new(dynamodb.clone(), setting("PURGE_LEDGER_TABLE", "dev-lof-images-data-ledger")?),
            queue: InvalidationQueue::new(dynamodb, setting("INVALIDATION_QUEUE_TABLE", "dev-lof-images-data-queue")?),
            edge_fetch_max: delays.edge_fetch_max,
            sweep_max: Duration::from_secs(setting("SWEEP_SECS_MAX", "150")?),
            ledger_retention: Duration::from_secs(u64::from(retention_days) * 24 * 60 * 60),
        };
        Ok(Self {
            tenants: TenantRegistry::new(
                aws_sdk_ssm::Client::new(sdk),
                setting("TENANT_REGISTRY_PATH", "/dev-lof/images/tenants")?,
            ),
            executor,
            delays,
            budgets: settings::budgets()?,
        })
    }
}
