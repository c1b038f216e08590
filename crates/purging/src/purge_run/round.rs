//! One round of a purge run: reads what has changed, tracks the requests in flight, plans, and executes the plan.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::purge::batch::Batch;
use domain::purge::pacer::Pacer;
use domain::purge::planner::{Plan, WaitReason, plan};
use domain::purge::purge_request::PurgeRequest;
use domain::{Measurements, TenantId, Timestamp};
use futures_util::{StreamExt, stream};

use super::deletions::Deletions;
use super::progress::Progress;
use super::{PAUSE_MAX, PurgeRun, PurgeRunError};
use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{Clock, DeadLetters, Lease, Outbox, Ports, Queue, Tenants, Wakeups, Woken};
use crate::tracking::Tracking;

/// The time after which the registrations of the tenants at work are read again.
const REGISTRY_AGE_MAX: Duration = Duration::from_secs(30);

/// The time after which a purge run reads all rows again, also those of tenants without a wake-up: wake-ups can be off, and
/// a function may have crashed between enqueueing and waking. Meanwhile the schedule's purge runs do not get the lease.
const ALL_READ_AGE_MAX: Duration = Duration::from_mins(2);

/// The number of tenants whose rows are read concurrently.
const CONCURRENT_READS: usize = 16;

/// The number of requests whose states are read concurrently.
const CONCURRENT_LOOKS: usize = 8;

