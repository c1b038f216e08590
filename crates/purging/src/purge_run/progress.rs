//! The knowledge of a purge run: the rows and requests that it has read, and the outcome of its steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::purge::deletion::{Deleted, Deletion, DeletionDone, DeletionPurpose, PurgeId};
use domain::purge::pacer::Pacer;
use domain::purge::planner::Pending;
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use domain::queue::queue_entry::QueueEntry;
use domain::{Distribution, Measurements, Target, TenantId, Timestamp};

use super::Summary;
use super::deletions::Ended;
use crate::bisection::Bisections;
use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{CallError, CallErrorKind, QueueError, Rows};
use crate::step_error::StepError;
use crate::tracking::Row;
use crate::variant_deletion::VariantDeletion;

/// The pause before the first look at an accepted request; each next one is twice as long, up to [`LOOK_PAUSE_MAX`].
const LOOK_PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause between two looks at a request.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(8);

/// The failures after which the purge run leaves a tenant, or the deletion of one row, to the next one.
const FAILURES_MAX: u32 = 3;

/// The knowledge of a purge run.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) summary: Summary,
    pub(super) pacer: Pacer,
    /// The rows that were read, as this purge run has left them.
    pub(super) entries: BTreeMap<TenantId, BTreeMap<Target, QueueEntry>>,
    /// The outbox as it was read, as this purge run has left it.
    pub(super) in_flight: Vec<PurgeRequest>,
    /// The next look at each request, by caller reference.
    looks: BTreeMap<String, Look>,
    /// The registrations of the tenants at work.
    pub(super) tenants: BTreeMap<TenantId, Distribution>,
    /// The time at which the registrations were read, and of which tenants.
    pub(super) tenants_read: Option<(Timestamp, BTreeSet<TenantId>)>,
    /// The distributions and distribution tenants that this purge run sends nothing to any more, by the invalidated id.
    pub(super) unavailable: BTreeSet<String>,
    /// The finished deletions that precede a purge.
    pub(super) deleted: Deleted,
    pub(super) bisections: Bisections,
    /// The time at which all rows were read, or at which the purge run began.
    pub(super) all_read_at: Timestamp,
    /// The tenants whose rows are read next.
    pub(super) unread: BTreeSet<TenantId>,
    /// The number of wake-ups that this purge run has seen.
    pub(super) wakeups: u64,
    /// Whether a write to the outbox failed, which may still take effect.
    pub(super) is_outbox_unknown: bool,
    /// Whether the state of the queue at the beginning was recorded.
    pub(super) is_queue_recorded: bool,
    /// The numbers of failures: of a tenant's steps, or of the deletions of one row.
    failures_of: BTreeMap<(TenantId, Option<Target>), u32>,
    failures: Vec<StepError>,
}

/// The next look at a request.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    pause: Duration,
}

