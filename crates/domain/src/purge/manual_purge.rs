//! The decision whether an admin's `DELETE` begins a purge or joins the one that an earlier `DELETE` began.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::change::detection::Reason;
use crate::identifier::TenantId;
use crate::image::image_pack::ImagePack;
use crate::purge::ledger::Invalidation;
use crate::purge::purge_request::{OutboxEntry, PurgeRequest};
use crate::queue::enqueue::Enqueue;
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// The longest time from the write of a row to its request in the outbox that another `DELETE` waits for. A pack has a
/// handful of variants, whose deletion takes less than a second; after this time the first `DELETE` has failed.
pub const BEGINNING_MAX: Duration = Duration::from_secs(10);

/// The longest time from the request in the outbox to CloudFront's response that another `DELETE` waits for. After this
/// time it submits the request itself, which is idempotent.
pub const SUBMISSION_MAX: Duration = Duration::from_secs(5);

/// The time in which an invalidation takes effect at 95 of 100 edges (AWS, "What's new", April 2026). A purge that was
/// requested less than this time ago counts as in flight even if CloudFront reports its completion already.
pub const EFFECT_MAX: Duration = Duration::from_secs(5);

/// The characters of the hash in a [`sequence`]: 64 bits, so that two states of a pack never share it by chance.
const HASH_CHARS: usize = 16;

/// The next step of a `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep<'a> {
    /// Begin a purge.
    Purge,
    /// Respond with this purge, which is in flight and covers everything that a new one would. Without an invalidation,
    /// CloudFront has not accepted the request, and this `DELETE` submits it.
    Join(&'a PurgeRequest, Option<&'a Invalidation>),
    /// Another `DELETE` is beginning the same purge: look again soon.
    Wait,
}

/// The sequence of a manual purge, the part of a row's version before the `@`: the state of the pack as the `DELETE` has
/// read it. `None`: the table has no pack that can be read.
#[must_use]
pub fn sequence(pack: Option<&ImagePack>) -> String {
    let state = serde_json::json!(pack).to_string();
    let hash = hex::encode(Sha256::digest(state));
    format!("manual-{}", &hash[..HASH_CHARS])
}

/// The upsert of a `DELETE` of `target` that found `row` in the queue. The same write records that the early purge is being
/// done, so that no purge run begins it.
#[must_use]
pub fn enqueue(
    tenant: &TenantId,
    target: &Target,
    version: &str,
    requested_by: String,
    row: Option<&QueueEntry>,
    now: Timestamp,
) -> Enqueue {
    Enqueue {
        tenant: tenant.clone(),
        target: target.clone(),
        version: version.to_owned(),
        // The settle delay counts from the newest change, also if the clock of its writer is ahead.
        last_event_at: row.map_or(now, |row| row.last_event_at.max(now)),
        cause: PurgeCause {
            first_event_at: now,
            changes: 1,
            reasons: [Reason::Manual].into(),
            requested_by: [requested_by].into(),
        },
        is_purged_at_once: true,
        sequences: Vec::new(),
    }
}

/// The newest of the requests `in_flight` that purges `row` at its version.
#[must_use]
pub fn request_of<'a>(row: &QueueEntry, in_flight: &'a [PurgeRequest]) -> Option<&'a PurgeRequest> {
    let is_of_row = |entry: &OutboxEntry| entry.target == row.target && entry.version == row.version;
    let requests = in_flight.iter().filter(|request| request.for_tenant == row.tenant);
    requests.filter(|request| request.entries.iter().any(is_of_row)).max_by_key(|request| request.created_at)
}

/// Decides the next step `now` of a `DELETE` that has read the pack at `sequence`.
///
/// `row` is the queue's row of the pack, and `request` the request of that row ([`request_of`]) with its invalidation, if
/// CloudFront has accepted it. The `DELETE` joins a purge only if the row was written by another `DELETE` that has read
/// the same state of the pack, and by nothing since.
#[must_use]
pub fn next_step<'a>(
    now: Timestamp,
    sequence: &str,
    row: Option<&QueueEntry>,
    request: Option<&'a (PurgeRequest, Option<Invalidation>)>,
) -> NextStep<'a> {
    let is_same_purge = |row: &QueueEntry| row.version.split_once('@').is_some_and(|(written, _)| written == sequence);
    // A row whose final purge is completed waits for the deletion of old variants only.
    let is_purged = |row: &QueueEntry| row.completed_purge().is_some();
    let Some(row) = row.filter(|row| is_same_purge(row) && !is_purged(row)) else { return NextStep::Purge };
    match request {
        None if now < row.last_event_at.plus(BEGINNING_MAX) => NextStep::Wait,
        None => NextStep::Purge,
        Some((request, None)) if now < request.created_at.plus(SUBMISSION_MAX) => NextStep::Wait,
        Some((request, Some(invalidation)))
            if invalidation.is_completed() && now >= request.created_at.plus(EFFECT_MAX) =>
        {
            NextStep::Purge
        }
        Some((request, invalidation)) => NextStep::Join(request, invalidation.as_ref()),
    }
}
