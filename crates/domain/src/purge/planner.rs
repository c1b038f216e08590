//! The planner: decides which requests a purge run sends now, which variants it deletes, and why every other row waits.

mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::Distribution;
use crate::identifier::TenantId;
use crate::purge::batch::{Batch, PlannedEntry};
use crate::purge::deletion::{Deleted, Deletion, DeletionPurpose, PurgeId};
use crate::purge::invalidation_item::InvalidationItem;
use crate::purge::limits::Rules;
use crate::purge::manual_purge::SUBMISSION_MAX;
use crate::purge::pacer::{Budget, Pacer};
use crate::purge::planner::turn::{Submission, Turn};
use crate::purge::purge_request::PurgeRequest;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

/// Everything that a plan depends on, beside the time, the rules and the pacer.
#[derive(Debug, Clone)]
pub struct Pending<'a> {
    /// The queue's rows.
    pub entries: Vec<&'a QueueEntry>,
    /// The outbox.
    pub in_flight: &'a [PurgeRequest],
    /// The registered tenants.
    pub tenants: &'a BTreeMap<TenantId, Distribution>,
    /// The distributions that CloudFront rejects every call for: a permission is missing, or they do not exist.
    pub unavailable: &'a BTreeSet<String>,
    /// The finished deletions that precede an invalidation.
    pub deleted: &'a Deleted,
}

/// The plan of one round of a purge run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan<'a> {
    /// The requests that are sent now, in order. The pacer has admitted them.
    pub batches: Vec<Batch>,
    /// The requests of the outbox that are sent again now. The pacer has admitted them.
    pub again: Vec<PurgeRequest>,
    /// The variants to delete.
    pub deletions: Vec<Deletion>,
    /// Every other row: one for each entry that no batch and no request of the outbox serves.
    pub waiting: Vec<Waiting<'a>>,
}

/// A row that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// The row.
    pub entry: &'a QueueEntry,
    /// The reason.
    pub reason: WaitReason,
    /// The time until which it waits, if it is known.
    pub until: Option<Timestamp>,
}

/// The reason why a row waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitReason {
    /// Its change has not settled: an old image can still reach an edge. Its early purge is done, or the tenant has too
    /// many rows for early purges.
    Settling,
    /// Its request is in the outbox.
    InFlight,
    /// Another request of its tenant comes first: one that CloudFront has not accepted, or those that join an invalidation in
    /// this round.
    BehindAnother,
    /// Its variants are deleted before CloudFront is invalidated.
    Deleting,
    /// Its final purge is completed; the old variants are being deleted.
    Purged,
    /// A budget is used up.
    Budget(Budget),
    /// Its tenant has no registered distribution.
    NotRegistered,
    /// CloudFront rejects the calls for the tenant's distribution.
    DistributionUnavailable,
}

/// The purge that is due for an entry, or the reason why none is.
enum Due<'a> {
    Purge(DuePurge<'a>),
    Wait(WaitReason, Option<Timestamp>),
    Delete(DeletionPurpose),
}

/// A purge that is due for a row; see [`PlannedEntry`].
struct DuePurge<'a> {
    entry: &'a QueueEntry,
    began_at: Timestamp,
    is_final: bool,
    /// The time from which a purge is the final one. `None`: no purge that was created earlier can be, because variants are
    /// deleted first.
    final_from: Option<Timestamp>,
    variants_deleted: u64,
}

