//! Ports: the AWS services that the delivery of an image uses, one trait each, and the types in their signatures.
//!
//! `aws_adapters::delivery` implements the traits with the SDK; the simulation implements them with faults.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use domain::image::image_pack::{ImagePack, LocationConfig, Original};
use domain::{ImagePackId, LocationName, Measurements, Target, TenantId, Timestamp};
use purging::ports::{CallError, Clock};

/// An item of the image-pack table that exists and is no valid pack or location configuration.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct UnreadableItemError(Box<dyn Error + Send + Sync>);

impl UnreadableItemError {
    /// The item that `cause` describes: its table, its key and the defect.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The result of one strongly consistent read of the image-pack table.
#[derive(Debug, Default)]
pub struct Found {
    /// The requested packs that exist.
    pub packs: HashMap<ImagePackId, ImagePack>,
    /// The configurations of the requested locations, as far as they exist.
    pub locations: HashMap<LocationName, LocationConfig>,
    /// The requested items that exist and cannot be read. They do not affect the others.
    pub unreadable: HashMap<Target, UnreadableItemError>,
}

impl Found {
    /// Takes out the configuration of a location that was requested: the default one if it has none.
    pub fn location(&mut self, name: &LocationName) -> Result<LocationConfig, UnreadableItemError> {
        match self.unreadable.remove(&Target::Location(name.clone())) {
            Some(item) => Err(item),
            None => Ok(self.locations.remove(name).unwrap_or_default()),
        }
    }

    /// Takes out a pack that was requested, if it exists.
    pub fn pack(&mut self, id: &ImagePackId) -> Result<Option<ImagePack>, UnreadableItemError> {
        match self.unreadable.remove(&Target::Pack(id.clone())) {
            Some(item) => Err(item),
            None => Ok(self.packs.remove(id)),
        }
    }
}

/// The original under a key and a version.
#[derive(Debug)]
pub enum FoundOriginal {
    /// There is no such object or version.
    Absent,
    /// It has more than [`ORIGINAL_BYTES_MAX`](contract::limits::ORIGINAL_BYTES_MAX) bytes and was not read.
    TooLarge,
    /// Its bytes.
    Bytes(Vec<u8>),
}

/// A variant as the variants bucket stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVariant {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// The media type of the image.
    pub content_type: String,
    /// The entity tag that S3 computed.
    pub etag: String,
}

/// The image-pack table.
pub trait Packs: Send + Sync {
    /// Reads packs and location configurations of `tenant` in one strongly consistent request.
    fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> impl Future<Output = Result<Found, CallError>> + Send;
}

/// The bucket of originals.
pub trait Originals: Send + Sync {
    /// Reads exactly the version of the object that the pack names.
    fn read(&self, original: &Original) -> impl Future<Output = Result<FoundOriginal, CallError>> + Send;
}

/// The variants bucket, as far as delivery uses it.
pub trait Variants: Send + Sync {
    /// Reads one variant. `None`: it is not stored, or another program stored one that is too large for a response.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<StoredVariant>, CallError>> + Send;

    /// Stores one variant with its cache tags, and returns its entity tag.
    fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        cache_tags: &str,
    ) -> impl Future<Output = Result<String, CallError>> + Send;

    /// Deletes one variant. Succeeds if the variant is not stored.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The table of render locks: one request at a time renders a variant.
pub trait RenderLocks: Send + Sync {
    /// A render lock that was acquired.
    type Lock: Debug + Send;

    /// The time after which a lock expires that is not released.
    fn duration(&self) -> Duration;

    /// Acquires the lock of the variant with the key `variant`. `None`: another request holds an unexpired lock. The key
    /// contains the fingerprint, so that a request for a newer image never waits for an older one.
    fn acquire(
        &self,
        tenant: &TenantId,
        variant: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Self::Lock>, CallError>> + Send;

    /// Releases `lock`. Does nothing if the lock has expired and another request has acquired it.
    fn release(&self, lock: Self::Lock) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The ports of one handler.
pub trait Ports: Send + Sync {
    /// The image-pack table.
    type Packs: Packs;
    /// The bucket of originals.
    type Originals: Originals;
    /// The bucket of variants.
    type Variants: Variants;
    /// The table of render locks.
    type RenderLocks: RenderLocks;
    /// The clock.
    type Clock: Clock;

    /// Returns the image-pack table.
    fn packs(&self) -> &Self::Packs;
    /// Returns the bucket of originals.
    fn originals(&self) -> &Self::Originals;
    /// Returns the variants bucket.
    fn variants(&self) -> &Self::Variants;
    /// Returns the table of render locks.
    fn render_locks(&self) -> &Self::RenderLocks;
    /// Returns the clock.
    fn clock(&self) -> &Self::Clock;

    /// Records measurements.
    fn record(&self, measurements: &Measurements);

    /// Counts a request that was answered with an image whose URL has no suffix and no date: the demand for its location.
    /// By default it is not counted.
    fn count_request(&self, _tenant: &TenantId, _location: Option<&LocationName>, _now: Timestamp) {}
}
