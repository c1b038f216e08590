//! Tracks each request until it is completed: sends it if it has not been sent, reads its state from CloudFront, and
//! removes the queue's rows when it is completed.
//!
//! Tracking needs no lease: a row is removed only at the version that the request serves, and every other step is
//! idempotent.

use std::collections::BTreeMap;

use crate::executor::{Executor, Report};
use domain::image::variant_key::VariantScope;
use domain::purge::distribution::Distribution;
use domain::purge::ledger::{Completion, purge_key};
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use domain::{TenantId, Timestamp};
use futures_util::{StreamExt, stream};
use tracing::Instrument;

use crate::ports::{CallError, Clock, CloudFront, Ledger, Outbox, Ports, Queue, RowVersion, Variants};
use crate::step_error::StepError;

/// The number of requests that are tracked concurrently.
const CONCURRENT_REQUESTS: usize = 4;

/// The number of entries of a request that are marked completed concurrently.
const CONCURRENT_ENTRIES: usize = 16;

/// The outcome of tracking requests.
#[derive(Debug, Default)]
pub struct Tracked {
    /// The requests still in flight.
    pub in_flight: Vec<PurgeRequest>,
    /// The number of requests that CloudFront has completed.
    pub requests_completed: usize,
    /// The number of entries that were removed from the queue.
    pub entries_removed: u64,
    /// The outcome of sending those that were not sent yet.
    pub sent: Report,
    /// The failures. The requests concerned stay in the outbox.
    pub failures: Vec<StepError>,
}

/// The state of one request after tracking it.
enum Tracking {
    Completed {
        entries_removed: u64,
    },
    InFlight,
    /// CloudFront does not know its invalidation.
    Removed,
}

impl<P: Ports> Executor<P> {
    /// Tracks `requests` until `until`. A request that CloudFront has not accepted is sent again unchanged, unless its
    /// tenant has another distribution now.
    pub async fn track(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let mut tracked = Tracked::default();
        let tracking: Vec<_> =
            requests.into_iter().map(|request| self.track_in_span(request, tenants, until)).collect();
        let mut tracking = stream::iter(tracking).buffer_unordered(CONCURRENT_REQUESTS);
        while let Some(of_request) = tracking.next().await {
            tracked.add(of_request);
        }
        tracked
    }

    async fn track_in_span(
        &self,
        request: PurgeRequest,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let (tenant, caller_reference) = (&request.for_tenant, &request.caller_reference);
        let span = tracing::error_span!("request", %tenant, caller_reference);
        self.track_one(request, tenants, until).instrument(span).await
    }

    async fn track_one(
        &self,
        request: PurgeRequest,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let mut tracked = Tracked::default();
        if self.ports.clock().now() >= until {
            tracked.in_flight.push(request);
            return tracked;
        }
        let request = if request.invalidation_id.is_some() {
            request
        } else if tenants.get(&request.for_tenant).is_none_or(|now| *now != request.distribution) {
            // The next plan contains its entries again, for the distribution that the tenant has now.
            if let Err(error) = self.ports.outbox().remove(&request.caller_reference).await {
                tracked.fail(error, request);
            }
            return tracked;
        } else {
            self.send(request.clone(), &mut tracked.sent).await;
            let Some((accepted, _)) = tracked.sent.accepted.first() else {
                tracked.in_flight.push(request);
                return tracked;
            };
            accepted.clone()
        };
        match self.complete(&request).await {
            Ok(Tracking::Completed { entries_removed }) => {
                tracked.requests_completed = 1;
                tracked.entries_removed = entries_removed;
            }
            Ok(Tracking::InFlight) => tracked.in_flight.push(request),
            Ok(Tracking::Removed) => {}
            Err(error) => tracked.fail(error, request),
        }
        tracked
    }

    /// Reads the state of `request` from CloudFront, and marks it completed if CloudFront has completed it.
    async fn complete(&self, request: &PurgeRequest) -> Result<Tracking, CallError> {
        let Some(id) = &request.invalidation_id else { return Ok(Tracking::InFlight) };
        let found = self.ports.cloudfront().find(&request.distribution.distribution_id, id).await?;
        let end = match found {
            Some(invalidation) if !invalidation.is_completed() => return Ok(Tracking::InFlight),
            Some(_) => {
                let completions: Vec<_> =
                    request.entries.iter().map(|entry| self.mark_completed(request, entry)).collect();
                let results: Vec<_> = stream::iter(completions).buffer_unordered(CONCURRENT_ENTRIES).collect().await;
                let removed = results.into_iter().collect::<Result<Vec<bool>, _>>()?;
                Tracking::Completed { entries_removed: removed.into_iter().map(u64::from).sum() }
            }
            None => {
                tracing::warn!(
                    invalidation = id,
                    "CloudFront does not know this invalidation; its entries are purged again."
                );
                Tracking::Removed
            }
        };
        self.ports.outbox().remove(&request.caller_reference).await?;
        Ok(end)
    }

    /// Marks a purge as completed in the ledger, and removes its row from the queue if the purge was final and the row
    /// has not changed. `true`: the row was removed.
    async fn mark_completed(&self, request: &PurgeRequest, entry: &OutboxEntry) -> Result<bool, CallError> {
        let OutboxEntry { target, version, .. } = entry;
        let tenant = &request.for_tenant;
        let completed_at = entry.is_final.then(|| self.ports.clock().now());
        // The images of a location or a tenant are re-rendered one by one; a single one says little. And where one item
        // covers thousands of packs, a listing for each would cost more than their purge.
        let is_exact = request.items.len() == request.entries.len();
        let refill_seen_at = if is_exact && !target.spans_packs() {
            self.ports.variants().stored_at(&VariantScope::of(tenant, target)).await?
        } else {
            None
        };
        let completion = Completion { completed_at, refill_seen_at };
        self.ports.ledger().mark_completed(tenant, &purge_key(entry, &request.caller_reference), &completion).await?;
        let row = RowVersion { tenant, target, version };
        if entry.is_final {
            return self.ports.queue().remove_if_unchanged(row).await;
        }
        self.ports.queue().mark_early_purge(row).await?;
        Ok(false)
    }
}

impl Tracked {
    /// Adds the outcome of tracking other requests.
    pub fn add(&mut self, other: Self) {
        self.in_flight.extend(other.in_flight);
        self.requests_completed += other.requests_completed;
        self.entries_removed += other.entries_removed;
        self.sent.add(other.sent);
        self.failures.extend(other.failures);
    }

    /// Adds a failure. The request stays in the outbox.
    fn fail(&mut self, error: CallError, request: PurgeRequest) {
        tracing::error!(%error, "Tracking a request failed. It stays in the outbox; the next purge run repeats it.");
        self.failures.push(error.into());
        self.in_flight.push(request);
    }
}
