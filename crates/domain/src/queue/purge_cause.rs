//! The cause of a purge: the changes that it covers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::change::detection::Reason;
use crate::null_attribute;
use crate::timestamp::Timestamp;

/// The changes that one purge covers. The queue, the outbox, the ledger and the purge status carry it along, each as
/// attributes of its own row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeCause {
    /// The time at which the oldest change was written.
    pub first_event_at: Timestamp,
    /// The number of changes.
    pub changes: u64,
    /// The reasons, at least one.
    pub reasons: BTreeSet<Reason>,
    /// The requesters: `stream`, `resync`, `replay`, `admin:<subject of the token>` or `operator:<caller>`.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub requested_by: BTreeSet<String>,
}

impl PurgeCause {
    /// Whether an admin has requested the purge.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.reasons.contains(&Reason::Manual)
    }

    /// Whether the variants must be deleted before CloudFront is invalidated. `by_rule`: those of every change. An admin's
    /// purge also deletes a variant that is current.
    #[must_use]
    pub fn deletes_variants_first(&self, by_rule: bool) -> bool {
        by_rule || self.is_manual()
    }
}
