//! The event of a completed purge: caches further down follow it, and so does warming.

use std::collections::BTreeSet;

use domain::change::detection::Reason;
use domain::purge::ledger::LedgerRow;
use domain::{Target, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// The detail of an event "Purge Completed": one purge of one target, which CloudFront has completed. Times are those of
/// the ledger, in UTC.
///
/// It names no requester: an admin's name is not for every subscriber. The ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeCompleted {
    /// The name of the environment.
    pub environment: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The key of the purge in the ledger. An event that is delivered twice has the same one.
    pub purge: String,
    /// The purged target: `pack#<imagePackId>`, `location#<name>` or `tenant`.
    pub target: Target,
    /// `true`: no cache of this service can have an image from before the changes any more. `false`: it was the early
    /// purge, and the final one follows.
    pub is_final: bool,
    /// The reasons of the changes.
    pub reasons: BTreeSet<Reason>,
    /// The time at which the oldest change was written.
    pub first_event_at: jiff::Timestamp,
    /// The time at which the newest change was enqueued.
    pub enqueued_at: jiff::Timestamp,
    /// The time at which the purge began.
    pub started_at: jiff::Timestamp,
    /// The time at which a purge run found that CloudFront has completed the invalidation.
    pub completed_at: jiff::Timestamp,
    /// CloudFront's id of the distribution or of the distribution tenant.
    pub distribution_id: String,
    /// CloudFront's id of the invalidation.
    pub invalidation_id: Option<String>,
    /// The id of the newest change in the logs.
    pub correlation_id: String,
}

impl PurgeCompleted {
    /// The event of a write of a row of the ledger, from `old` to `new`, in `environment`. `None`: the write has not
    /// completed the purge.
    #[must_use]
    pub fn of(environment: &str, old: Option<&LedgerRow>, new: LedgerRow) -> Option<Self> {
        let completed_at = new.completed_at?;
        if old.is_some_and(|old| old.completed_at.is_some()) {
            return None;
        }
        Some(Self {
            environment: environment.to_owned(),
            tenant: new.tenant,
            purge: new.purge,
            target: new.target,
            is_final: new.is_final,
            reasons: new.cause.reasons,
            first_event_at: utc(new.cause.first_event_at),
            enqueued_at: utc(new.enqueued_at),
            started_at: utc(new.started_at),
            completed_at: utc(completed_at),
            distribution_id: new.distribution_id,
            invalidation_id: new.invalidation_id,
            correlation_id: new.version,
        })
    }
}

/// The same time; the largest one that can be written, for a later one.
fn utc(time: Timestamp) -> jiff::Timestamp {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
}
