use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName};

/// Maximum number of tags of one object; CloudFront drops the others silently
/// (CloudFront Developer Guide, "What you need to know when invalidating tags").
const MAX_TAGS_PER_OBJECT: usize = 50;

/// Maximum length of a cache tag, in characters (same source).
pub(crate) const MAX_TAG_CHARS: usize = 256;

/// Reads the comma-separated cache tags of an origin response, in lower case because tags are case-insensitive. Skips
/// invalid ones.
pub(crate) fn cache_tags(headers: &HeaderMap, header_name: &HeaderName) -> BTreeSet<String> {
    let values = headers.get_all(header_name).iter().filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| value.split(',')).map(str::trim).filter(|tag| is_tag(tag));
    tags.take(MAX_TAGS_PER_OBJECT).map(str::to_ascii_lowercase).collect()
}

/// A tag is 1 to 256 visible ASCII characters (33 to 126) without a comma.
pub(crate) fn is_tag(text: &str) -> bool {
    (1..=MAX_TAG_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

    fn check(values: &[&str], expected: &[&str]) {
        let headers = values.iter().map(|value| (HEADER, value.parse().unwrap())).collect();
        let expected = expected.iter().map(|&tag| tag.to_owned()).collect();
        assert_eq!(cache_tags(&headers, &HEADER), expected, "{values:?}");
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
        let tags: Vec<String> = (1..=51).map(|number| format!("tag{number}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        check(&[&tags.join(",")], &tags[..50]);
    }
}
