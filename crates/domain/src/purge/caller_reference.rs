//! The caller reference of an invalidation: a hash of what is purged, never the clock, so that a re-send is idempotent.

use sha2::{Digest, Sha256};

use crate::purge::batch::PlannedEntry;
use crate::purge::invalidation_item::InvalidationItem;
use crate::target::Target;

/// Names an invalidation batch after its content: the distribution, the sorted items, and each entry's target,
/// version and whether it had settled.
///
/// CloudFront returns the existing invalidation for a repeated reference and purges nothing anew. That is wanted
/// when a crashed purge run is repeated, and it would be fatal if the final purge shared its reference with the early
/// purge, after which a stale variant can have been stored. So the final purge has a reference of its own.
#[must_use]
pub fn caller_reference(distribution_id: &str, items: &[InvalidationItem], entries: &[PlannedEntry]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    let entries =
        entries.iter().map(|planned| (&planned.entry.target, planned.entry.version.as_str(), planned.is_final));
    name_of(distribution_id, &items, entries)
}

/// The same of items as they are sent and of each entry's target, version and whether it had settled.
pub(crate) fn name_of<'a>(
    distribution_id: &str,
    items: &[String],
    entries: impl Iterator<Item = (&'a Target, &'a str, bool)>,
) -> String {
    let mut lines: Vec<String> = items.iter().map(|item| format!("item {item}")).collect();
    lines.extend(entries.map(|(target, version, is_final)| format!("entry {target} {version} {is_final}")));
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(distribution_id);
    for line in lines {
        hash.update([b'\n']);
        hash.update(line);
    }
    hex::encode(hash.finalize())
}
