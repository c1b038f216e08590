//! Reads the purge of a pack that waits or is in flight already.

use domain::purge::batch::PlannedEntry;
use domain::purge::ledger::{COMPLETED, IN_PROGRESS, Invalidation};
use domain::purge::manual_purge::request_of;
use domain::purge::planner::manual_request;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Distribution, Target, TenantId};

use super::{ManualPurge, ManualPurgeError};
use crate::ports::{Ledger, Outbox, Packs, Ports, PurgeRuns, Queue};

/// The number of newest purges of a target that are read. A version has at most two, unless purge runs overlap.
const PURGES_READ: u8 = 4;

/// The purge of a pack that waits, is in flight or has completed, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct KnownPurge {
    /// The queue's row.
    pub(super) row: Option<QueueEntry>,
    /// The request of that row, with its invalidation once CloudFront has accepted it.
    pub(super) request: Option<(PurgeRequest, Option<Invalidation>)>,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Reads the queue's row of `target`, then its request to `distribution`.
    pub(super) async fn known_purge(
        &self,
        tenant: &TenantId,
        target: &Target,
        distribution: &Distribution,
    ) -> Result<KnownPurge, ManualPurgeError> {
        let Some(row) = self.ports().queue().find(tenant, target).await? else { return Ok(KnownPurge::default()) };
        let in_flight = self.ports().outbox().requests().await?.rows;
        let request = request_of(&row, &in_flight).filter(|request| request.distribution == *distribution).cloned();
        let request = match request {
            Some(request) => self.with_invalidation(request).await,
            None => self.completed_request(&row, distribution).await?,
        };
        Ok(KnownPurge { row: Some(row), request })
    }

    /// The early purge of `row` that has completed and left the outbox, as the ledger has it. Without it, the row would look
    /// like one whose purge is about to begin, and a `DELETE` would wait for that.
    async fn completed_request(
        &self,
        row: &QueueEntry,
        distribution: &Distribution,
    ) -> Result<Option<(PurgeRequest, Option<Invalidation>)>, ManualPurgeError> {
        if row.early_purge_version.as_ref() != Some(&row.version) {
            return Ok(None);
        }
        let purges = self.ports().ledger().newest(&row.tenant, &row.target, PURGES_READ).await?;
        let purge = purges.into_iter().find(|purge| {
            purge.version == row.version
                && purge.completed_at.is_some()
                && purge.distribution_id == distribution.invalidated_id()
        });
        Ok(purge.and_then(|purge| {
            let id = purge.invalidation_id?;
            let (began_at, variants_deleted) = (purge.started_at, purge.variants_deleted);
            let created_at = purge.created_at.unwrap_or(began_at);
            let planned = PlannedEntry { entry: row.clone(), began_at, is_final: purge.is_final, variants_deleted };
            let request = PurgeRequest {
                invalidation_id: Some(id.clone()),
                accepted_at: purge.created_at,
                ..PurgeRequest::of(&manual_request(distribution, planned), created_at)
            };
            Some((request, Some(Invalidation { id, status: COMPLETED.to_owned() })))
        }))
    }

    /// Adds CloudFront's invalidation to `request`. `None`: CloudFront does not know it, so the request purged nothing.
    async fn with_invalidation(&self, request: PurgeRequest) -> Option<(PurgeRequest, Option<Invalidation>)> {
        match (self.invalidation(&request).await, request.invalidation_id.clone()) {
            (Ok(None), Some(_)) => None,
            (Ok(invalidation), _) => Some((request, invalidation)),
            (Err(error), id) => {
                // The outbox has it, so it was not completed when the last purge run tracked it.
                tracing::warn!(%error, "The state of an invalidation is unknown. It counts as in progress.");
                let in_progress = |id| Invalidation { id, status: IN_PROGRESS.to_owned() };
                Some((request, id.map(in_progress)))
            }
        }
    }
}
