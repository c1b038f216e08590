//! The invalidation queue.

use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge, QueueEntry};
use domain::{Target, TenantId};

use crate::ports::CallError;

/// A failure to read or write the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The call to DynamoDB failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A row is not what the queue should hold.
    #[error("row {row} of table {table} cannot be read ({cause}); it waits until it is corrected or deleted")]
    Row {
        /// The table.
        table: String,
        /// The row's target and tenant.
        row: String,
        /// The defect.
        cause: String,
    },
}

/// The rows of one read. A row that cannot be read does not stop the others.
#[derive(Debug)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// One error for each row that cannot be read.
    pub unreadable: Vec<QueueError>,
}

/// One row of the queue at one version: the unit that a purge removes or marks.
#[derive(Debug, Clone, Copy)]
pub struct RowVersion<'a> {
    /// The tenant of the row.
    pub tenant: &'a TenantId,
    /// The target of the row.
    pub target: &'a Target,
    /// The version that the row must still have.
    pub version: &'a str,
}

impl<'a> From<&'a QueueEntry> for RowVersion<'a> {
    fn from(entry: &'a QueueEntry) -> Self {
        Self { tenant: &entry.tenant, target: &entry.target, version: &entry.version }
    }
}

/// The invalidation queue: one row for each target that waits to be purged.
pub trait Queue: Send + Sync {
    /// Adds `upsert` to the queue or to the existing row of its target, and returns that row. A deletion of variants
    /// that is under way starts again from the first variant: a variant that it deleted may have been re-rendered.
    /// `lastEventAt` never decreases.
    fn upsert(&self, upsert: &Enqueue) -> impl Future<Output = Result<QueueEntry, QueueError>> + Send;

    /// Like [`Self::upsert`], if the row still has the version `seen` (`None`: if there is no row). `None`: it has
    /// another one, and was not changed. A repetition of a call that took effect succeeds.
    fn upsert_if_unchanged(
        &self,
        upsert: &Enqueue,
        seen: Option<&str>,
    ) -> impl Future<Output = Result<Option<QueueEntry>, QueueError>> + Send;

    /// All entries, strongly consistent: every row that was written before the call and not removed since.
    fn entries(&self) -> impl Future<Output = Result<Rows<QueueEntry>, CallError>> + Send;

    /// The entries of one tenant, strongly consistent, like [`Self::entries`].
    fn entries_of(&self, tenant: &TenantId) -> impl Future<Output = Result<Rows<QueueEntry>, CallError>> + Send;

    /// The row of one target, strongly consistent.
    fn find(
        &self,
        tenant: &TenantId,
        target: &Target,
    ) -> impl Future<Output = Result<Option<QueueEntry>, QueueError>> + Send;

    /// Removes a row if it still has its version. `false`: it has another one, and stays.
    fn remove_if_unchanged(&self, row: RowVersion<'_>) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Stores that CloudFront has completed the final purge of a row. `false`: it has another version, and was not
    /// changed.
    fn store_final_purge(
        &self,
        row: RowVersion<'_>,
        purge: &FinalPurge,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Stores the deletion cursor of a row. A row that has another version is not changed.
    fn store_deletion_cursor(
        &self,
        row: RowVersion<'_>,
        cursor: &DeletionCursor,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Marks the early purge of a row as completed (`QueueEntry::early_purge_version`, and one more of
    /// `early_purge_count`); the next deletion begins at the first variant. `false`: the row has another version, and was
    /// not changed.
    fn mark_early_purge(&self, row: RowVersion<'_>) -> impl Future<Output = Result<bool, CallError>> + Send;
}
