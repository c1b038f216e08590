//! A row of the queue, for tests.

use domain::change::detection::Reason;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::QueueEntry;
use domain::{Target, TenantId, Timestamp};

/// The row of `target` of `acme` that one change wrote `at`.
pub(crate) fn row(target: &str, at: Timestamp) -> QueueEntry {
    QueueEntry {
        tenant: TenantId::parse("acme").unwrap(),
        target: Target::parse(target).unwrap(),
        version: "1@d".to_owned(),
        last_event_at: at,
        cause: PurgeCause {
            first_event_at: at,
            changes: 1,
            reasons: [Reason::ImageLocationsChanged].into(),
            requested_by: ["stream".to_owned()].into(),
        },
        early_purge_count: 0,
        early_purge_version: None,
        final_purge: None,
        deletion_cursor: None,
    }
}
