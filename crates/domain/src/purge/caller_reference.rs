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

#[cfg(test)]
mod tests {
    use super::*;

    /// Another value would make the repetition of a request that an older version sent a new invalidation.
    #[test]
    fn the_caller_reference_of_known_inputs_never_changes_whatever_their_order() {
        let targets = ["pack#p1", "pack#p2"].map(|target| Target::parse(target).unwrap());
        let mut items = ["#acme/p1", "#acme/p2"].map(str::to_owned);
        let mut entries = [(&targets[0], "1@d", true), (&targets[1], "7@e", false)];
        for _ in 0..2 {
            let expected = "e5e228afec0a21f8a14d5575bd88d9b04259718d327e7fc8a41923628282378d";
            assert_eq!(caller_reference("E1", &items, entries), expected);
            items.reverse();
            entries.reverse();
        }
    }
}
