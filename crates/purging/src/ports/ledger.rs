//! The purge ledger.

use domain::purge::ledger::{Completion, LedgerRow};
use domain::{Target, TenantId, Timestamp};

use crate::ports::CallError;

/// The purge ledger.
pub trait Ledger: Send + Sync {
    /// Writes one row. Idempotent: it overwrites itself, unless it is marked as completed.
    fn write(&self, row: &LedgerRow) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Marks a row as completed by CloudFront. A row that does not exist is not created.
    fn mark_completed(
        &self,
        tenant: &TenantId,
        purge: &str,
        completion: &Completion,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Adds the deletion of a purge's variants that came after it to its row. A row that does not exist is not created.
    fn mark_deleted(
        &self,
        tenant: &TenantId,
        purge: &str,
        variants_deleted: u64,
        deleted_at: Timestamp,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// The newest rows of one target, the newest first, at most `count`.
    fn newest(
        &self,
        tenant: &TenantId,
        target: &Target,
        count: u8,
    ) -> impl Future<Output = Result<Vec<LedgerRow>, CallError>> + Send;

    /// The purges of a tenant that completed last, the newest first, at most `count`. A purge that has just completed may
    /// be missing.
    fn last_completed(
        &self,
        tenant: &TenantId,
        count: usize,
    ) -> impl Future<Output = Result<Vec<LedgerRow>, CallError>> + Send;
}
