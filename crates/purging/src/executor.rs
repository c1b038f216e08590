//! Sends planned requests: first to the outbox, then to CloudFront, then to the ledger. Tracking removes the queue's rows
//! when CloudFront has completed the invalidations ([`crate::tracking`]).
//!
//! The order is the protocol. If a row were removed first, a crash would lose the purge. Each request is written to the
//! outbox before it is sent, so that a crash leaves either the rows or the request, from which the next purge run
//! continues; sending a request again is idempotent.

use std::time::Duration;

use domain::purge::batch::{Batch, JoinedInvalidation};
use domain::purge::purge_request::PurgeRequest;
use domain::{Measurements, TenantId};
use futures_util::lock::Mutex as AsyncMutex;
use futures_util::{FutureExt, StreamExt, stream};
use tracing::Instrument;

use crate::delayed::{Delayed, is_delay};
use crate::ports::{CallError, CallErrorKind, Clock, CreateInvalidationError, Lease, Outbox, Ports};
use crate::retry::while_busy;
use crate::step_error::StepError;
use crate::submission::submit;

/// The number of requests that are sent concurrently, so that one slow call does not keep back other tenants.
const CONCURRENT_REQUESTS: usize = 4;

/// The longest time for which a write to the outbox is repeated while DynamoDB is busy.
const OUTBOX_WRITE_MAX: Duration = Duration::from_secs(10);

/// The executor of plans, over its ports.
#[derive(Debug, Clone)]
pub struct Executor<P> {
    /// The AWS services.
    pub ports: P,
    /// The time to live of a ledger row.
    pub ledger_retention: Duration,
}

/// The outcome of sending requests. All but the superseded ones and those that were not written are in the outbox.
#[derive(Debug, Default)]
pub struct Report {
    /// The requests that CloudFront accepted.
    pub accepted: Vec<PurgeRequest>,
    /// The requests that CloudFront rejects because of an item; see [`crate::bisection`].
    pub rejected: Vec<PurgeRequest>,
    /// The requests that have more items than CloudFront accepts.
    pub too_large: Vec<PurgeRequest>,
    /// The requests that are delayed: CloudFront has rejected them for a reason that can end.
    pub delayed: Vec<Delayed>,
    /// The requests whose sending failed.
    pub unsent: Vec<PurgeRequest>,
    /// Whether another purge run took the lease meanwhile, so that this one stopped.
    pub is_superseded: bool,
    /// Whether a write to the outbox failed, which may still take effect.
    pub is_outbox_unknown: bool,
    /// The failures, each with its tenant. The entries concerned stay in the queue.
    pub failures: Vec<(TenantId, StepError)>,
}

impl<P: Ports> Executor<P> {
    /// Sends `batches`, and the requests of the outbox that are sent `again`. A failure concerns only its own request: it
    /// is reported, and the entries stay in the queue.
    ///
    /// With a `lease`, its fencing token is checked: no batch is sent once another purge run has taken the lease.
    pub async fn execute(&self, batches: Vec<Batch>, again: Vec<PurgeRequest>, lease: Option<&Lease>) -> Report {
        // Locked during each write to the outbox: a write is a transaction that checks the lease, and DynamoDB cancels
        // one of two transactions on the same item.
        let is_superseded = &AsyncMutex::new(false);
        let written = batches.into_iter().map(|batch| async move {
            let request = PurgeRequest::of(&batch, self.ports.clock().now());
            let mut report = Report::default();
            let written = {
                let mut is_superseded = is_superseded.lock().await;
                let written = if *is_superseded { Ok(false) } else { self.write(&request, lease).await };
                *is_superseded = matches!(written, Ok(false));
                written
            };
            match written {
                Ok(true) => self.send_in_span(request, batch.joins.as_ref(), &mut report).await,
                Ok(false) => report.is_superseded = true,
                Err(error) => report.fail_write(&request.for_tenant, error),
            }
            report
        });
        let again = again.into_iter().map(|request| async move {
            let mut report = Report::default();
            self.send_in_span(request, None, &mut report).await;
            report
        });
        let sends: Vec<_> = again.map(FutureExt::boxed).chain(written.map(FutureExt::boxed)).collect();
        let mut sends = stream::iter(sends).buffer_unordered(CONCURRENT_REQUESTS);
        let mut report = Report::default();
        while let Some(sent) = sends.next().await {
            report.add(sent);
        }
        if report.is_superseded {
            tracing::warn!("Another purge run has taken the lease; this one stops.");
        }
        report
    }

    /// Writes a request to the outbox, again while DynamoDB is busy. `false`: another purge run has taken the lease.
    pub(crate) async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let clock = self.ports.clock();
        let until = clock.now().plus(OUTBOX_WRITE_MAX);
        while_busy(clock, until, || self.ports.outbox().write(request, lease)).await
    }

    async fn send_in_span(&self, request: PurgeRequest, joins: Option<&JoinedInvalidation>, report: &mut Report) {
        let (tenant, distribution) = (&request.for_tenant, request.distribution.invalidated_id());
        let span = tracing::error_span!("request", %tenant, distribution);
        self.send(request, joins, report).instrument(span).await;
    }

    /// Submits a request of the outbox to CloudFront, unless it joins an invalidation that is known.
    pub(crate) async fn send(
        &self,
        mut request: PurgeRequest,
        joins: Option<&JoinedInvalidation>,
        report: &mut Report,
    ) {
        match submit(&self.ports, &mut request, joins, self.ledger_retention).await {
            Ok(()) => {
                self.ports.record(&Measurements::accepted(&request));
                report.accepted.push(request);
            }
            Err(StepError::CreateInvalidation(error @ CreateInvalidationError::InvalidArgument { .. })) => {
                tracing::warn!(%error, "CloudFront rejected the invalidation; bisecting it.");
                report.rejected.push(request);
            }
            Err(StepError::CreateInvalidation(CreateInvalidationError::Call(error))) if is_delay(&error) => {
                if error.kind() == CallErrorKind::BatchTooLarge && request.items.len() > 1 {
                    tracing::warn!(%error, items = request.items.len(), "The invalidation is too large; splitting it.");
                    report.too_large.push(request);
                } else {
                    let delayed = Delayed { request, error };
                    delayed.log();
                    if delayed.is_throttled() {
                        self.ports.record(&Measurements::throttled(&delayed.request));
                    }
                    report.delayed.push(delayed);
                }
            }
            Err(error) => {
                report.fail(&request.for_tenant, error);
                report.unsent.push(request);
            }
        }
    }
}

impl Report {
    /// Adds the outcome of a part.
    pub fn add(&mut self, part: Self) {
        self.accepted.extend(part.accepted);
        self.rejected.extend(part.rejected);
        self.too_large.extend(part.too_large);
        self.delayed.extend(part.delayed);
        self.unsent.extend(part.unsent);
        self.is_superseded |= part.is_superseded;
        self.is_outbox_unknown |= part.is_outbox_unknown;
        self.failures.extend(part.failures);
    }

    /// Adds a failed write to the outbox.
    pub(crate) fn fail_write(&mut self, tenant: &TenantId, error: CallError) {
        self.is_outbox_unknown = true;
        self.fail(tenant, error);
    }

    /// Adds a failure of a step for `tenant`.
    pub fn fail(&mut self, tenant: &TenantId, error: impl Into<StepError>) {
        let error = error.into();
        tracing::error!(%tenant, %error, "A step of the purge failed. Its entries stay in the queue; the step is repeated.");
        self.failures.push((tenant.clone(), error));
    }
}
