//! Where the purge of one pack stands: an explanation for "why do I still see the old image?".

use std::time::Duration;

use crate::purge::ledger::{Invalidation, LedgerRow, REJECTED};
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// What queue, CloudFront and ledger know of a pack: of the pack itself, of its locations and of its tenant, since the
/// purge of a location or of the whole tenant purges the pack too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The queue's rows.
    pub entries: Vec<QueueEntry>,
    /// The requests that are on their way, and what CloudFront says of each; `None`: it has not accepted it, or no
    /// longer knows it.
    pub requests: Vec<(PurgeRequest, Option<Invalidation>)>,
    /// The newest rows of the ledger.
    pub ledger: Vec<LedgerRow>,
}

/// Where the purge of a pack stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeStatus {
    /// Why a viewer may still see the old image, and what comes next, in one sentence.
    pub verdict: String,
    /// What waits to be purged, the pack itself first.
    pub pending: Vec<Pending>,
    /// What CloudFront was told, or is about to be.
    pub running: Vec<Running>,
    /// The purge that was completed last.
    pub last_completed: Option<LedgerRow>,
}

/// One row of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What is purged: the pack, one of its locations, or the tenant.
    pub target: Target,
    /// The changes that wait.
    pub cause: PurgeCause,
    /// When nothing can be rendered from the old data any more, so that the next purge run purges for the last time.
    pub settles_at: Timestamp,
    /// How many early purges it has had.
    pub early_purge_count: u64,
    /// How many variants were deleted so far, where one purge run could not delete them all.
    pub variants_deleted_so_far: Option<u64>,
}

/// One target of a request in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// What is purged.
    pub target: Target,
    /// Whether it is the final purge; if not, another one follows when the change has settled.
    pub is_final: bool,
    /// When it began.
    pub since: Timestamp,
    /// How many variants were deleted.
    pub variants_deleted: u64,
    /// CloudFront's id, once it has accepted it.
    pub invalidation_id: Option<String>,
    /// What CloudFront says of it.
    pub invalidation_status: Option<String>,
}

/// Says where the purge of a pack stands `now`; `settle` is the settle delay.
#[must_use]
pub fn purge_status(now: Timestamp, known: &Known, settle: Duration) -> PurgeStatus {
    let mut entries: Vec<_> = known.entries.iter().collect();
    entries.sort_by(|one, other| one.target.cmp(&other.target));
    let last_completed =
        known.ledger.iter().filter(|row| row.completed_at.is_some()).max_by_key(|row| row.completed_at);
    PurgeStatus {
        verdict: verdict(now, known, &entries, last_completed, settle),
        pending: entries.into_iter().map(|entry| pending(entry, settle)).collect(),
        running: running(known).map(|(entry, request, invalidation)| in_flight(entry, request, invalidation)).collect(),
        last_completed: last_completed.cloned(),
    }
}

