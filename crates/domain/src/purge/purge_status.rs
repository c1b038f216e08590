//! The purge status of one pack: an explanation for "why do I still see the old image?".

use std::time::Duration;

use crate::purge::ledger::{Invalidation, LedgerRow, REJECTED};
use crate::purge::pacer::Budget;
use crate::purge::planner::{WaitReason, Waiting};
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// The records of queue, CloudFront and ledger about a pack: about the pack itself, its locations and its tenant,
/// because the purge of a location or of the whole tenant purges the pack too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The queue's rows.
    pub entries: Vec<QueueEntry>,
    /// The requests in flight, each with its invalidation. `None`: CloudFront has not accepted the request, or no
    /// longer has the invalidation.
    pub requests: Vec<(PurgeRequest, Option<Invalidation>)>,
    /// The newest rows of the ledger.
    pub ledger: Vec<LedgerRow>,
    /// The rows that wait by the planner's decision. A purge of all others is due.
    pub waits: Vec<Wait>,
}

/// The wait of one row, as the planner decides it over the rows of the tenant and the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The target of the row.
    pub target: Target,
    /// The reason.
    pub reason: WaitReason,
    /// The time until which it waits, if it is known.
    pub until: Option<Timestamp>,
}

impl Wait {
    /// The wait of a row.
    #[must_use]
    pub fn of(waiting: &Waiting<'_>) -> Self {
        Self { target: waiting.entry.target.clone(), reason: waiting.reason, until: waiting.until }
    }
}

impl Known {
    fn wait_of(&self, entry: &QueueEntry) -> Option<&Wait> {
        self.waits.iter().find(|wait| wait.target == entry.target)
    }
}

/// The purge status of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeStatus {
    /// The reason that a viewer may still see the old image, and the next step, in two or three sentences.
    pub verdict: String,
    /// The targets that wait for a purge, the pack itself first.
    pub pending: Vec<Pending>,
    /// The purges in flight.
    pub running: Vec<Running>,
    /// The purge that completed last.
    pub last_completed: Option<LedgerRow>,
}

/// One row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The target: the pack, one of its locations, or the tenant.
    pub target: Target,
    /// The changes that wait.
    pub cause: PurgeCause,
    /// The time after which no old image can reach an edge, so that the next purge is the final one.
    pub settles_at: Timestamp,
    /// The reason why it waits, in plain words. `None`: a purge of it is due.
    pub waits_for: Option<&'static str>,
    /// The time until which it waits, if it is known.
    pub waits_until: Option<Timestamp>,
    /// The number of early purges that it has had.
    pub early_purge_count: u64,
    /// The number of variants deleted so far, while they are being deleted.
    pub variants_deleted_so_far: Option<u64>,
}

/// One target of a request in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The target.
    pub target: Target,
    /// Whether it is the final purge. Otherwise another one follows when the change has settled.
    pub is_final: bool,
    /// The time at which it began.
    pub since: Timestamp,
    /// The number of variants deleted.
    pub variants_deleted: u64,
    /// CloudFront's id of the invalidation, once CloudFront has accepted it.
    pub invalidation_id: Option<String>,
    /// CloudFront's status of the invalidation.
    pub invalidation_status: Option<String>,
}

/// The purge status of a pack `now`; `settle` is the settle delay.
#[must_use]
pub fn purge_status(now: Timestamp, known: &Known, settle: Duration) -> PurgeStatus {
    let mut entries: Vec<_> = known.entries.iter().collect();
    entries.sort_by(|one, other| one.target.cmp(&other.target));
    let last_completed =
        known.ledger.iter().filter(|row| row.is_final && row.completed_at.is_some()).max_by_key(|row| row.completed_at);
    PurgeStatus {
        verdict: verdict(now, known, &entries, last_completed),
        pending: entries.into_iter().map(|entry| pending(entry, known.wait_of(entry), settle)).collect(),
        running: running(known).map(|(entry, request, invalidation)| in_flight(entry, request, invalidation)).collect(),
        last_completed: last_completed.cloned(),
    }
}

