//! The ports of `delivery` over AWS.

use std::sync::Arc;
use std::time::Duration;

use delivery::ports::{Found, FoundOriginal, Originals, Packs, Ports, RenderLocks, StoredVariant, Variants};
use domain::image::image_pack::Original;
use domain::warming::RequestedLocation;
use domain::{ImagePackId, LocationName, Measurements, TenantId, Timestamp};

use crate::CallError;
use crate::clock::{SystemClock, now};
use crate::demand_table::DemandCounter;
use crate::image_pack_table::ImagePackTable;
use crate::metrics_log::MetricsLog;
use crate::originals_bucket::OriginalsBucket;
use crate::render_lock_table::{RenderLock, RenderLockTable};
use crate::variants_bucket::VariantsBucket;

/// The AWS services that the deployed image-processing uses.
#[derive(Debug, Clone)]
pub struct AwsDelivery {
    /// The image-pack table.
    pub packs: ImagePackTable,
    /// The bucket of originals.
    pub originals: OriginalsBucket,
    /// The bucket of variants.
    pub variants: VariantsBucket,
    /// The table of render locks.
    pub render_locks: RenderLockTable,
    /// The metrics.
    pub metrics: MetricsLog,
    /// The counter of the demand. `None`: it is not counted.
    pub demand: Option<Arc<DemandCounter>>,
}

impl Ports for AwsDelivery {
    type Packs = ImagePackTable;
    type Originals = OriginalsBucket;
    type Variants = VariantsBucket;
    type RenderLocks = RenderLockTable;
    type Clock = SystemClock;

    fn packs(&self) -> &ImagePackTable {
        &self.packs
    }

    fn originals(&self) -> &OriginalsBucket {
        &self.originals
    }

    fn variants(&self) -> &VariantsBucket {
        &self.variants
    }

    fn render_locks(&self) -> &RenderLockTable {
        &self.render_locks
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn record(&self, measurements: &Measurements) {
        self.metrics.record(measurements, now());
    }

    fn count_request(&self, tenant: &TenantId, location: Option<&LocationName>, now: Timestamp) {
        if let Some(demand) = &self.demand {
            demand.count(tenant, RequestedLocation(location.cloned()), now);
        }
    }
}

impl Packs for ImagePackTable {
    async fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> Result<Found, CallError> {
        self.find(tenant, packs, locations).await
    }
}

impl Originals for OriginalsBucket {
    async fn read(&self, original: &Original) -> Result<FoundOriginal, CallError> {
        self.read(original).await
    }
}

impl Variants for VariantsBucket {
    async fn read(&self, key: &str) -> Result<Option<StoredVariant>, CallError> {
        self.read(key).await
    }

    async fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        cache_tags: &str,
    ) -> Result<String, CallError> {
        self.store(key, bytes, content_type, cache_tags).await
    }

    async fn remove(&self, key: &str) -> Result<(), CallError> {
        self.remove(key).await
    }
}

impl RenderLocks for RenderLockTable {
    type Lock = RenderLock;

    fn duration(&self) -> Duration {
        self.duration()
    }

    async fn acquire(&self, tenant: &TenantId, variant: &str, now: Timestamp) -> Result<Option<RenderLock>, CallError> {
        self.acquire(tenant, variant, now).await
    }

    async fn release(&self, lock: RenderLock) -> Result<(), CallError> {
        self.release(lock).await
    }
}