/// Plans the round that begins `now`.
#[must_use]
pub fn plan<'a>(now: Timestamp, pending: &Pending<'a>, rules: &Rules, pacer: &mut Pacer) -> Plan<'a> {
    let mut plan = Plan::default();
    pacer.track(pending.in_flight);
    let mut due: BTreeMap<&TenantId, (Vec<&PurgeRequest>, Vec<DuePurge>)> = BTreeMap::new();
    for request in pending.in_flight.iter().filter(|request| is_sent_again(now, request, pending)) {
        due.entry(&request.for_tenant).or_default().0.push(request);
    }
    let stages = Stages::of(now, pending, rules);
    for &entry in &pending.entries {
        match stages.due(entry) {
            Due::Purge(purge) => {
                let (again, purges) = due.entry(&entry.tenant).or_default();
                // The outbox of a tenant whose requests are not accepted does not grow; an admin's purge waits for nothing.
                if again.is_empty() || entry.cause.is_manual() {
                    purges.push(purge);
                } else {
                    plan.waiting.push(Waiting { entry, reason: WaitReason::BehindAnother, until: None });
                }
            }
            Due::Wait(reason, until) => plan.waiting.push(Waiting { entry, reason, until }),
            Due::Delete(purpose) => plan.delete(now, entry, purpose, rules),
        }
    }
    let turn_of = |(tenant, (again, purges))| {
        let distribution = &pending.tenants[tenant];
        let of_tenant =
            |request: &&PurgeRequest| request.for_tenant == *tenant && request.distribution == *distribution;
        let joinable = pending.in_flight.iter().filter(of_tenant).filter_map(PurgeRequest::joinable);
        let joinable = joinable.max_by_key(|invalidation| invalidation.created_after);
        Turn::of(tenant, distribution, again, purges, joinable.as_ref(), pacer)
    };
    let mut turns: Vec<_> = due.into_iter().map(turn_of).collect();
    for &entry in turns.iter().flat_map(|turn| &turn.later) {
        plan.waiting.push(Waiting { entry, reason: WaitReason::BehindAnother, until: None });
    }
    turns.sort_by_key(|turn| (!turn.overtakes, turn.last));
    plan.take_turns(now, turns.into(), pacer);
    plan
}

/// Whether a request of the outbox is sent again: CloudFront has not accepted it, and the time of its first submission is
/// over.
fn is_sent_again(now: Timestamp, request: &PurgeRequest, pending: &Pending) -> bool {
    let distribution = &request.distribution;
    request.invalidation_id.is_none()
        && now >= request.created_at.plus(SUBMISSION_MAX)
        && pending.tenants.get(&request.for_tenant) == Some(distribution)
        && !pending.unavailable.contains(distribution.invalidated_id())
}

/// The request of an admin's purge of one entry, which is sent at once.
#[must_use]
pub fn manual_request(distribution: &Distribution, planned: PlannedEntry) -> Batch {
    let tenant = planned.entry.tenant.clone();
    let item = InvalidationItem::covering(&tenant, &planned.entry.target, distribution.cache_tags);
    Batch::new(&tenant, distribution, vec![item], vec![planned])
}

impl<'a> Plan<'a> {
    /// The time of the next round, if nothing else happens before.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.waiting.iter().filter_map(|waiting| waiting.until).min()
    }

    fn delete(&mut self, now: Timestamp, entry: &'a QueueEntry, purpose: DeletionPurpose, rules: &Rules) {
        let reason =
            if let DeletionPurpose::Purge { .. } = purpose { WaitReason::Deleting } else { WaitReason::Purged };
        self.waiting.push(Waiting { entry, reason, until: None });
        self.deletions.push(Deletion::of(entry, purpose, now, rules));
    }

    /// Gives each tenant one request in turn. A tenant that a budget of its distribution stops leaves the round; a budget
    /// of the account that is used up ends it, so that a large request is not overtaken by small ones for ever.
    fn take_turns(&mut self, now: Timestamp, mut turns: VecDeque<Turn<'a>>, pacer: &mut Pacer) {
        let mut blocked = None;
        while let Some(mut turn) = turns.pop_front() {
            let Some(submission) = turn.submissions.pop_front() else { continue };
            let admitted = match blocked {
                _ if submission.is_free() => Ok(()),
                Some(wait) => Err(wait),
                None => submission.admit(now, pacer),
            };
            match (admitted, submission) {
                (Ok(()), Submission::Again(request)) => self.again.push(request.clone()),
                (Ok(()), Submission::First(request)) => self.batches.push(request.into_batch()),
                (Err(wait), submission) => {
                    if !wait.budget.is_of_one_distribution() {
                        blocked = Some(wait);
                    }
                    let rest = [submission].into_iter().chain(turn.submissions);
                    let purges = rest.flat_map(|submission| match submission {
                        // Its rows wait for it already.
                        Submission::Again(_) => Vec::new(),
                        Submission::First(request) => request.purges,
                    });
                    let reason = WaitReason::Budget(wait.budget);
                    let until = wait.until;
                    self.waiting.extend(purges.map(|DuePurge { entry, .. }| Waiting { entry, reason, until }));
                    continue;
                }
            }
            turns.push_back(turn);
        }
    }
}

