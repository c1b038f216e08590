//! The caller reference of an invalidation: a hash of what is purged, never the clock, so that a re-send is free.

use sha2::{Digest, Sha256};

use crate::invalidation_item::InvalidationItem;
use crate::planner::PlannedEntry;

/// Names an invalidation batch after its content: the distribution, the sorted items, and each entry's target,
/// version and whether it had settled.
///
/// CloudFront answers a repeated reference with the invalidation that exists and purges nothing anew. That is wanted
/// when a crashed run is repeated, and it would be fatal if the pass that may let a row go shared its reference with
/// an earlier pass, before which a stale variant can have been stored. So the settled pass has a reference of its own.
#[must_use]
pub fn caller_reference(distribution_id: &str, items: &[InvalidationItem], entries: &[PlannedEntry]) -> String {
    let mut lines: Vec<String> = items.iter().map(|item| format!("item {item}")).collect();
    lines.extend(
        entries
            .iter()
            .map(|planned| format!("entry {} {} {}", planned.entry.target, planned.entry.version, planned.is_settled)),
    );
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(distribution_id);
    for line in lines {
        hash.update([b'\n']);
        hash.update(line);
    }
    hex::encode(hash.finalize())
}