/// The row as a status shows it, with its wait, if it has one.
pub(super) fn pending(entry: &QueueEntry, wait: Option<&Wait>, settle: Duration) -> Pending {
    Pending {
        target: entry.target.clone(),
        cause: entry.cause.clone(),
        settles_at: entry.last_event_at.plus(settle),
        waits_for: wait.map(|wait| reason_named(wait.reason)),
        waits_until: wait.and_then(|wait| wait.until),
        early_purge_count: entry.early_purge_count,
        variants_deleted_so_far: entry.deletion_cursor.as_ref().map(|cursor| cursor.variants_deleted),
    }
}

fn in_flight(entry: &OutboxEntry, request: &PurgeRequest, invalidation: Option<&Invalidation>) -> Running {
    Running {
        target: entry.target.clone(),
        is_final: entry.is_final,
        since: entry.began_at,
        variants_deleted: entry.variants_deleted,
        invalidation_id: request.invalidation_id.clone(),
        invalidation_status: invalidation.map(|invalidation| invalidation.status.clone()),
    }
}

/// The entries that the requests serve.
fn running(known: &Known) -> impl Iterator<Item = (&OutboxEntry, &PurgeRequest, Option<&Invalidation>)> {
    known.requests.iter().flat_map(|(request, invalidation)| {
        request.entries.iter().map(move |entry| (entry, request, invalidation.as_ref()))
    })
}

/// The progress of the purge of one row, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The purge run cannot send its purge yet. The reason says why.
    Held(WaitReason),
    /// A purge of it is due.
    Due,
    /// Its variants are deleted before CloudFront is invalidated.
    Deleting,
    /// It gets the final purge only, when the change has settled.
    Settling,
    /// The early purge is sent; the change has not settled.
    PurgedEarly,
    /// The final request is in the outbox.
    InOutbox,
    /// CloudFront is executing the final invalidation.
    InProgress,
    /// CloudFront has completed the final invalidation.
    Completed,
    /// The variants from before the change are being deleted.
    Purged,
}

fn stage(entry: &QueueEntry, known: &Known) -> Stage {
    let purges = || running(known).filter(|(purge, ..)| purge.target == entry.target && purge.version == entry.version);
    match known.wait_of(entry).map(|wait| wait.reason) {
        None => Stage::Due,
        Some(WaitReason::Deleting) => Stage::Deleting,
        Some(WaitReason::Purged) => Stage::Purged,
        Some(WaitReason::Settling) => {
            let is_sent = entry.early_purge_version.as_ref() == Some(&entry.version) || purges().next().is_some();
            if is_sent { Stage::PurgedEarly } else { Stage::Settling }
        }
        Some(WaitReason::InFlight) => match purges().find(|(purge, ..)| purge.is_final) {
            Some((_, _, Some(invalidation))) if invalidation.is_completed() => Stage::Completed,
            Some((_, request, _)) if request.invalidation_id.is_some() => Stage::InProgress,
            _ => Stage::InOutbox,
        },
        Some(
            reason @ (WaitReason::BehindAnother
            | WaitReason::Budget(_)
            | WaitReason::NotRegistered
            | WaitReason::DistributionUnavailable),
        ) => Stage::Held(reason),
    }
}