fn pending(entry: &QueueEntry, settle: Duration) -> Pending {
    Pending {
        target: entry.target.clone(),
        cause: entry.cause.clone(),
        settles_at: entry.last_event_at.plus(settle),
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

/// What the requests serve.
fn running(known: &Known) -> impl Iterator<Item = (&OutboxEntry, &PurgeRequest, Option<&Invalidation>)> {
    known.requests.iter().flat_map(|(request, invalidation)| {
        request.entries.iter().map(move |entry| (entry, request, invalidation.as_ref()))
    })
}

/// How far the purge of one row has come, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing was purged yet.
    Waits,
    /// Purged once; the change has not settled.
    PurgedEarly,
    /// The change has settled, and the last purge waits for a purge run.
    Settled,
    /// Variants are being deleted, over several purge runs.
    Deleting,
    /// The last request is in the outbox.
    InOutbox,
    /// CloudFront is carrying the last request out.
    InProgress,
    /// CloudFront has completed it.
    Carried,
}

fn stage(now: Timestamp, entry: &QueueEntry, known: &Known, settle: Duration) -> Stage {
    let purges = || running(known).filter(|(purge, ..)| purge.target == entry.target && purge.version == entry.version);
    if let Some((_, request, invalidation)) = purges().find(|(purge, ..)| purge.is_final) {
        return match (&request.invalidation_id, invalidation) {
            (None, _) => Stage::InOutbox,
            (Some(_), Some(invalidation)) if invalidation.is_completed() => Stage::Carried,
            (Some(_), _) => Stage::InProgress,
        };
    }
    let is_purged_once = entry.early_purge_version.as_ref() == Some(&entry.version) || purges().next().is_some();
    match entry.deletion_cursor {
        Some(_) => Stage::Deleting,
        None if now >= entry.last_event_at.plus(settle) => Stage::Settled,
        None if is_purged_once => Stage::PurgedEarly,
        None => Stage::Waits,
    }
}

/// The old image goes when the row goes that has come least far.
fn verdict(
    now: Timestamp,
    known: &Known,
    entries: &[&QueueEntry],
    last_completed: Option<&LedgerRow>,
    settle: Duration,
) -> String {
    let least = entries.iter().map(|entry| (stage(now, entry, known, settle), *entry)).min_by_key(|(stage, _)| *stage);
    let Some((stage, entry)) = least else { return nothing_waits(now, known, last_completed) };
    let what = named(&entry.target);
    let since = elapsed(now, entry.cause.first_event_at);
    let left = elapsed(entry.last_event_at.plus(settle), now);
    match stage {
        Stage::Waits => format!(
            "The change of {what} was made {since} ago and waits for the next purge run, which purges it for the \
             first time; until then viewers get the old image."
        ),
        Stage::PurgedEarly => format!(
            "The change of {what} was made {since} ago and is purged once already; an image that was being rendered \
             meanwhile may have brought the old one back, so the first purge run in {left} or later purges for the \
             last time."
        ),
        Stage::Settled => format!(
            "The change of {what} was made {since} ago and has settled; the next purge run purges it for the last \
             time."
        ),
        Stage::Deleting => format!(
            "The variants of {what} are being deleted, {} so far; CloudFront is invalidated afterwards, so viewers may \
             get the old image until then.",
            entry.deletion_cursor.as_ref().map_or(0, |cursor| cursor.variants_deleted)
        ),
        Stage::InOutbox => format!(
            "The last purge of {what} has deleted its variants, and CloudFront has not accepted the invalidation yet; \
             the next purge run sends it again."
        ),
        Stage::InProgress => format!(
            "CloudFront is carrying out the last invalidation of {what}; viewers get the new image within seconds."
        ),
        Stage::Carried => format!(
            "CloudFront has carried out the last invalidation of {what}, which the next purge run notes; \
             an old image comes from a browser's cache."
        ),
    }
}

fn nothing_waits(now: Timestamp, known: &Known, last_completed: Option<&LedgerRow>) -> String {
    let newest = known.ledger.iter().max_by_key(|row| row.started_at);
    match (newest, last_completed) {
        (Some(newest), _) if newest.invalidation_status == REJECTED => format!(
            "CloudFront rejected the last purge of {}, so viewers get the old image until the dead-letter queue has \
             been replayed.",
            named(&newest.target)
        ),
        (_, Some(row)) => format!(
            "Nothing waits: the last purge, of {}, was completed {} ago; an older image comes \
             from a browser's cache, and a change that was made since has not reached the queue or is none that \
             viewers could see.",
            named(&row.target),
            elapsed(now, row.completed_at.unwrap_or(now))
        ),
        (_, None) => {
            "Nothing waits, and no purge is known: the image was not changed in a way that viewers could see, \
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

/// The time from `earlier` to `later`, for people.
fn elapsed(later: Timestamp, earlier: Timestamp) -> String {
    let secs = later.as_millis().saturating_sub(earlier.as_millis()).div_ceil(1000);
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}