impl Progress {
    pub(super) fn new(pacer: Pacer, now: Timestamp) -> Self {
        Self {
            summary: Summary::default(),
            pacer,
            entries: BTreeMap::new(),
            in_flight: Vec::new(),
            looks: BTreeMap::new(),
            tenants: BTreeMap::new(),
            tenants_read: None,
            unavailable: BTreeSet::new(),
            deleted: Deleted::new(),
            bisections: Bisections::default(),
            all_read_at: now,
            unread: BTreeSet::new(),
            wakeups: 0,
            is_outbox_unknown: false,
            is_queue_recorded: false,
            failures_of: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Replaces the outbox. The rows of a request that is new to this purge run may need their next purge when it
    /// completes, and another function may have changed those of a request that has left the outbox: they are read.
    pub(super) fn replace_in_flight(&mut self, Rows { rows, unreadable }: Rows<PurgeRequest>) {
        let key = |request: &PurgeRequest| (request.caller_reference.clone(), request.for_tenant.clone());
        let before: BTreeSet<_> = self.in_flight.iter().map(key).collect();
        let after: BTreeSet<_> = rows.iter().map(key).collect();
        self.unread.extend(before.symmetric_difference(&after).map(|(_, tenant)| tenant.clone()));
        self.in_flight = rows;
        self.fail_rows(unreadable);
    }

    /// Replaces the rows of `tenant`, or all rows.
    pub(super) fn replace_entries(&mut self, tenant: Option<&TenantId>, Rows { rows, unreadable }: Rows<QueueEntry>) {
        match tenant {
            Some(tenant) => drop(self.entries.remove(tenant)),
            None => self.entries.clear(),
        }
        self.summary.entries += rows.len();
        for row in rows {
            self.entries.entry(row.tenant.clone()).or_default().insert(row.target.clone(), row);
        }
        self.fail_rows(unreadable);
    }

    /// The tenants with a row or a request in flight. Only their registrations are read: there may be 10,000 others.
    pub(super) fn tenants_at_work(&self) -> BTreeSet<TenantId> {
        let in_flight = self.in_flight.iter().map(|request| &request.for_tenant);
        self.entries.keys().chain(in_flight).cloned().collect()
    }

    /// The accepted requests that are due for a look `now`.
    pub(super) fn due_for_look(&self, now: Timestamp) -> Vec<PurgeRequest> {
        let is_due = |request: &&PurgeRequest| self.is_trackable(request) && self.next_look(request) <= now;
        self.in_flight.iter().filter(is_due).cloned().collect()
    }

    /// The requests that are due for a look `now` and whose distribution is no longer their tenant's.
    pub(super) fn moved(&self, now: Timestamp) -> Vec<PurgeRequest> {
        let is_moved = |request: &&PurgeRequest| self.tenants.get(&request.for_tenant) != Some(&request.distribution);
        let is_due = |request: &&PurgeRequest| match self.looks.get(&request.caller_reference) {
            Some(look) => look.at <= now && self.is_followed(request),
            None => true,
        };
        self.in_flight.iter().filter(is_moved).filter(is_due).cloned().collect()
    }

    /// Whether a request of the outbox may go on in this purge run.
    pub(super) fn is_in_flight(&self) -> bool {
        self.in_flight.iter().any(|request| self.is_followed(request))
    }

    fn is_followed(&self, request: &PurgeRequest) -> bool {
        !self.unavailable.contains(request.distribution.invalidated_id())
    }

    fn is_trackable(&self, request: &PurgeRequest) -> bool {
        request.invalidation_id.is_some() && self.is_followed(request)
    }

    fn next_look(&self, request: &PurgeRequest) -> Timestamp {
        let first = || request.accepted_at.unwrap_or(request.created_at).plus(LOOK_PAUSE_MIN);
        self.looks.get(&request.caller_reference).map_or_else(first, |look| look.at)
    }

    /// The time of the next look at any request.
    pub(super) fn next_look_at(&self) -> Option<Timestamp> {
        let tracked = self.in_flight.iter().filter(|request| self.is_trackable(request));
        tracked.map(|request| self.next_look(request)).min()
    }

    /// Puts off the next look at a request.
    pub(super) fn look_later(&mut self, request: &PurgeRequest, now: Timestamp) {
        let look = self.looks.get(&request.caller_reference);
        let pause = look.map_or(LOOK_PAUSE_MIN, |look| (look.pause * 2).min(LOOK_PAUSE_MAX));
        self.looks.insert(request.caller_reference.clone(), Look { at: now.plus(pause), pause });
    }

    /// Forgets a request that has left the outbox.
    pub(super) fn forget(&mut self, request: &PurgeRequest) {
        self.looks.remove(&request.caller_reference);
        self.in_flight.retain(|other| other.caller_reference != request.caller_reference);
    }

    /// Notes that a request is completed, with the states of its entries' rows.
    pub(super) fn complete(&mut self, request: &PurgeRequest, rows: Vec<Row>) {
        self.forget(request);
        self.summary.requests_completed += 1;
        for (OutboxEntry { target, version, .. }, row) in request.entries.iter().zip(rows) {
            let rows = self.entries.get_mut(&request.for_tenant);
            let known = rows.and_then(|rows| rows.get_mut(target)).filter(|entry| entry.version == *version);
            match (row, known) {
                (Row::Removed, known) => {
                    let is_known = known.is_some();
                    self.summary.entries_removed += 1;
                    if is_known {
                        self.remove(&request.for_tenant, target);
                    }
                }
                (Row::PurgedEarly, Some(entry)) => {
                    entry.early_purge_version = Some(version.clone());
                    entry.deletion_cursor = None;
                }
                (Row::Purged(purge), Some(entry)) => entry.final_purge = Some(purge),
                // The row that is in the queue is not the one that is known.
                _ => {
                    self.unread.insert(request.for_tenant.clone());
                }
            }
        }
    }

    /// Notes the outcome of sending requests `now`.
    pub(super) fn sent(&mut self, report: Report, now: Timestamp) {
        let Report { accepted, delayed, unsent, is_superseded, is_outbox_unknown, failures, .. } = report;
        for request in accepted {
            if request.joined_reference.is_none() {
                self.pacer.note_accepted();
                self.summary.invalidations += 1;
                self.summary.items += request.items.len();
            }
            self.put(request);
        }
        for delayed in delayed {
            self.delay(&delayed, now);
            self.put(delayed.request);
        }
        for request in unsent {
            self.put(request);
        }
        self.summary.is_superseded |= is_superseded;
        self.is_outbox_unknown |= is_outbox_unknown;
        for (tenant, error) in failures {
            self.fail(&tenant, None, error);
        }
    }

    /// Whether a request that CloudFront throttles is sent in two parts. If so, it is noted as throttled. A part of a rejected
    /// request is not: it is halved to find the rejected item.
    pub(super) fn needs_parts(&mut self, delayed: &Delayed, now: Timestamp) -> bool {
        let Delayed { request, error } = delayed;
        let needs_parts = error.kind() == CallErrorKind::Throttled
            && !self.bisections.has(&request.caller_reference)
            && self.pacer.needs_parts(now, request.items.len());
        if needs_parts {
            self.delay(delayed, now);
        }
        needs_parts
    }

    /// Notes that CloudFront has rejected a call for a reason that can end.
    pub(super) fn delay(&mut self, Delayed { request, error }: &Delayed, now: Timestamp) {
        let distribution = &request.distribution;
        match error.kind() {
            CallErrorKind::Throttled => self.pacer.note_throttled(now),
            CallErrorKind::TooManyInProgress => self.pacer.note_too_many(now, &distribution.distribution_id),
            _ => {
                self.unavailable.insert(distribution.invalidated_id().to_owned());
            }
        }
    }

    /// Puts a request into the outbox, or replaces it there.
    pub(super) fn put(&mut self, request: PurgeRequest) {
        self.in_flight.retain(|other| other.caller_reference != request.caller_reference);
        self.in_flight.push(request);
    }

    /// Notes the outcome of a deletion.
    pub(super) fn deletion_ended(&mut self, ended: Ended) {
        let Ended { deletion: Deletion { entry, began_at, purpose, .. }, at, result, is_row_removed } = ended;
        let QueueEntry { tenant, target, version, .. } = &entry;
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(
                    %tenant, %target, %error,
                    "Variants were not deleted. The next attempt continues the deletion."
                );
                self.fail(tenant, Some(target), error.into());
                return;
            }
        };
        let VariantDeletion { is_finished, deleted_now, deleted_in_all: variants_deleted } = outcome;
        self.summary.variants_deleted += deleted_now;
        if !is_finished {
            self.summary.deletions_unfinished += 1;
            return;
        }
        match purpose {
            DeletionPurpose::Purge { is_final } => {
                let done = DeletionDone { began_at, finished_at: at, variants_deleted };
                self.deleted.insert(PurgeId::of(&entry, is_final), done);
                return;
            }
            _ if !is_row_removed => {
                self.unread.insert(tenant.clone());
                return;
            }
            DeletionPurpose::AfterPurge { .. } => self.summary.entries_removed += 1,
            DeletionPurpose::Expired => self.summary.entries_expired += 1,
        }
        let known = self.entries.get(tenant).and_then(|rows| rows.get(target));
        if known.is_some_and(|known| known.version == *version) {
            self.remove(tenant, target);
        }
    }

