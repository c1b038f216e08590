use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName};

/// Maximum number of tags of one object; CloudFront drops the others silently
/// (CloudFront Developer Guide, "What you need to know when invalidating tags").
const MAX_TAGS_PER_OBJECT: usize = 50;

/// Maximum length of a cache tag, in characters (same source).
pub(crate) const MAX_TAG_CHARS: usize = 256;

/// The cache tags of an object, in lower case: tags are case-insensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CacheTags(BTreeSet<String>);

impl CacheTags {
    /// Reads the comma-separated tags of an origin response and skips invalid ones.
    pub(crate) fn from_response(headers: &HeaderMap, header_name: &HeaderName) -> Self {
        let tags = headers
            .get_all(header_name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|tag| is_tag(tag))
            .take(MAX_TAGS_PER_OBJECT)
            .map(str::to_ascii_lowercase);
        Self(tags.collect())
    }

    /// Whether the object has this tag, given in lower case.
    pub(crate) fn contains(&self, tag: &str) -> bool {
        self.0.contains(tag)
    }
}

/// A tag is 1 to 256 visible ASCII characters (33 to 126) without a comma.
pub(crate) fn is_tag(text: &str) -> bool {
    (1..=MAX_TAG_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

    fn tags(values: &[&str]) -> CacheTags {
        let values = values.iter().map(|value| (HEADER, value.parse().unwrap()));
        CacheTags::from_response(&values.collect(), &HEADER)
    }

    fn check(values: &[&str], expected: &[&str]) {
        let expected = CacheTags(expected.iter().map(|&tag| tag.to_owned()).collect());
        assert_eq!(tags(values), expected, "{values:?}");
    }

    #[test]
    fn tags_are_split_at_commas_trimmed_and_lower_cased() {
        check(&["acme, acme/sunset ,acme/location/main"], &["acme", "acme/sunset", "acme/location/main"]);
        check(&["Acme/Sunset"], &["acme/sunset"]);
        check(&["acme", "acme/sunset"], &["acme", "acme/sunset"]);
        check(&["acme,,"], &["acme"]);
        check(&[], &[]);
    }

    #[test]
    fn invalid_tags_are_skipped() {
        check(&["two words,acme"], &["acme"]);
        check(&[&format!("{},acme", "x".repeat(257))], &["acme"]);
        check(&[&"x".repeat(256)], &[&"x".repeat(256)]);
    }

    #[test]
    fn the_fifty_first_tag_is_dropped() {
        let header: Vec<String> = (1..=51).map(|number| format!("tag{number}")).collect();
        let tags = tags(&[&header.join(",")]);

        assert!(tags.contains("tag50"));
        assert!(!tags.contains("tag51"));
    }
}
