//! What a purge run knows: the rows and requests that it has read, and the outcome of its steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::purge::deletion::{Deleted, DeletionDone, DeletionPurpose, PurgeId};
use domain::purge::distribution::Distribution;
use domain::purge::pacer::Pacer;
use domain::purge::planner::Pending;
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use domain::queue::queue_entry::QueueEntry;
use domain::{Target, TenantId, Timestamp};

use super::Summary;
use super::deletions::Ended;
use crate::bisection::Bisections;
use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{CallError, CallErrorKind, Rows};
use crate::step_error::StepError;
use crate::tracking::Row;

/// The pause before the first look at an accepted request; each next one is twice as long, up to [`LOOK_PAUSE_MAX`].
const LOOK_PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause between two looks at a request.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(8);

/// The failures of one tenant's steps after which the purge run leaves the tenant to the next one.
const FAILURES_MAX: u32 = 3;

/// The knowledge of a purge run.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) summary: Summary,
    pub(super) pacer: Pacer,
    /// The rows that were read, as this purge run has left them.
    pub(super) entries: BTreeMap<(TenantId, Target), QueueEntry>,
    /// The outbox as it was read, as this purge run has left it.
    pub(super) in_flight: Vec<PurgeRequest>,
    /// The next look at each request, by caller reference.
    looks: BTreeMap<String, Look>,
    /// The registered tenants.
    pub(super) tenants: BTreeMap<TenantId, Distribution>,
    /// The time at which the registry was read.
    pub(super) tenants_read_at: Option<Timestamp>,
    /// The distributions that this purge run sends nothing to any more.
    pub(super) unavailable: BTreeSet<String>,
    /// The finished deletions that come before a purge.
    pub(super) deleted: Deleted,
    pub(super) bisections: Bisections,
    /// The tenants whose rows are read next.
    pub(super) unread: BTreeSet<TenantId>,
    /// The number of wake-ups that this purge run has seen.
    pub(super) wakeups: Option<u64>,
    failures_of: BTreeMap<TenantId, u32>,
    failures: Vec<StepError>,
}

/// The next look at a request.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    pause: Duration,
}

