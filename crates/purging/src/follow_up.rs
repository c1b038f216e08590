//! Sees each request through to its end: sends it if nobody has, asks CloudFront for it, and lets the queue's rows go
//! when it is completed.
//!
//! Nothing here needs the lease: a row goes only at the version that the request serves, and everything else may be
//! done twice.

use std::collections::BTreeMap;

use domain::image::variant_key::Sweep;
use domain::purge::ledger::{Conclusion, purge_key};
use domain::purge::planner::Distribution;
use domain::purge::purge_request::{PurgeRequest, RequestedEntry};
use domain::{TenantId, Timestamp};
use futures_util::{StreamExt, stream};

use crate::executor::{Executor, Report};
use crate::ports::{CallFailed, Clock, CloudFront, Ledger, Ports, Queue, RowVersion, Variants};

/// How many requests are followed at once.
const CONCURRENT_REQUESTS: usize = 4;

/// How many entries of a request are concluded at once.
const CONCURRENT_ENTRIES: usize = 16;

/// What came of following requests.
#[derive(Debug, Default)]
pub struct Followed {
    /// The requests that are still on their way.
    pub open: Vec<PurgeRequest>,
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
    Open,
    Forgotten,
}

impl<P: Ports> Executor<P> {
    /// Follows `requests`, as far as the time goes until `until`. One that was never accepted is sent again, just as it
    /// was written down, unless its tenant's images are now behind another distribution.
    pub async fn follow(
        &self,
        requests: Vec<PurgeRequest>,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Followed {
        let mut followed = Followed::default();
        let follows: Vec<_> = requests.into_iter().map(|request| self.follow_one(request, tenants, until)).collect();
        let mut follows = stream::iter(follows).buffer_unordered(CONCURRENT_REQUESTS);
        while let Some(of_request) = follows.next().await {
            followed.add(of_request);
        }
        followed
    }

    async fn follow_one(
        &self,
        request: PurgeRequest,
        tenants: &BTreeMap<TenantId, Distribution>,
        until: Timestamp,
    ) -> Followed {
        let mut followed = Followed::default();
        if self.ports.clock().now() >= until {
            followed.open.push(request);
            return followed;
        }
        let request = if request.invalidation_id.is_some() {
            request
        } else if tenants.get(&request.for_tenant).is_none_or(|now| *now != request.distribution) {
            // Its entries are planned again, for the distribution that the tenant has now.
            if let Err(error) = self.ports.queue().forget_request(&request.caller_reference).await {
                followed.failures.push(error.to_string());
                followed.open.push(request);
            }
            return followed;
        } else {
            self.send(request.clone(), &mut followed.sent).await;
            let Some((accepted, _)) = followed.sent.accepted.first() else {
                followed.open.push(request);
                return followed;
            };
            accepted.clone()
        };
        match self.end_of(&request).await {
            Ok(End::Completed { entries_removed }) => {
                followed.requests_completed = 1;
                followed.entries_removed = entries_removed;
            }
            Ok(End::Open) => followed.open.push(request),
            Ok(End::Forgotten) => {}
            Err(error) => {
                tracing::error!(failure = %error, "the request stays");
                followed.failures.push(error.to_string());
                followed.open.push(request);
            }
        }
        followed
    }

    /// Asks CloudFront for `request` and concludes it if it is completed.
    async fn end_of(&self, request: &PurgeRequest) -> Result<End, CallFailed> {
        let Some(id) = &request.invalidation_id else { return Ok(End::Open) };
        let found = self.ports.cloudfront().find(&request.distribution.distribution_id, id).await?;
        let end = match found {
            Some(invalidation) if !invalidation.is_completed() => return Ok(End::Open),
            Some(_) => {
                let conclusions: Vec<_> = request.entries.iter().map(|entry| self.conclude(request, entry)).collect();
                let results: Vec<_> = stream::iter(conclusions).buffer_unordered(CONCURRENT_ENTRIES).collect().await;
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
    async fn conclude(&self, request: &PurgeRequest, entry: &RequestedEntry) -> Result<bool, CallFailed> {
        let RequestedEntry { target, version, .. } = entry;
        let tenant = &request.for_tenant;
        let completed_at = entry.is_settled.then(|| self.ports.clock().now());
        // What a location or a tenant shows is re-rendered variant by variant; one would say little. And where one
        // item stands for thousands of packs, looking for each of them would cost more than their purge.
        let is_exact = request.items.len() == request.entries.len();
        let refill_seen_at = if is_exact && !target.is_broad() {
            self.ports.variants().stored_at(&Sweep::of(tenant, target)).await?
        } else {
            None
        };
        let conclusion = Conclusion { completed_at, refill_seen_at };
        self.ports.ledger().conclude(tenant, &purge_key(entry, &request.caller_reference), &conclusion).await?;
        let row = RowVersion { tenant, target, version };
        if entry.is_settled {
            return self.ports.queue().remove_if_unchanged(row).await;
        }
        self.ports.queue().note_early_pass(row).await?;
        Ok(false)
    }
}

impl Followed {
    /// Adds what came of others.
    pub fn add(&mut self, other: Self) {
        self.open.extend(other.open);
        self.requests_completed += other.requests_completed;
        self.entries_removed += other.entries_removed;
        self.sent.add(other.sent);
        self.failures.extend(other.failures);
    }
}
