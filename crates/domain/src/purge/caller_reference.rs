//! The caller reference of an invalidation: a hash of what is purged, never the clock, so that a repeated request is
//! idempotent.

use sha2::{Digest, Sha256};

use crate::target::Target;

/// The caller reference of an invalidation request: a hash of the distribution, of the items as they are sent, and of
/// each entry's target, version and `is_final`. The order of items and entries does not matter.
///
/// CloudFront returns the existing invalidation for a repeated caller reference and purges nothing again. That makes
/// the repetition of a crashed purge run idempotent. The final purge must not share its reference with the early
/// purge, because image-processing can store a stale variant between the two: so `is_final` is part of the hash.
#[must_use]
pub fn caller_reference<'a>(
    distribution_id: &str,
    items: &[String],
    entries: impl IntoIterator<Item = (&'a Target, &'a str, bool)>,
) -> String {
    let mut lines: Vec<String> = items.iter().map(|item| format!("item {item}")).collect();
    lines.extend(entries.into_iter().map(|(target, version, is_final)| format!("entry {target} {version} {is_final}")));
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(distribution_id);
    for line in lines {
        hash.update([b'\n']);
        hash.update(line);
    }
    hex::encode(hash.finalize())
}