/// The input of the decision about each entry's stage.
struct Stages<'p, 'a> {
    now: Timestamp,
    pending: &'p Pending<'a>,
    rules: &'p Rules,
    /// The purges in the outbox.
    in_flight: BTreeSet<(&'a TenantId, &'a Target, &'a str, bool)>,
    /// The number of rows of each tenant that have not settled.
    unsettled: BTreeMap<&'a TenantId, usize>,
}

impl<'p, 'a> Stages<'p, 'a> {
    fn of(now: Timestamp, pending: &'p Pending<'a>, rules: &'p Rules) -> Self {
        let purges_of = |request: &'a PurgeRequest| {
            let tenant = &request.for_tenant;
            request.entries.iter().map(move |entry| (tenant, &entry.target, entry.version.as_str(), entry.is_final))
        };
        let mut unsettled = BTreeMap::new();
        for entry in &pending.entries {
            if now < entry.last_event_at.plus(rules.delays.settle) {
                *unsettled.entry(&entry.tenant).or_default() += 1;
            }
        }
        Self { now, pending, rules, in_flight: pending.in_flight.iter().flat_map(purges_of).collect(), unsettled }
    }

    /// The purge that is due for `entry`. Each version of a row has at most one early purge and one final purge.
    fn due(&self, entry: &'a QueueEntry) -> Due<'a> {
        let Self { now, pending, rules, .. } = *self;
        let settled_at = entry.last_event_at.plus(rules.delays.settle);
        let is_final = now >= settled_at;
        if let Some(purge) = entry.completed_purge() {
            return Due::Delete(DeletionPurpose::AfterPurge { ledger_key: purge.ledger_key.clone() });
        }
        let Some(distribution) = pending.tenants.get(&entry.tenant) else {
            let expires_at = settled_at.plus(rules.delays.cached_max);
            return if now >= expires_at {
                Due::Delete(DeletionPurpose::Expired)
            } else {
                Due::Wait(WaitReason::NotRegistered, None)
            };
        };
        if self.is_in_flight(entry, true) {
            return Due::Wait(WaitReason::InFlight, None);
        }
        let is_early_purge_done = entry.early_purge_version.as_ref() == Some(&entry.version);
        let is_bulk = self.unsettled.get(&entry.tenant).is_some_and(|rows| *rows > rules.early_purge_targets_max);
        if !is_final && (is_early_purge_done || is_bulk || self.is_in_flight(entry, false)) {
            return Due::Wait(WaitReason::Settling, Some(settled_at));
        }
        if pending.unavailable.contains(distribution.invalidated_id()) {
            return Due::Wait(WaitReason::DistributionUnavailable, None);
        }
        let mut began_at = now;
        let mut final_from = Some(settled_at);
        let mut variants_deleted = 0;
        if entry.cause.deletes_variants_first(rules.deletes_variants_first) {
            let Some(deleted) = pending.deleted.get(&PurgeId::of(entry, is_final)) else {
                return Due::Delete(DeletionPurpose::Purge { is_final });
            };
            // A response with a variant that has just been deleted may be on its way to an edge.
            let ready_at = deleted.finished_at.plus(rules.delays.settle);
            if is_final && now < ready_at {
                return Due::Wait(WaitReason::Settling, Some(ready_at));
            }
            began_at = deleted.began_at;
            final_from = None;
            variants_deleted = deleted.variants_deleted;
        }
        Due::Purge(DuePurge { entry, began_at, is_final, final_from, variants_deleted })
    }

    fn is_in_flight(&self, entry: &QueueEntry, is_final: bool) -> bool {
        self.in_flight.contains(&(&entry.tenant, &entry.target, entry.version.as_str(), is_final))
    }
}

#[cfg(test)]
mod tests;
