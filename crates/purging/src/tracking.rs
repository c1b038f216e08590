//! Tracks each request until it is completed: sends it if that was not done yet, queries CloudFront for it, and lets
//! the queue's rows go when it is completed.
//!
//! Nothing here needs the lease: a row goes only at the version that the request serves, and everything else may be
//! done twice.

use std::collections::BTreeMap;

use domain::image::variant_key::VariantScope;
use domain::purge::distribution::Distribution;
use domain::purge::ledger::{Completion, purge_key};
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use domain::{TenantId, Timestamp};
use futures_util::{StreamExt, stream};

use crate::executor::{Executor, Report};
use crate::ports::{CallFailed, Clock, CloudFront, Ledger, Ports, Queue, RowVersion, Variants};

/// How many requests are tracked at once.
const CONCURRENT_REQUESTS: usize = 4;

/// How many entries of a request are marked completed at once.
const CONCURRENT_ENTRIES: usize = 16;

/// The outcome of tracking requests.
#[derive(Debug, Default)]
pub struct Tracked {
    /// The requests still in flight.
    pub in_flight: Vec<PurgeRequest>,
    /// How many requests CloudFront has completed.
    pub requests_completed: usize,
    /// How many entries left the queue.
    pub entries_removed: u64,
    /// What came of those that had to be sent.
    pub sent: Report,
    /// What failed. The requests concerned stay.
    pub failures: Vec<String>,
}

/// What became of one request.
enum End {
    Completed { entries_removed: u64 },
    InFlight,
    Forgotten,
}

impl<P: Ports> Executor<P> {
    /// Tracks `requests`, as far as the time goes until `until`. One that was never accepted is sent again, just as it
    /// is in the outbox, unless its tenant's images are now behind another distribution.
    pub async fn track(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Tracked {
        let mut tracked = Tracked::default();
        let tracking: Vec<_> = requests.into_iter().map(|request| self.track_one(request, tenants, until)).collect();
        let mut tracking = stream::iter(tracking).buffer_unordered(CONCURRENT_REQUESTS);
        while let Some(of_request) = tracking.next().await {
            tracked.add(of_request);
        }
        tracked
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
            // Its entries are planned again, for the distribution that the tenant has now.
            if let Err(error) = self.ports.queue().forget_request(&request.caller_reference).await {
                tracked.failures.push(error.to_string());
                tracked.in_flight.push(request);
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
        match self.end_of(&request).await {
            Ok(End::Completed { entries_removed }) => {
                tracked.requests_completed = 1;
                tracked.entries_removed = entries_removed;
            }
            Ok(End::InFlight) => tracked.in_flight.push(request),
            Ok(End::Forgotten) => {}
            Err(error) => {
                tracing::error!(failure = %error, "the request stays");
                tracked.failures.push(error.to_string());
                tracked.in_flight.push(request);
            }
        }
        tracked
    }

    /// Queries CloudFront for `request` and marks it completed if it is.
    async fn end_of(&self, request: &PurgeRequest) -> Result<End, CallFailed> {
        let Some(id) = &request.invalidation_id else { return Ok(End::InFlight) };
        let found = self.ports.cloudfront().find(&request.distribution.distribution_id, id).await?;
        let end = match found {
            Some(invalidation) if !invalidation.is_completed() => return Ok(End::InFlight),
            Some(_) => {
                let completions: Vec<_> =
                    request.entries.iter().map(|entry| self.mark_completed(request, entry)).collect();
                let results: Vec<_> = stream::iter(completions).buffer_unordered(CONCURRENT_ENTRIES).collect().await;
                let removed = results.into_iter().collect::<Result<Vec<bool>, _>>()?;
                End::Completed { entries_removed: removed.into_iter().map(u64::from).sum() }
            }
            None => {
                tracing::warn!(id, "CloudFront does not know this invalidation; what it served is purged again");
                End::Forgotten
            }
        };
        self.ports.queue().forget_request(&request.caller_reference).await?;
        Ok(end)
    }

    /// Notes the end of a purge in the ledger and lets the row go if it may. Says whether it went.
    async fn mark_completed(&self, request: &PurgeRequest, entry: &OutboxEntry) -> Result<bool, CallFailed> {
        let OutboxEntry { target, version, .. } = entry;
        let tenant = &request.for_tenant;
        let completed_at = entry.is_final.then(|| self.ports.clock().now());
        // What a location or a tenant shows is re-rendered variant by variant; one would say little. And where one
        // item stands for thousands of packs, looking for each of them would cost more than their purge.
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
        self.ports.queue().note_early_purge(row).await?;
        Ok(false)
    }
}

impl Tracked {
    /// Adds what came of others.
    pub fn add(&mut self, other: Self) {
        self.in_flight.extend(other.in_flight);
        self.requests_completed += other.requests_completed;
        self.entries_removed += other.entries_removed;
        self.sent.add(other.sent);
        self.failures.extend(other.failures);
    }
}
