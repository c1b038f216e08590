//! What a purge needs of the world outside: one trait for each service. The adapters of `aws-adapters` are the real
//! ones, over the SDK's clients; the simulation has its own, which fail in every way that AWS can.
//!
//! Each call may fail before or after it took effect, and whoever calls may stop at any of them: the protocol must hold
//! all the same.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use domain::image::variant_key::VariantScope;
use domain::purge::distribution::Distribution;
use domain::purge::ledger::{Completion, Invalidation, LedgerRow};
use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, QueueEntry};
use domain::{ImagePackId, LocationName, Target, TenantId, Timestamp};
use serde_json::Value;

/// A call to a service that failed, after the client's own retries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} failed: {cause}")]
pub struct CallFailed {
    action: String,
    cause: String,
}

impl CallFailed {
    /// Says what was tried, with the name of the resource, and what the client said about it.
    pub fn new(action: impl Into<String>, cause: impl Display) -> Self {
        Self { action: action.into(), cause: cause.to_string() }
    }
}

/// Why the queue cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum QueueFailed {
    /// DynamoDB did not respond.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// A row is not what the queue should hold.
    #[error("row {row} of table {table} cannot be read ({cause}); it waits until it is corrected or deleted")]
    Row {
        /// The table.
        table: String,
        /// The row's target and tenant.
        row: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// The right to run. Its fencing token grows each time the lease is taken, so that what is written under an earlier
/// lease is detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its owner: the id of the purge run.
    pub owner: String,
    /// How often the lease was taken up to now.
    pub token: u64,
}

/// What was read, and the rows that nobody can read. One unreadable row must not stop the others.
#[derive(Debug)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What is wrong with each row that cannot be read.
    pub unreadable: Vec<QueueFailed>,
}

/// One row of the queue at one version: what a purge may remove or mark.
#[derive(Debug, Clone, Copy)]
pub struct RowVersion<'a> {
    /// Whose images.
    pub tenant: &'a TenantId,
    /// Which of them.
    pub target: &'a Target,
    /// The version that the row must still have.
    pub version: &'a str,
}

impl<'a> From<&'a QueueEntry> for RowVersion<'a> {
    fn from(entry: &'a QueueEntry) -> Self {
        Self { tenant: &entry.tenant, target: &entry.target, version: &entry.version }
    }
}

/// The invalidation queue, with the lease and the outbox that are kept beside its rows.
pub trait Queue: Send + Sync {
    /// Adds `upsert` to the queue or to the row that its target has already, and returns that row. A deletion of its
    /// variants that was under way begins anew: what it deleted may have been re-rendered. `lastEventAt` never goes
    /// back.
    fn upsert(&self, upsert: &Enqueue) -> impl Future<Output = Result<QueueEntry, QueueFailed>> + Send;

    /// What waits to be purged, strongly consistent: whatever was written before the call, and not removed since, is in
    /// it.
    fn entries(&self) -> impl Future<Output = Result<Rows<QueueEntry>, CallFailed>> + Send;

    /// The row of one target, strongly consistent.
    fn find(
        &self,
        tenant: &TenantId,
        target: &Target,
    ) -> impl Future<Output = Result<Option<QueueEntry>, QueueFailed>> + Send;

    /// The outbox: the requests in flight, strongly consistent.
    fn requests(&self) -> impl Future<Output = Result<Rows<PurgeRequest>, CallFailed>> + Send;

