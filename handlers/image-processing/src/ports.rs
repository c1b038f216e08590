//! What rendering needs of the world outside: one trait for each service. [`crate::aws`] has the real ones; the
//! simulation has its own, which fail in every way that AWS can.

use std::fmt::Debug;
use std::time::Duration;

pub use aws_adapters::image_pack_table::Found;
use aws_adapters::variants_bucket::Variant;
pub use aws_adapters::variants_bucket::Variant as StoredVariant;
use domain::image::image_pack::Original;
use domain::{ImagePackId, LocationName, TenantId, Timestamp};
use purging::ports::{CallFailed, Clock};

/// The image-pack table.
pub trait Packs: Send + Sync {
    /// Reads packs and location configurations of `tenant` in one strongly consistent request.
    fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> impl Future<Output = Result<Found, CallFailed>> + Send;
}

/// The bucket of originals.
pub trait Originals: Send + Sync {
    /// Reads exactly the version of the object that the pack names. `None`: there is no such object or version.
    fn read(&self, original: &Original) -> impl Future<Output = Result<Option<Vec<u8>>, CallFailed>> + Send;
}

/// The bucket of variants, as delivering them sees it.
pub trait Variants: Send + Sync {
    /// Reads one variant. `None`: it is not stored.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<Variant>, CallFailed>> + Send;

    /// Stores one variant with its cache tags and its fingerprint, and returns its entity tag.
    fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        cache_tags: &str,
        fingerprint: &str,
    ) -> impl Future<Output = Result<String, CallFailed>> + Send;

    /// Removes one variant; one that is not stored counts as removed.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), CallFailed>> + Send;
}

/// Render locks: one request at a time renders a variant.
pub trait RenderLocks: Send + Sync {
    /// A render lock that was acquired.
    type Lock: Debug + Send;

    /// How long a lock lasts that nobody releases.
    fn duration(&self) -> Duration;

    /// Locks the variant with the key `variant`, rendered from `fingerprint`. `None`: somebody holds an unexpired lock.
    fn acquire(
        &self,
        tenant: &TenantId,
        variant: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Self::Lock>, CallFailed>> + Send;

    /// Releases `lock`, unless it expired and somebody else has acquired it since.
    fn release(&self, lock: Self::Lock) -> impl Future<Output = Result<(), CallFailed>> + Send;
}

/// All that rendering an image needs.
pub trait Ports: Send + Sync {
    /// The image-pack table.
    type Packs: Packs;
    /// The bucket of originals.
    type Originals: Originals;
    /// The bucket of variants.
    type Variants: Variants;
    /// Render locks: one request at a time renders a variant.
    type RenderLocks: RenderLocks;
    /// The time.
    type Clock: Clock;

    /// Says what a pack shows at which location.
    fn packs(&self) -> &Self::Packs;
    /// What variants are rendered from.
    fn originals(&self) -> &Self::Originals;
    /// Read first; filled when it has nothing.
    fn variants(&self) -> &Self::Variants;
    /// Lets one of several requests fill it.
    fn render_locks(&self) -> &Self::RenderLocks;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}

/// The render lock that a request holds, or not.
pub(crate) type LockOf<P> = <<P as Ports>::RenderLocks as RenderLocks>::Lock;
