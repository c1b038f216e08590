//! Carries out a plan: S3 first, then CloudFront, then the ledger, and only then the queue.
//!
//! The order is the protocol. Were CloudFront told first, a viewer's request could refill an edge from a stale
//! variant; were the row removed first, a crash would lose the purge. A crash anywhere leaves the rows, and the next
//! run repeats what is left at no cost: deletes are idempotent and a repeated caller reference is free.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ledger::{Invalidation, ledger_row};
use domain::planner::{Batch, Plan, PlannedEntry};
use domain::variant_key::Sweep;
use domain::{Target, TenantId, Timestamp};
use futures_util::{StreamExt, stream};

use crate::CallFailed;
use crate::cloudfront::CloudFront;
use crate::invalidation_queue::InvalidationQueue;
use crate::purge_ledger::PurgeLedger;
use crate::variants_bucket::{SweepFailed, VariantsBucket};

/// How many requests to S3 and DynamoDB are under way at once. S3 takes 3,500 deletes a second for one prefix.
const CONCURRENT_CALLS: usize = 16;

/// What carrying out a plan touches.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Swept first.
    pub variants: VariantsBucket,
    /// Told second.
    pub cloudfront: CloudFront,
    /// Written third.
    pub ledger: PurgeLedger,
    /// Cleared last.
    pub queue: InvalidationQueue,
    /// The pause between the deletes and the invalidations when entries leave the queue by them.
    pub edge_fetch_max: Duration,
    /// How long the ledger keeps a row.
    pub ledger_retention: Duration,
}

/// Who asked for a purge, and when it began.
#[derive(Debug, Clone)]
pub struct Request {
    /// `stream`, or `admin:<subject of the token>`.
    pub requested_by: String,
    /// When the purge began: the time that the plan was made with.
    pub started_at: Timestamp,
}

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The invalidations that CloudFront accepted, each with its batch.
    pub invalidations: Vec<(Batch, Invalidation)>,
    /// How many variants were deleted.
    pub variants_deleted: u64,
    /// How many entries left the queue.
    pub entries_removed: u64,
    /// How many entries stay for another pass.
    pub entries_left: u64,
    /// What failed. The entries concerned stay in the queue.
    pub failures: Vec<String>,
}

/// How many variants were deleted for each target that could be swept.
type Deleted = BTreeMap<(TenantId, Target), u64>;

impl Executor {
    /// Carries out `plan`. A failure concerns only its own batch or entry; it is reported and the entry stays.
    pub async fn execute(&self, plan: Plan, request: &Request) -> Report {
        let mut report = Report::default();
        let pause = if plan.has_settled_entries() { self.edge_fetch_max } else { Duration::ZERO };
        let deleted = self.sweep(&plan, &mut report).await;
        tokio::time::sleep(pause).await;

        for batch in plan.batches {
            let count = batch.entries.len() as u64;
            let not_deleted: BTreeSet<Target> = batch
                .entries
                .iter()
                .map(|planned| planned.entry.target.clone())
                .filter(|target| !deleted.contains_key(&(batch.tenant.clone(), target.clone())))
                .collect();
            let removed = match batch.without(&not_deleted) {
                Some(batch) => self.invalidate(batch, &deleted, request, &mut report).await,
                None => 0,
            };
            report.entries_removed += removed;
            report.entries_left += count - removed;
        }
        report
    }

    async fn sweep(&self, plan: &Plan, report: &mut Report) -> Deleted {
        let sweeps: Vec<_> = plan
            .batches
            .iter()
            .flat_map(|batch| &batch.entries)
            .map(|planned| self.sweep_one(planned.entry.tenant.clone(), planned.entry.target.clone()))
            .collect();
        let results: Vec<_> = stream::iter(sweeps).buffer_unordered(CONCURRENT_CALLS).collect().await;
        let mut deleted = Deleted::new();
        for (key, result) in results {
            match result {
                Ok(count) => {
                    report.variants_deleted += count;
                    deleted.insert(key, count);
                }
                Err(error) => report.fail(&error),
            }
        }
        deleted
    }

    async fn sweep_one(&self, tenant: TenantId, target: Target) -> ((TenantId, Target), Result<u64, SweepFailed>) {
        let result = self.variants.sweep(&Sweep::of(&tenant, &target)).await;
        ((tenant, target), result)
    }

    /// Tells CloudFront, then the ledger, then clears the queue. Returns how many entries left it.
    async fn invalidate(&self, batch: Batch, deleted: &Deleted, request: &Request, report: &mut Report) -> u64 {
        let invalidation = match self.cloudfront.create_invalidation(&batch).await {
            Ok(invalidation) => invalidation,
            Err(error) => {
                report.fail(&error);
                return 0;
            }
        };
        let conclusions: Vec<_> = batch
            .entries
            .iter()
            .map(|planned| self.conclude(&batch, planned, deleted, request, &invalidation))
            .collect();
        let results: Vec<_> = stream::iter(conclusions).buffer_unordered(CONCURRENT_CALLS).collect().await;
        report.invalidations.push((batch, invalidation));
        let mut removed = 0;
        for result in results {
            match result {
                Ok(is_removed) => removed += u64::from(is_removed),
                Err(error) => report.fail(&error),
            }
        }
        removed
    }

    /// Writes an entry's ledger row and lets the entry go if it may. Says whether it went.
    async fn conclude(
        &self,
        batch: &Batch,
        planned: &PlannedEntry,
        deleted: &Deleted,
        request: &Request,
        invalidation: &Invalidation,
    ) -> Result<bool, CallFailed> {
        let entry = &planned.entry;
        let count = deleted.get(&(entry.tenant.clone(), entry.target.clone())).copied().unwrap_or_default();
        let row = ledger_row(
            batch,
            planned,
            &request.requested_by,
            request.started_at,
            count,
            invalidation,
            self.ledger_retention,
        );
        self.ledger.write(&row).await?;
        if planned.is_settled {
            return self.queue.remove_if_unchanged(entry).await;
        }
        self.queue.count_attempt(entry).await?;
        Ok(false)
    }
}

impl Report {
    fn fail(&mut self, error: &impl ToString) {
        let failure = error.to_string();
        tracing::error!(failure, "the entries concerned stay in the queue");
        self.failures.push(failure);
    }
}
