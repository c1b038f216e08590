//! The manual purge by an admin: of one image pack at once, with its preview and its status; and of packs, a location or
//! a whole tenant by the next purge run, with the status of the tenant.
//!
//! A manual purge is enqueued like any other and then executed at once, by the executor of the purge run. A step that
//! fails therefore leaves an entry in the queue, which the next purge run repeats. The purge run that it wakes repeats the
//! purge once in any case, because a response that was under way meanwhile can store and cache the old image again.
//!
//! A request that is repeated while its purge is in flight gets that purge; all others take a token of the tenant's
//! allowance.

mod allowance;
mod enqueue;
mod known_purge;
mod preview;
mod purge;
mod status;
mod tenant_status;

use std::time::Duration;

use domain::access::allowance::AllowanceLimit;
use domain::image::image_url::Reading;
use domain::image::variant_key::VariantScope;
use domain::{Distribution, ImagePackId, Target, TenantId};

pub use self::enqueue::{EnqueuePreview, Enqueued, TargetsRequest};
pub use self::preview::{JoinedPurge, Preview, StoredVariants};
pub use self::purge::Purged;
pub use self::status::PackStatus;
pub use self::tenant_status::TenantStatus;
use crate::ports::{CallError, ListFrom, PackItem, Packs, Ports, PurgeRuns, QueueError, Tenants, Variants};
use crate::purger::Purger;
use crate::step_error::StepError;

/// The manual purge over its ports.
#[derive(Debug, Clone)]
pub struct ManualPurge<P, K, R> {
    /// The image packs.
    pub packs: K,
    /// The planner's limits and the executor.
    pub purger: Purger<P>,
    /// The limit of each tenant's purges.
    pub limit: AllowanceLimit,
    /// The purge runs, to wake one for the final purge. `None`: the schedule starts the next one.
    pub purge_runs: Option<R>,
}

/// A request that concerns one image pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRequest {
    /// The tenant of the pack.
    pub tenant: TenantId,
    /// The packs that the request's path may name, the likeliest first: the path may be copied from an image's URL,
    /// suffix included.
    pub readings: Vec<Reading>,
    /// The admin: the subject of the token.
    pub subject: String,
}

/// A failure of a manual purge, of its preview or of its status.
#[derive(Debug, thiserror::Error)]
pub enum ManualPurgeError {
    /// The tenant has no registered distribution.
    #[error("the tenant has no registered distribution")]
    UnknownTenant,
    /// The tenant has no such image pack, and no variants of one.
    #[error("the tenant has no such image pack")]
    UnknownPack,
    /// The tenant has none of these image packs, and no variants of them.
    #[error("the tenant has no such image packs: {}", joined(.0))]
    UnknownPacks(Vec<ImagePackId>),
    /// The tenant has begun too many purges.
    #[error("the tenant has begun too many purges; the next one can begin in {} s", retry_after.as_secs_f64().ceil())]
    TooManyPurges {
        /// The time until the next purge can begin.
        retry_after: Duration,
    },
    /// Another request enqueued the purge of the same pack and has not got CloudFront's response.
    #[error("another request is beginning the purge of the pack; the purge is in the queue")]
    StillBeginning,
    /// A call failed before anything was enqueued.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The queue cannot be read or written.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Some of the purges of a request were not enqueued.
    #[error("{written} of {of} purges are in the queue: {source}")]
    Enqueueing {
        /// The number of purges in the queue.
        written: usize,
        /// The number of purges that the request would enqueue.
        of: usize,
        /// The cause.
        source: QueueError,
    },
    /// Steps of the purge failed after it was enqueued.
    #[error("the purge is in the queue and the next purge run repeats it; it failed now: {}", joined(.0))]
    Steps(Vec<StepError>),
}

impl ManualPurgeError {
    /// Whether the purge is in the queue nevertheless.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Steps(_) | Self::StillBeginning | Self::Queue(QueueError::Row { .. }))
    }
}

fn joined<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// The distribution of `tenant`.
    async fn distribution(&self, tenant: &TenantId) -> Result<Distribution, ManualPurgeError> {
        self.ports().tenants().tenant(tenant).await?.ok_or(ManualPurgeError::UnknownTenant)
    }

    /// The first of the request's packs that exists, and the table's item of it.
    async fn existing_pack(&self, request: &PackRequest) -> Result<(ImagePackId, PackItem), ManualPurgeError> {
        for Reading { pack, .. } in &request.readings {
            let item = self.packs.find(&request.tenant, pack).await?;
            if item != PackItem::Absent || self.has_variants(&request.tenant, pack).await? {
                return Ok((pack.clone(), item));
            }
        }
        Err(ManualPurgeError::UnknownPack)
    }

    /// Whether variants of the pack are stored: a pack that was removed may have left some behind.
    async fn has_variants(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<bool, CallError> {
        let scope = VariantScope::of(tenant, &Target::Pack(pack.clone()));
        Ok(!self.ports().variants().list(&scope.prefix, ListFrom::Start).await?.objects.is_empty())
    }

    fn ports(&self) -> &P {
        &self.purger.executor.ports
    }
}