    /// The row of `target` as this purge run knows it.
    pub(super) fn row(&self, tenant: &TenantId, target: &Target) -> Option<&QueueEntry> {
        self.entries.get(tenant)?.get(target)
    }

    /// The state of the queue, as far as this purge run has read it.
    pub(super) fn queue(&self, now: Timestamp) -> Measurements {
        Measurements::queue(now, self.entries.values().flat_map(BTreeMap::values), &self.in_flight, &self.tenants)
    }

    /// Removes a row that has left the queue.
    fn remove(&mut self, tenant: &TenantId, target: &Target) {
        if let Some(rows) = self.entries.get_mut(tenant) {
            rows.remove(target);
            if rows.is_empty() {
                self.entries.remove(tenant);
            }
        }
    }

    /// Notes a failed step of `tenant`, or the failed deletion of one of its rows. After some of them, the purge run
    /// leaves the tenant's distribution, or the row, to the next one.
    fn fail(&mut self, tenant: &TenantId, row: Option<&Target>, error: StepError) {
        self.failures.push(error);
        let failures = self.failures_of.entry((tenant.clone(), row.cloned())).or_default();
        *failures += 1;
        if row.is_none() && *failures >= FAILURES_MAX {
            let distribution = self.tenants.get(tenant);
            self.unavailable.extend(distribution.map(|distribution| distribution.invalidated_id().to_owned()));
        }
    }

