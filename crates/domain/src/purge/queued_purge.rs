//! The decisions of an admin's request that enqueues purges for the next purge run: of packs, of a location, or of
//! everything of a tenant.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::limits::CLOCK_MARGIN_SECS;

use crate::identifier::{ImagePackId, InvalidIdentifierError, TenantId};
use crate::purge::manual_purge;
use crate::queue::enqueue::Enqueue;
use crate::queue::queue_entry::QueueEntry;
use crate::target::Target;
use crate::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// The most packs of one request: DynamoDB reads so many items at once (`BatchGetItem`).
pub const PACKS_MAX: usize = 100;

/// The targets that one token of the tenant's allowance pays for. The pacer admits their requests within CloudFront's
/// quotas and in turn with other tenants, unlike the request of a `DELETE`, which takes a token of its own.
const TARGETS_PER_TOKEN: usize = 10;

/// A list of packs that cannot be purged as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPacksError {
    /// The list has no pack, or too many.
    #[error("the list has {0} image packs; allowed are 1 to {PACKS_MAX}")]
    Count(usize),
    /// Some ids are invalid: one error for each.
    #[error("{} of the image packs are invalid", .0.len())]
    Ids(Vec<InvalidIdentifierError>),
}

/// The targets of a list of packs. A pack that is listed twice is purged once.
pub fn targets_of_packs(ids: &[String]) -> Result<BTreeSet<Target>, InvalidPacksError> {
    if !(1..=PACKS_MAX).contains(&ids.len()) {
        return Err(InvalidPacksError::Count(ids.len()));
    }
    let (mut targets, mut invalid) = (BTreeSet::new(), Vec::new());
    for id in ids {
        match ImagePackId::parse(id) {
            Ok(id) => drop(targets.insert(Target::Pack(id))),
            Err(error) => invalid.push(error),
        }
    }
    if invalid.is_empty() { Ok(targets) } else { Err(InvalidPacksError::Ids(invalid)) }
}

/// Whether a request at `now`, which read `row` afterwards, joins the purge that waits there: an admin has requested it,
/// and the deletion of its variants and its final purge begin later than the request, by any clock. So it covers
/// everything that was stored or cached before the request.
#[must_use]
pub fn joins(row: &QueueEntry, now: Timestamp, settle: Duration) -> bool {
    let margin = Duration::from_secs(u64::from(CLOCK_MARGIN_SECS));
    row.cause.is_manual() && row.completed_purge().is_none() && now.plus(margin) < row.last_event_at.plus(settle)
}

/// The upsert of a request that purges `target` and found `row` in the queue. A purge run makes the early purge, too.
///
/// The version has no hash of a pack's state, so a `DELETE` of the pack does not join this purge: it purges at once.
#[must_use]
pub fn enqueue(
    tenant: &TenantId,
    target: &Target,
    request_id: &str,
    requested_by: String,
    row: Option<&QueueEntry>,
    now: Timestamp,
) -> Enqueue {
    let version = format!("queued@{request_id}");
    let at_once = manual_purge::enqueue(tenant, target, &version, requested_by, row, now);
    Enqueue { is_purged_at_once: false, ..at_once }
}

/// The tokens of the tenant's allowance that a request takes for `targets` purges that it enqueues.
#[must_use]
pub fn tokens(targets: usize) -> u32 {
    u32::try_from(targets.div_ceil(TARGETS_PER_TOKEN)).unwrap_or(u32::MAX)
}