impl<P: Ports, D: DeadLetters> PurgeRun<P, D> {
    /// The first reads under a lease. The outbox first: a row that another function removes meanwhile, with its request,
    /// is then either not read or known to be served. In the other order it could be purged, and billed, once more.
    pub(super) async fn begin<'p>(
        &self,
        reads_all: bool,
        progress: &'p mut Option<Progress>,
    ) -> Result<&'p mut Progress, PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        let Woken { count, tenants } = self.while_busy(|| ports.wakeups().take()).await?;
        let in_flight = self.while_busy(|| ports.outbox().requests()).await?;
        let now = clock.now();
        let resumed = || Progress::new(Pacer::resume(self.purger.quotas, now, &in_flight.rows), now);
        let progress = progress.get_or_insert_with(resumed);
        progress.wakeups = count;
        // Rows that are known from an earlier lease may have changed since.
        progress.unread.extend(progress.entries.keys().cloned());
        progress.replace_in_flight(in_flight);
        progress.unread.extend(tenants);
        if reads_all {
            self.read_all(progress).await?;
        }
        Ok(progress)
    }

    /// Reads all rows, after the outbox.
    async fn read_all(&self, progress: &mut Progress) -> Result<(), PurgeRunError> {
        progress.all_read_at = self.ports().clock().now();
        let entries = self.while_busy(|| self.ports().queue().entries()).await?;
        progress.replace_entries(None, entries);
        progress.unread.clear();
        Ok(())
    }

    /// Makes one round. Returns the time of the next one; `None`: nothing is pending.
    pub(super) async fn round<'a>(
        &'a self,
        lease: &Lease,
        progress: &mut Progress,
        deletions: &mut Deletions<'a, P>,
    ) -> Result<Option<Timestamp>, PurgeRunError> {
        let clock = self.ports().clock();
        deletions.beside(self.read(progress)).await?;
        for ended in deletions.take_ended() {
            progress.deletion_ended(ended);
        }
        deletions.beside(self.track(progress)).await;
        let now = clock.now();
        if !std::mem::replace(&mut progress.is_queue_recorded, true) {
            self.ports().record(&progress.queue(now));
        }
        let (pending, pacer) = progress.pending();
        let plan = plan(now, &pending, &self.purger.rules, pacer);
        let planned_at = plan.next_at();
        let Plan { batches, again, deletions: planned, waiting } = plan;
        // The other reasons end with a request or a deletion, or not in this purge run.
        let ends_by_itself = |reason| matches!(reason, WaitReason::Settling | WaitReason::Budget(_));
        let is_waiting = waiting.iter().any(|waiting| ends_by_itself(waiting.reason));
        let is_parked = |reason| reason == WaitReason::NotRegistered;
        let entries_parked = waiting.iter().filter(|waiting| is_parked(waiting.reason)).count();
        let entries_waiting = waiting.len();
        progress.summary.entries_parked = entries_parked;
        progress.summary.entries_waiting = entries_waiting;
        deletions.plan(planned);
        if !batches.is_empty() || !again.is_empty() {
            let batches = deletions.beside(self.registered(batches, progress)).await;
            let mut report = deletions.beside(self.purger.executor.execute(batches, again, Some(lease))).await;
            deletions.beside(self.split(&mut report, lease, progress)).await;
            progress.sent(report, clock.now());
            return Ok(Some(now));
        }
        if !progress.unread.is_empty() {
            return Ok(Some(now));
        }
        let is_pending = is_waiting || progress.is_in_flight() || !deletions.is_empty();
        let next_at = [planned_at, progress.next_look_at()].into_iter().flatten().min();
        Ok(is_pending.then(|| next_at.unwrap_or(now.plus(PAUSE_MAX))))
    }

    /// Reads the rows of the tenants that were woken, after the outbox, and the registry if it was read long ago.
    async fn read(&self, progress: &mut Progress) -> Result<(), PurgeRunError> {
        let (ports, clock) = (self.ports(), self.ports().clock());
        if self.while_busy(|| ports.wakeups().count()).await? != progress.wakeups {
            let Woken { count, tenants } = self.while_busy(|| ports.wakeups().take()).await?;
            progress.wakeups = count;
            progress.unread.extend(tenants);
        }
        let reads_all = clock.now() >= progress.all_read_at.plus(ALL_READ_AGE_MAX);
        if reads_all || !progress.unread.is_empty() {
            let in_flight = self.while_busy(|| ports.outbox().requests()).await?;
            progress.replace_in_flight(in_flight);
        }
        if reads_all {
            self.read_all(progress).await?;
        } else if !progress.unread.is_empty() {
            let reads: Vec<_> = std::mem::take(&mut progress.unread)
                .into_iter()
                .map(|tenant| async move {
                    let rows = self.while_busy(|| ports.queue().entries_of(&tenant)).await;
                    (tenant, rows)
                })
                .collect();
            let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT_READS);
            while let Some((tenant, rows)) = reads.next().await {
                progress.replace_entries(Some(&tenant), rows?);
            }
        }
        let at_work = progress.tenants_at_work();
        let is_current = |(read_at, read): &(Timestamp, BTreeSet<TenantId>)| {
            clock.now() < read_at.plus(REGISTRY_AGE_MAX) && at_work.is_subset(read)
        };
        if !at_work.is_empty() && !progress.tenants_read.as_ref().is_some_and(is_current) {
            progress.tenants = self.while_busy(|| ports.tenants().distributions(&at_work)).await?;
            progress.tenants_read = Some((clock.now(), at_work));
        }
        Ok(())
    }

    /// The batches whose distribution is still their tenant's. The registry was read some time ago, and a distribution that
    /// was registered before a change had settled may have fetched the old image. So a final purge rests on a read that is
    /// later than that.
    async fn registered(&self, batches: Vec<Batch>, progress: &mut Progress) -> Vec<Batch> {
        let reads: Vec<_> = batches
            .into_iter()
            .map(|batch| async move {
                let registered = self.ports().tenants().tenant(&batch.tenant).await;
                (batch, registered)
            })
            .collect();
        let mut reads = stream::iter(reads).buffered(CONCURRENT_READS);
        let mut batches = Vec::new();
        while let Some((batch, registered)) = reads.next().await {
            match registered {
                Ok(registered) if registered.as_ref() == Some(&batch.distribution) => batches.push(batch),
                Ok(registered) => progress.register(&batch.tenant, registered),
                Err(error) => progress.fail_tenant(&batch.tenant, error),
            }
        }
        batches
    }

    /// Looks at the requests that are due, and abandons those for a distribution that is no longer their tenant's.
    async fn track(&self, progress: &mut Progress) {
        let (executor, clock) = (&self.purger.executor, self.ports().clock());
        for request in progress.moved(clock.now()) {
            match executor.abandon(&request).await {
                Ok(()) => {
                    progress.forget(&request);
                    progress.summary.requests_abandoned += 1;
                }
                Err(error) => progress.fail_tracking(&request, error, clock.now()),
            }
        }
        let deletes_first = self.purger.rules.deletes_variants_first;
        let looks: Vec<_> = progress
            .due_for_look(clock.now())
            .into_iter()
            .map(|request| async move {
                let tracking = executor.track(&request, deletes_first).await;
                (request, tracking)
            })
            .collect();
        let mut looks = stream::iter(looks).buffer_unordered(CONCURRENT_LOOKS);
        while let Some((request, tracking)) = looks.next().await {
            let now = clock.now();
            match tracking {
                Ok(Tracking::Completed(rows)) => {
                    for entry in &request.entries {
                        let row = progress.row(&request.for_tenant, &entry.target);
                        if let Some(measurements) = Measurements::completed(&request, entry, row, now) {
                            self.ports().record(&measurements);
                        }
                    }
                    progress.complete(&request, rows);
                }
                Ok(Tracking::Unknown) => progress.forget(&request),
                Ok(Tracking::InFlight) => progress.look_later(&request, now),
                Ok(Tracking::Delayed(error)) => {
                    progress.look_later(&request, now);
                    let delayed = Delayed { request, error };
                    delayed.log();
                    if !delayed.is_throttled() {
                        progress.delay(&delayed, now);
                    }
                }
                Err(error) => progress.fail_tracking(&request, error, now),
            }
        }
    }

    /// Splits the requests that CloudFront rejects: those that are too large, or throttled for ever, in halves, those with a
    /// rejected item until that item is alone.
    async fn split(&self, report: &mut Report, lease: &Lease, progress: &mut Progress) {
        let executor = &self.purger.executor;
        for delayed in std::mem::take(&mut report.delayed) {
            if progress.needs_parts(&delayed, self.ports().clock().now()) {
                self.halve(delayed.request, report, lease, progress).await;
            } else {
                report.delayed.push(delayed);
            }
        }
        for request in std::mem::take(&mut report.too_large) {
            progress.pacer.note_too_large(request.items.len());
            self.halve(request, report, lease, progress).await;
        }
        let rejected: Vec<_> = report.rejected.clone();
        let (parts, quarantined) = executor.bisect(&mut progress.bisections, report, lease, &self.dead_letters).await;
        progress.summary.entries_quarantined += quarantined;
        for request in rejected {
            progress.forget(&request);
            // Its rows are in a part, in the dead-letter queue, or planned again.
            progress.unread.insert(request.for_tenant);
        }
        for part in parts {
            progress.put(part);
        }
    }

    /// Replaces a request by its halves. A request whose halves cannot be written stays in the outbox.
    async fn halve(&self, request: PurgeRequest, report: &mut Report, lease: &Lease, progress: &mut Progress) {
        match request.halves() {
            Some(halves) if self.purger.executor.replace(&request, &halves, lease, report).await => {
                progress.forget(&request);
                for half in halves {
                    progress.put(half);
                }
            }
            _ => progress.put(request),
        }
    }
}