impl Progress {
    pub(super) fn new(pacer: Pacer) -> Self {
        Self {
            summary: Summary::default(),
            pacer,
            entries: BTreeMap::new(),
            in_flight: Vec::new(),
            looks: BTreeMap::new(),
            tenants: BTreeMap::new(),
            tenants_read_at: None,
            unavailable: BTreeSet::new(),
            deleted: Deleted::new(),
            bisections: Bisections::default(),
            unread: BTreeSet::new(),
            wakeups: None,
            failures_of: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Replaces the outbox. A request that has left it by another function's doing may have changed its rows: they are
    /// read again.
    pub(super) fn replace_in_flight(&mut self, read: Rows<PurgeRequest>) {
        let Rows { rows, unreadable } = read;
        let known: BTreeSet<_> = rows.iter().map(|request| request.caller_reference.as_str()).collect();
        let gone = self.in_flight.iter().filter(|request| !known.contains(request.caller_reference.as_str()));
        let changed = gone.chain(&rows).map(|request| request.for_tenant.clone());
        // The rows of a request may need their next purge when it completes.
        self.unread.extend(changed);
        self.in_flight = rows;
        unreadable.into_iter().for_each(|error| self.fail_row(error.into()));
    }

    /// Replaces the rows of `tenant`, or all rows.
    pub(super) fn replace_entries(&mut self, tenant: Option<&TenantId>, read: Rows<QueueEntry>) {
        let Rows { rows, unreadable } = read;
        self.entries.retain(|(of, _), _| tenant.is_some_and(|tenant| tenant != of));
        self.summary.entries += rows.len();
        self.entries.extend(rows.into_iter().map(|row| ((row.tenant.clone(), row.target.clone()), row)));
        unreadable.into_iter().for_each(|error| self.fail_row(error.into()));
    }

    /// The accepted requests that are due for a look `now`.
    pub(super) fn due_for_look(&self, now: Timestamp) -> Vec<PurgeRequest> {
        let is_due = |request: &&PurgeRequest| self.is_trackable(request) && self.next_look(request) <= now;
        self.in_flight.iter().filter(is_due).cloned().collect()
    }

    fn is_trackable(&self, request: &PurgeRequest) -> bool {
        request.invalidation_id.is_some() && !self.unavailable.contains(&request.distribution.distribution_id)
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
            let key = (request.for_tenant.clone(), target.clone());
            let known = self.entries.get_mut(&key).filter(|entry| entry.version == *version);
            match (row, known) {
                (Row::Removed, known) => {
                    self.summary.entries_removed += 1;
                    if known.is_some() {
                        self.entries.remove(&key);
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
        let Report { accepted, delayed, unsent, is_superseded, failures, .. } = report;
        for request in accepted {
            self.pacer.note_accepted();
            self.summary.invalidations += 1;
            self.summary.items += request.items.len();
            self.put(request);
        }
        for delayed in delayed {
            self.delay(&delayed, now);
            self.put(delayed.request);
        }
        unsent.into_iter().for_each(|request| self.put(request));
        self.summary.is_superseded |= is_superseded;
        failures.into_iter().for_each(|(tenant, error)| self.fail(&tenant, error));
    }

    /// Notes that CloudFront has rejected a call for a reason that can end.
    pub(super) fn delay(&mut self, Delayed { request, error }: &Delayed, now: Timestamp) {
        let distribution_id = &request.distribution.distribution_id;
        match error.kind() {
            CallErrorKind::Throttled => self.pacer.note_throttled(now),
            CallErrorKind::TooManyInProgress => self.pacer.note_too_many(now, distribution_id),
            _ => {
                self.unavailable.insert(distribution_id.clone());
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
        let Ended { deletion, at, result, is_row_removed } = ended;
        let deletion_of = &deletion.entry;
        let key = (deletion_of.tenant.clone(), deletion_of.target.clone());
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(
                    tenant = %key.0, target = %key.1, %error,
                    "Variants were not deleted. The next attempt continues the deletion."
                );
                self.fail(&key.0, error.into());
                return;
            }
        };
        self.summary.variants_deleted += outcome.deleted_now;
        if !outcome.is_finished {
            self.summary.deletions_unfinished += 1;
            return;
        }
        match deletion.purpose {
            DeletionPurpose::Purge { is_final } => {
                let variants_deleted = outcome.deleted_in_all;
                let done = DeletionDone { began_at: deletion.began_at, finished_at: at, variants_deleted };
                self.deleted.insert(PurgeId::of(deletion_of, is_final), done);
            }
            DeletionPurpose::AfterPurge { .. } if is_row_removed => self.summary.entries_removed += 1,
            DeletionPurpose::Expired if is_row_removed => self.summary.entries_expired += 1,
            DeletionPurpose::AfterPurge { .. } | DeletionPurpose::Expired => {
                self.unread.insert(key.0.clone());
            }
        }
        if is_row_removed && self.entries.get(&key).is_some_and(|entry| entry.version == deletion_of.version) {
            self.entries.remove(&key);
        }
    }

    /// Notes a failed step of `tenant`. After some of them the purge run leaves the tenant to the next one.
    pub(super) fn fail(&mut self, tenant: &TenantId, error: StepError) {
        self.failures.push(error);
        let failures = self.failures_of.entry(tenant.clone()).or_default();
        *failures += 1;
        if *failures >= FAILURES_MAX {
            self.unavailable.extend(self.tenants.get(tenant).map(|known| known.distribution_id.clone()));
        }
    }

    /// Notes that the state of a request could not be read or written.
    pub(super) fn fail_tracking(&mut self, request: &PurgeRequest, error: CallError, now: Timestamp) {
        tracing::error!(
            tenant = %request.for_tenant, %error,
            "Tracking a request failed. It stays in the outbox; the step is repeated."
        );
        self.look_later(request, now);
        self.fail(&request.for_tenant, error.into());
    }

    /// Notes a row that cannot be read.
    fn fail_row(&mut self, error: StepError) {
        tracing::error!(%error, "An entry cannot be purged. It stays in the queue until the cause is removed.");
        self.failures.push(error);
    }

    /// The planner's input, and the pacer. The rows of tenants whose steps have failed often are left to the next purge
    /// run.
    pub(super) fn pending(&mut self) -> (Pending<'_>, &mut Pacer) {
        let Self { pacer, entries, in_flight, tenants, unavailable, deleted, failures_of, .. } = self;
        let has_failed = |tenant| failures_of.get(tenant).is_some_and(|failures| *failures >= FAILURES_MAX);
        let entries = entries.values().filter(|entry| !has_failed(&entry.tenant)).collect();
        (Pending { entries, in_flight, tenants, unavailable, deleted }, pacer)
    }

    /// The summary and the failures at the end of the purge run.
    pub(super) fn end(self) -> (Summary, Vec<StepError>) {
        let is_unavailable = |request: &&PurgeRequest| self.unavailable.contains(&request.distribution.distribution_id);
        let summary = Summary {
            entries_left: self.entries.len() as u64,
            requests_in_flight: self.in_flight.len(),
            requests_unavailable: self.in_flight.iter().filter(is_unavailable).count(),
            ..self.summary
        };
        tracing::info!(summary = %serde_json::json!(summary), "The purge run ended.");
        (summary, self.failures)
    }
}