    /// Replaces the registration of `tenant`.
    pub(super) fn register(&mut self, tenant: &TenantId, distribution: Option<Distribution>) {
        match distribution {
            Some(distribution) => drop(self.tenants.insert(tenant.clone(), distribution)),
            None => drop(self.tenants.remove(tenant)),
        }
    }

    /// Notes that the registration of `tenant` could not be read.
    pub(super) fn fail_tenant(&mut self, tenant: &TenantId, error: CallError) {
        tracing::error!(%tenant, %error, "The registration of a tenant was not read; its purges are planned again.");
        self.fail(tenant, None, error.into());
    }

    /// Notes that the state of a request could not be read or written.
    pub(super) fn fail_tracking(&mut self, request: &PurgeRequest, error: CallError, now: Timestamp) {
        tracing::error!(
            tenant = %request.for_tenant, %error,
            "Tracking a request failed. It stays in the outbox; the step is repeated."
        );
        self.look_later(request, now);
        self.fail(&request.for_tenant, None, error.into());
    }

    /// Notes rows that cannot be read.
    fn fail_rows(&mut self, errors: Vec<QueueError>) {
        for error in errors {
            tracing::error!(%error, "An entry cannot be purged. It stays in the queue until the cause is removed.");
            self.failures.push(error.into());
        }
    }

    /// The planner's input, and the pacer. The rows that are not known as they are in the queue are planned after they
    /// have been read. The rows whose deletion has failed often are left to the next purge run.
    pub(super) fn pending(&mut self) -> (Pending<'_>, &mut Pacer) {
        let Self { pacer, entries, in_flight, tenants, unavailable, deleted, failures_of, unread, .. } = self;
        let often = failures_of.iter().filter(|(_, failures)| **failures >= FAILURES_MAX);
        let left: BTreeSet<_> = often.filter_map(|((tenant, row), _)| Some((tenant, row.as_ref()?))).collect();
        let is_left = |tenant, target| left.contains(&(tenant, target));
        let read = entries.iter().filter(|(tenant, _)| !unread.contains(*tenant));
        let rows = read.flat_map(|(tenant, rows)| rows.iter().map(move |row| (tenant, row)));
        let entries = rows.filter(|(tenant, (target, _))| !is_left(tenant, target)).map(|(_, (_, row))| row).collect();
        (Pending { entries, in_flight, tenants, unavailable, deleted }, pacer)
    }

    /// The summary and the failures at the end of the purge run.
    pub(super) fn end(self) -> (Summary, Vec<StepError>) {
        let is_unavailable = |request: &&PurgeRequest| self.unavailable.contains(request.distribution.invalidated_id());
        let summary = Summary {
            entries_left: self.entries.values().map(|rows| rows.len() as u64).sum(),
            requests_in_flight: self.in_flight.len(),
            requests_unavailable: self.in_flight.iter().filter(is_unavailable).count(),
            ..self.summary
        };
        tracing::info!(summary = %serde_json::json!(summary), "The purge run ended.");
        (summary, self.failures)
    }
}
