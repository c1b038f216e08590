//! Tracks each request until it is completed: sends it if it has not been sent, reads its state from CloudFront, and
//! removes the queue's rows when it is completed. A request for a distribution that is no longer its tenant's is removed,
//! and its entries are planned again.
//!
//! Tracking needs no lease: a row is removed only at the version that the request serves, and every other step is
//! idempotent.

use std::collections::BTreeMap;

use crate::delayed::{Delayed, is_delay};
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

/// The number of distributions whose requests are tracked concurrently. Those of one distribution are tracked one after
/// the other, so that no tenant's slow calls keep back those of others.
const CONCURRENT_DISTRIBUTIONS: usize = 8;

/// The number of entries of a request that are marked completed concurrently.
const CONCURRENT_ENTRIES: usize = 16;

/// The outcome of tracking requests.
#[derive(Debug, Default)]
pub struct Tracked {
    /// The requests still in flight.
    pub in_flight: Vec<PurgeRequest>,
    /// The number of requests that CloudFront has completed.
    pub requests_completed: usize,
    /// The number of requests that were removed because their distribution is no longer their tenant's.
    pub requests_abandoned: usize,
    /// The number of entries that were removed from the queue.
    pub entries_removed: u64,
    /// The outcome of sending those that were not sent yet.
    pub sent: Report,
    /// The requests whose state could not be read, for a reason that can end.
    pub delayed: Vec<Delayed>,
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
    /// Its state could not be read, for a reason that can end.
    Delayed(CallError),
}

impl<P: Ports> Executor<P> {
    /// Tracks `requests` until `until`. A request that CloudFront has not accepted is sent again unchanged. One whose
    /// tenant has another distribution now, or none, is removed.
    ///
    /// A delayed request ends the tracking of its distribution: CloudFront would delay the others too.
    pub async fn track(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let mut by_distribution: BTreeMap<String, Vec<PurgeRequest>> = BTreeMap::new();
        for request in requests {
            by_distribution.entry(request.distribution.distribution_id.clone()).or_default().push(request);
        }
        let tracking: Vec<_> = by_distribution
            .into_values()
            .map(|of_distribution| self.track_distribution(of_distribution, tenants, until))
            .collect();
        let mut tracked = Tracked::default();
        let mut tracking = stream::iter(tracking).buffer_unordered(CONCURRENT_DISTRIBUTIONS);
        while let Some(of_distribution) = tracking.next().await {
            tracked.add(of_distribution);
        }
        tracked
    }

    /// Tracks the requests of one distribution.
    async fn track_distribution(
        &self,
        mut requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let mut tracked = Tracked::default();
        // The accepted ones first: they need not wait for those that CloudFront throttles.
        requests.sort_by_key(|request| request.invalidation_id.is_none());
        for request in requests {
            let is_abandoned = tenants.get(&request.for_tenant) != Some(&request.distribution);
            if self.ports.clock().now() >= until {
                tracked.in_flight.push(request);
                continue;
            }
            if let Some(error) = tracked.delay().filter(|_| !is_abandoned) {
                tracked.delayed.push(Delayed { request, error });
                continue;
            }
            let (tenant, caller_reference) = (&request.for_tenant, &request.caller_reference);
            let span = tracing::error_span!("request", %tenant, caller_reference);
            let of_request = if is_abandoned {
                self.abandon(request).instrument(span).await
            } else {
                self.track_one(request).instrument(span).await
            };
            tracked.add(of_request);
        }
        tracked
    }

    /// Removes a request for a distribution that is no longer the tenant's, whether CloudFront has accepted it or not. The
    /// next plan contains its entries again, for the distribution that the tenant has then.
    async fn abandon(&self, request: PurgeRequest) -> Tracked {
        let mut tracked = Tracked::default();
        match self.ports.outbox().remove(&request.caller_reference).await {
            Ok(()) => {
                tracing::warn!(
                    "The distribution of a request is no longer its tenant's; its entries are purged again."
                );
                tracked.requests_abandoned = 1;
            }
            Err(error) => tracked.fail(error, request),
        }
        tracked
    }

    async fn track_one(&self, request: PurgeRequest) -> Tracked {
        let mut tracked = Tracked::default();
        let request = if request.invalidation_id.is_some() {
            request
        } else {
            self.send(request.clone(), &mut tracked.sent).await;
            let Some((accepted, _)) = tracked.sent.accepted.first() else {
                if !tracked.sent.failures.is_empty() {
                    tracked.in_flight.push(request);
                }
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
            Ok(Tracking::Delayed(error)) => {
                let delayed = Delayed { request, error };
                delayed.log();
                tracked.delayed.push(delayed);
            }
            Err(error) => tracked.fail(error, request),
        }
        tracked
    }

    /// Reads the state of `request` from CloudFront, and marks it completed if CloudFront has completed it.
    async fn complete(&self, request: &PurgeRequest) -> Result<Tracking, CallError> {
        let Some(id) = &request.invalidation_id else { return Ok(Tracking::InFlight) };
        let found = match self.ports.cloudfront().find(&request.distribution.distribution_id, id).await {
            Err(error) if is_delay(&error) => return Ok(Tracking::Delayed(error)),
            found => found?,
        };
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
        self.requests_abandoned += other.requests_abandoned;
        self.entries_removed += other.entries_removed;
        self.sent.add(other.sent);
        self.delayed.extend(other.delayed);
        self.failures.extend(other.failures);
    }

    /// The reason why CloudFront delays a request, if it does.
    fn delay(&self) -> Option<CallError> {
        let delayed = self.delayed.first().or_else(|| self.sent.delayed.first());
        delayed.map(|delayed| delayed.error.clone())
    }

    /// Adds a failure. The request stays in the outbox.
    fn fail(&mut self, error: CallError, request: PurgeRequest) {
        tracing::error!(%error, "Tracking a request failed. It stays in the outbox; the next purge run repeats it.");
        self.failures.push(error.into());
        self.in_flight.push(request);
    }
}