    /// Removes a row that nothing was enqueued to since. Says whether it was removed.
    fn remove_if_unchanged(&self, row: RowVersion<'_>) -> impl Future<Output = Result<bool, CallFailed>> + Send;

    /// Notes how far the deletion of a row's variants has come. A row that changed meanwhile is left alone.
    fn note_deletion_cursor(
        &self,
        row: RowVersion<'_>,
        progress: &DeletionCursor,
    ) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// Notes that a row's early purge is done (`QueueEntry::early_purge_version`, one more of `early_purge_count`); the
    /// next one deletes from the first variant on. A row that changed meanwhile is left alone.
    fn note_early_purge(&self, row: RowVersion<'_>) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// Takes the lease for `duration` in the name of `owner`. `None`: another purge run has one that has not expired.
    fn take_lease(
        &self,
        owner: &str,
        now: Timestamp,
        duration: Duration,
    ) -> impl Future<Output = Result<Option<Lease>, CallFailed>> + Send;

    /// Gives the lease back, unless somebody else has taken it since it expired.
    fn release_lease(&self, lease: &Lease) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// Writes `request` to the outbox, unless it is there already. With a `lease`, only while its fencing token is the
    /// newest, in one transaction. `false`: another purge run has taken the lease, and the caller must stop.
    fn write_request(
        &self,
        request: &PurgeRequest,
        lease: Option<&Lease>,
    ) -> impl Future<Output = Result<bool, CallFailed>> + Send;

    /// Notes in the row of a request that is there CloudFront's id, or another name under which it is sent.
    fn note_request(&self, request: &PurgeRequest) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// Removes the row of a request; one that is not there counts as removed.
    fn forget_request(&self, caller_reference: &str) -> impl Future<Output = Result<(), CallFailed>> + Send;
}

/// Where a listing of variants begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFrom<'a> {
    /// At the first key of the prefix.
    Start,
    /// At the first key after this one.
    Key(&'a str),
    /// Where the page ended that gave this token.
    Token(&'a str),
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariantsPage {
    /// The keys, sorted.
    pub keys: Vec<String>,
    /// Where the next page begins; `None`: this is the last one.
    pub next: Option<String>,
}

/// A variant that the bucket did not delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeleted {
    /// Its key.
    pub key: String,
    /// Why.
    pub message: String,
}

/// The bucket of variants, as a purge sees it.
pub trait Variants: Send + Sync {
    /// Lists what is stored under `prefix`, up to 1,000 keys.
    fn list(&self, prefix: &str, from: ListFrom<'_>) -> impl Future<Output = Result<VariantsPage, CallFailed>> + Send;

    /// Deletes up to 1,000 variants, and returns those that were not deleted, each with its reason.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Result<Vec<Undeleted>, CallFailed>> + Send;

    /// When something was stored in `scope` that is there still. `None`: there is nothing.
    fn stored_at(&self, scope: &VariantScope) -> impl Future<Output = Result<Option<Timestamp>, CallFailed>> + Send;
}

/// Why CloudFront does not take a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateFailed {
    /// It rejects one of the items, or all of them, and does not say which.
    #[error("CloudFront rejects the items of {distribution_id}: {message}")]
    InvalidArgument {
        /// The distribution.
        distribution_id: String,
        /// What CloudFront says.
        message: String,
    },
    /// It has the caller reference for other items.
    #[error("CloudFront has the caller reference {0} for other items")]
    AlreadyExists(String),
    /// It did not respond, or has too much to do, or knows no such distribution: later it may.
    #[error(transparent)]
    Call(#[from] CallFailed),
}

/// CloudFront, as far as invalidations go.
pub trait CloudFront: Send + Sync {
    /// Creates an invalidation. Sent again with the same caller reference and items, CloudFront responds with the
    /// invalidation that exists: nothing is purged or billed twice.
    fn create(
        &self,
        distribution_id: &str,
        caller_reference: &str,
        items: &[String],
    ) -> impl Future<Output = Result<Invalidation, CreateFailed>> + Send;

    /// An invalidation as it is now. `None`: CloudFront does not know it.
    fn find(
        &self,
        distribution_id: &str,
        invalidation_id: &str,
    ) -> impl Future<Output = Result<Option<Invalidation>, CallFailed>> + Send;
}

/// The purge ledger.
pub trait Ledger: Send + Sync {
    /// Writes one row. Written again, it overwrites itself.
    fn write(&self, row: &LedgerRow) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// Notes in a row that is there that CloudFront has completed its invalidation.
    fn mark_completed(
        &self,
        tenant: &TenantId,
        purge: &str,
        completion: &Completion,
    ) -> impl Future<Output = Result<(), CallFailed>> + Send;

    /// The newest rows of one target, the newest first, at most `count`.
    fn newest(
        &self,
        tenant: &TenantId,
        target: &Target,
        count: u8,
    ) -> impl Future<Output = Result<Vec<LedgerRow>, CallFailed>> + Send;
}

/// The image packs, as an admin's purge sees them.
pub trait Packs: Send + Sync {
    /// Whether there is a record of the pack, be it one that cannot be read.
    fn exists(&self, tenant: &TenantId, pack: &ImagePackId) -> impl Future<Output = Result<bool, CallFailed>> + Send;

    /// The locations at which the pack shows an image; none where there is no record that can be read.
    fn locations(
        &self,
        tenant: &TenantId,
        pack: &ImagePackId,
    ) -> impl Future<Output = Result<Vec<LocationName>, CallFailed>> + Send;
}

/// The registry of tenants.
pub trait Tenants: Send + Sync {
    /// Every registered tenant and its distribution. A registration that cannot be read is left out.
    fn tenants(&self) -> impl Future<Output = Result<BTreeMap<TenantId, Distribution>, CallFailed>> + Send;
}

/// Keeps what could not be processed.
pub trait DeadLetters: Send + Sync {
    /// Keeps `payload` and why it could not be processed.
    fn keep(&self, source: &str, reason: &str, payload: &Value) -> impl Future<Output = Result<(), CallFailed>> + Send;
}

/// The time.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// All that a purge needs.
pub trait Ports: Send + Sync {
    /// The invalidation queue.
    type Queue: Queue;
    /// The bucket of variants.
    type Variants: Variants;
    /// CloudFront.
    type CloudFront: CloudFront;
    /// The purge ledger.
    type Ledger: Ledger;
    /// The registry of tenants.
    type Tenants: Tenants;
    /// The time.
    type Clock: Clock;

    /// The invalidation queue.
    fn queue(&self) -> &Self::Queue;
    /// The bucket of variants.
    fn variants(&self) -> &Self::Variants;
    /// CloudFront.
    fn cloudfront(&self) -> &Self::CloudFront;
    /// The purge ledger.
    fn ledger(&self) -> &Self::Ledger;
    /// The registry of tenants.
    fn tenants(&self) -> &Self::Tenants;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}
