//! Tracks a request until it is completed: reads its state from CloudFront, and when it is completed, marks its purges in
//! the ledger and removes the queue's rows. A request for a distribution that is no longer its tenant's is removed, and
//! its entries are planned again.
//!
//! Tracking needs no lease: a row is changed only at the version that the request serves, and every other step is
//! idempotent.

use domain::Timestamp;
use domain::image::variant_key::VariantScope;
use domain::purge::ledger::{Completion, purge_key};
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use domain::queue::queue_entry::FinalPurge;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::delayed::is_delay;
use crate::executor::Executor;
use crate::ports::{
    CallError, Clock, CloudFront, Ledger, ListFrom, Outbox, Ports, Queue, RowVersion, StoredObject, Variants,
};

/// The number of entries of a request that are marked completed concurrently.
const CONCURRENT_ENTRIES: usize = 16;

/// The state of a request after tracking it.
#[derive(Debug)]
pub(crate) enum Tracking {
    /// CloudFront has completed it, and it has left the outbox. The states of its entries' rows, in their order.
    Completed(Vec<Row>),
    /// CloudFront has not completed it.
    InFlight,
    /// CloudFront does not know its invalidation. It has left the outbox, and its entries are planned again.
    Unknown,
    /// Its state could not be read, for a reason that can end.
    Delayed(CallError),
}

/// The queue's row of a completed purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// It was removed.
    Removed,
    /// Its early purge is done.
    PurgedEarly,
    /// Its final purge is done; its variants are deleted next.
    Purged(FinalPurge),
    /// It has another version, or was removed before.
    Changed,
}

impl<P: Ports> Executor<P> {
    /// Removes a request for a distribution that is no longer the tenant's, whether CloudFront has accepted it or not. The
    /// next plan contains its entries again, for the distribution that the tenant has then.
    pub(crate) async fn abandon(&self, request: &PurgeRequest) -> Result<(), CallError> {
        self.ports.outbox().remove(&request.caller_reference).await?;
        tracing::warn!(
            tenant = %request.for_tenant,
            distribution = request.distribution.invalidated_id(),
            "The distribution of a request is no longer its tenant's; its entries are purged again."
        );
        Ok(())
    }

    /// Reads the state of an accepted `request` from CloudFront, and marks it completed if CloudFront has completed it.
    /// `deletes_variants_first`: the variants of every entry were deleted before the invalidation.
    pub(crate) async fn track(
        &self,
        request: &PurgeRequest,
        deletes_variants_first: bool,
    ) -> Result<Tracking, CallError> {
        let Some(id) = &request.invalidation_id else { return Ok(Tracking::InFlight) };
        let tracking = match self.ports.cloudfront().find(&request.distribution, id).await {
            Err(error) if is_delay(&error) => return Ok(Tracking::Delayed(error)),
            Err(error) => return Err(error),
            Ok(Some(invalidation)) if !invalidation.is_completed() => return Ok(Tracking::InFlight),
            Ok(Some(_)) => {
                let completions: Vec<_> = request
                    .entries
                    .iter()
                    .map(|entry| self.mark_completed(request, entry, deletes_variants_first))
                    .collect();
                let completions = stream::iter(completions).buffered(CONCURRENT_ENTRIES);
                Tracking::Completed(completions.try_collect().await?)
            }
            Ok(None) => {
                tracing::warn!(
                    invalidation = id,
                    "CloudFront does not know this invalidation; its entries are purged again."
                );
                Tracking::Unknown
            }
        };
        self.ports.outbox().remove(&request.caller_reference).await?;
        Ok(tracking)
    }

    /// Marks a purge as completed in the ledger and in the queue, if the row has not changed.
    async fn mark_completed(
        &self,
        request: &PurgeRequest,
        entry: &OutboxEntry,
        deletes_variants_first: bool,
    ) -> Result<Row, CallError> {
        let OutboxEntry { target, version, cause, is_final, .. } = entry;
        let tenant = &request.for_tenant;
        // The images of a location or a tenant are re-rendered one by one; a single one says little. And where one item
        // covers thousands of packs, a listing for each would cost more than their purge.
        let is_exact = request.items.len() == request.entries.len();
        let refill_seen_at = if is_exact && !target.spans_packs() {
            // It is for the eyes of operators: a purge is completed without it.
            let page = self.ports.variants().list(&VariantScope::of(tenant, target).prefix, ListFrom::Start).await;
            page.inspect_err(|error| tracing::warn!(%error, "The time of the re-rendering is not known."))
                .ok()
                .and_then(|page| stored_since(entry.enqueued_at, &page.objects))
        } else {
            None
        };
        let ledger_key = purge_key(entry, &request.caller_reference);
        let completion = Completion { completed_at: self.ports.clock().now(), refill_seen_at };
        self.ports.ledger().mark_completed(tenant, &ledger_key, &completion).await?;
        tracing::info!(
            %tenant, %target, correlation_id = version, invalidation = request.invalidation_id, is_final,
            "CloudFront has completed the purge."
        );
        let row = RowVersion { tenant, target, version };
        let queue = self.ports.queue();
        let (is_changed, state) = if !is_final {
            (!queue.mark_early_purge(row).await?, Row::PurgedEarly)
        } else if cause.deletes_variants_first(deletes_variants_first) {
            (!queue.remove_if_unchanged(row).await?, Row::Removed)
        } else {
            let purge = FinalPurge { version: version.clone(), ledger_key };
            (!queue.store_final_purge(row, &purge).await?, Row::Purged(purge))
        };
        Ok(if is_changed { Row::Changed } else { state })
    }
}

/// The time of the oldest variant that was stored since then. The old variants are stored, too: they are deleted later.
fn stored_since(since: Timestamp, variants: &[StoredObject]) -> Option<Timestamp> {
    variants.iter().map(|variant| variant.stored_at).filter(|stored_at| *stored_at >= since).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_re_rendered_variant_counts_wherever_its_key_is() {
        let since = |stored: &[u64]| {
            let variant = |(number, millis): (usize, &u64)| StoredObject {
                key: format!("acme/p1/main/f{number}"),
                stored_at: Timestamp::from_millis(*millis),
            };
            let variants: Vec<_> = stored.iter().enumerate().map(variant).collect();
            stored_since(Timestamp::from_millis(5_000), &variants).map(Timestamp::as_millis)
        };
        assert_eq!(since(&[4_000, 9_000, 7_000, 8_000]), Some(7_000));
        assert_eq!(since(&[5_000]), Some(5_000));
        assert_eq!(since(&[4_999, 1]), None);
        assert_eq!(since(&[]), None);
    }
}
