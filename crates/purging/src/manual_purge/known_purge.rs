//! Reads the purge of a pack that waits or is in flight already.

use domain::purge::distribution::Distribution;
use domain::purge::ledger::{IN_PROGRESS, Invalidation};
use domain::purge::manual_purge::request_of;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Target, TenantId};

use super::{ManualPurge, ManualPurgeError};
use crate::ports::{Outbox, Packs, Ports, PurgeRuns, Queue};

/// The purge of a pack that waits or is in flight already, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct KnownPurge {
    /// The queue's row.
    pub(super) row: Option<QueueEntry>,
    /// The request of that row in the outbox, with its invalidation once CloudFront has accepted it.
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
            None => None,
        };
        Ok(KnownPurge { row: Some(row), request })
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
