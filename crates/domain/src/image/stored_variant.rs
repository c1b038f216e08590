//! The use of a stored variant: whether it is the response to a request.

/// The use of a variant that the bucket stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredUse {
    /// It is the response, until it is purged.
    Response,
    /// It is the response, which no cache may keep: the variant is old, its purge is pending, and the response may reach
    /// an edge after that purge.
    ResponseBeforePurge,
    /// The image is rendered, and replaces it.
    Replaced,
}

/// Decides the use of a stored variant with the fingerprint `stored`, where the image's current fingerprint is `current`.
///
/// A variant without a fingerprint was stored by another program. It counts as current until it is purged, but not for a
/// URL with a suffix: a new suffix shows the new image without a purge.
#[must_use]
pub fn stored_use(stored: Option<&str>, current: &str, has_suffix: bool) -> StoredUse {
    match stored {
        Some(stored) if stored == current => StoredUse::Response,
        _ if has_suffix => StoredUse::Replaced,
        Some(_) => StoredUse::ResponseBeforePurge,
        None => StoredUse::Response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_shows_the_current_image_and_other_urls_show_the_stored_one_until_it_is_purged() {
        for (stored, has_suffix, expected) in [
            (Some("new"), false, StoredUse::Response),
            (Some("new"), true, StoredUse::Response),
            (Some("old"), false, StoredUse::ResponseBeforePurge),
            (Some("old"), true, StoredUse::Replaced),
            (None, false, StoredUse::Response),
            (None, true, StoredUse::Replaced),
        ] {
            assert_eq!(stored_use(stored, "new", has_suffix), expected, "{stored:?}, with suffix: {has_suffix}");
        }
    }
}