/// The row with the least progress decides: until it is purged, viewers may get the old image.
fn verdict(now: Timestamp, known: &Known, entries: &[&QueueEntry], last_completed: Option<&LedgerRow>) -> String {
    let least = entries.iter().map(|entry| (stage(entry, known), *entry)).min_by_key(|(stage, _)| *stage);
    let Some((stage, entry)) = least else { return nothing_pending(now, known, last_completed) };
    let what = named(&entry.target);
    let since = elapsed(now, entry.cause.first_event_at);
    let left = known.wait_of(entry).and_then(|wait| wait.until).map(|until| format!("in {}", elapsed(until, now)));
    let left = left.unwrap_or_else(|| "as soon as that has ended".to_owned());
    let deleted = entry.deletion_cursor.as_ref().map_or(0, |cursor| cursor.variants_deleted);
    match stage {
        Stage::Held(reason) => format!(
            "The change of {what} was made {since} ago and waits for {}. Its purge continues {left}. Until then viewers \
             get the old image.",
            reason_named(reason)
        ),
        Stage::Due => format!(
            "The change of {what} was made {since} ago and its purge is due. The purge run sends it within seconds, or the \
             next scheduled one does. Until then viewers get the old image."
        ),
        Stage::Deleting => format!(
            "The variants of {what} are being deleted, {deleted} so far. CloudFront is invalidated afterwards, so viewers \
             may get the old image until then."
        ),
        Stage::Settling => format!(
            "The change of {what} was made {since} ago, with so many others of its tenant that it gets the final purge \
             only. That purge is sent {left}. Until then viewers get the old image."
        ),
        Stage::PurgedEarly => format!(
            "The change of {what} was made {since} ago and has had its early purge. An old image that was on its way to an \
             edge at that time can still arrive, so the final purge is sent {left}."
        ),
        Stage::InOutbox => format!(
            "The final purge of {what} is in the outbox, but CloudFront has not accepted it yet. The purge run sends it \
             again."
        ),
        Stage::InProgress => format!(
            "CloudFront is executing the final invalidation of {what}. Viewers get the new image within seconds."
        ),
        Stage::Completed => format!(
            "CloudFront has completed the final invalidation of {what}; the purge run records it. If you still see the old \
             image, it comes from your browser's cache."
        ),
        Stage::Purged => format!(
            "CloudFront has completed the final invalidation of {what}. Its old variants are being deleted from S3, \
             {deleted} so far; they are not shown any more. If you still see the old image, it comes from your browser's \
             cache."
        ),
    }
}

/// The reason as the object of "waits for".
fn reason_named(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Settling => "the end of the settle delay",
        WaitReason::InFlight => "CloudFront to complete the final invalidation",
        WaitReason::BehindAnother => "another request of its tenant, which comes first",
        WaitReason::Deleting => "the deletion of its variants, which comes before the invalidation",
        WaitReason::Purged => "the deletion of its old variants; the final invalidation is completed",
        WaitReason::Budget(Budget::Calls) => "CloudFront's limit of API calls",
        WaitReason::Budget(Budget::ItemsPerSecond) => "CloudFront's quota of items a second",
        WaitReason::Budget(Budget::WildcardsPerSecond) => "CloudFront's quota of wildcards a second",
        WaitReason::Budget(Budget::ItemsInProgress) => "CloudFront's quota of items in progress",
        WaitReason::Budget(Budget::WildcardsInProgress) => "CloudFront to complete the wildcards before it",
        WaitReason::Budget(Budget::Throttled) => "the end of a pause, because CloudFront has throttled a request",
        WaitReason::NotRegistered => "the registration of the tenant's distribution: deploy the tenant's stack",
        WaitReason::DistributionUnavailable => {
            "the tenant's distribution, for which CloudFront rejects every call: see the log of the purge run"
        }
    }
}

fn nothing_pending(now: Timestamp, known: &Known, last_completed: Option<&LedgerRow>) -> String {
    let newest = known.ledger.iter().max_by_key(|row| row.started_at);
    match (newest, last_completed) {
        (Some(newest), _) if newest.invalidation_status == REJECTED => format!(
            "CloudFront rejected the last purge of {}. Viewers get the old image until the dead-letter queue is \
             replayed.",
            named(&newest.target)
        ),
        (_, Some(row)) => format!(
            "No purge is pending. The last purge of {} completed {} ago. If you still see the old image, it comes from \
             your browser's cache, or the change since then has not reached the queue or is not visible to viewers.",
            named(&row.target),
            elapsed(now, row.completed_at.unwrap_or(now))
        ),
        (_, None) => {
            "No purge is pending, and none is recorded. The image was not changed in a way that is visible to viewers, \
             or the change has not reached the queue yet, which takes seconds."
                .to_owned()
        }
    }
}

fn named(target: &Target) -> String {
    match target {
        Target::Pack(id) => format!("pack {id}"),
        Target::Location(name) => format!("location {name}"),
        Target::Tenant => "the whole tenant".to_owned(),
    }
}

/// The time from `earlier` to `later`, as text.
fn elapsed(later: Timestamp, earlier: Timestamp) -> String {
    let secs = later.as_millis().saturating_sub(earlier.as_millis()).div_ceil(1000);
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}
