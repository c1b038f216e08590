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
    /// The requesters: `stream`, `resync`, `replay` or `admin:<subject of the token>`.
    #[serde(default, deserialize_with = "null_attribute::or_default")]
    pub requested_by: BTreeSet<String>,
}
