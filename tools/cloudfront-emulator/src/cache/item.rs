use std::collections::BTreeSet;

use super::tags::{MAX_TAG_CHARS, is_tag};

/// Maximum length of an invalidation path, in characters
/// (CloudFront Developer Guide, "What you need to know when invalidating files").
const MAX_PATH_CHARS: usize = 4_000;

/// One item of an invalidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// `/path`: one object.
    Path(String),
    /// `/path*`: every object whose key begins with the text before the `*`.
    Wildcard(String),
    /// `#tag`: every object with this tag, in lower case.
    Tag(String),
}

impl Item {
    /// Parses an item. The error is the reason why CloudFront rejects it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(tag) = text.strip_prefix('#') {
            return match tag {
                tag if tag.contains('*') => Err("'*' is not supported in a cache tag".to_owned()),
                tag if !is_tag(tag) => {
                    Err(format!("a cache tag has 1 to {MAX_TAG_CHARS} visible ASCII characters and no comma"))
                }
                tag => Ok(Self::Tag(tag.to_ascii_lowercase())),
            };
        }
        if !text.starts_with('/') {
            return Err("it must begin with '/' for a path or '#' for a cache tag".to_owned());
        }
        if text.chars().count() > MAX_PATH_CHARS {
            return Err(format!("a path has at most {MAX_PATH_CHARS} characters"));
        }
        if text.contains('~') || text.to_ascii_lowercase().contains("%7e") {
            return Err("'~' is not supported in a path, encoded or not".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("spaces, control characters and non-ASCII characters of a path must be URL-encoded".to_owned());
        }
        // `*` is a wildcard only as the last character; elsewhere it is literal.
        Ok(match text.strip_suffix('*') {
            Some(prefix) => Self::Wildcard(prefix.to_owned()),
            None => Self::Path(text.to_owned()),
        })
    }

    /// Whether this item purges the object with this key and these tags.
    pub(crate) fn covers(&self, key: &str, tags: &BTreeSet<String>) -> bool {
        match self {
            Self::Path(path) => key == path,
            Self::Wildcard(prefix) => key.starts_with(prefix),
            Self::Tag(tag) => tags.contains(tag),
        }
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        matches!(self, Self::Wildcard(_))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::*;
    use crate::cache::key::cache_key;
    use crate::cache::tags::cache_tags;
    use crate::distribution::QueryStrings;

    fn check_covers(item: &str, expected: bool) {
        let header = HeaderName::from_static("image-cache-tag");
        let headers: HeaderMap = [(header.clone(), "acme, acme/sunset".parse().unwrap())].into_iter().collect();
        let tags = cache_tags(&headers, &header);
        let key = cache_key("/img/sunset", Some("location=main"), &QueryStrings::All);
        assert_eq!(Item::parse(item).unwrap().covers(&key, &tags), expected, "{item}");
    }

    #[test]
    fn an_item_covers_its_path_its_prefix_or_its_tag() {
        check_covers("/img/sunset?location=main", true);
        check_covers("/img/sunset", false);
        check_covers("/img/Sunset?location=main", false);
        check_covers("/img/sunset*", true);
        check_covers("/img/sunset?location=main*", true);
        check_covers("/*", true);
        check_covers("/img/sun*set?location=main", false);
        check_covers("#acme", true);
        check_covers("#ACME/Sunset", true);
        check_covers("#acme/sun", false);
        check_covers("#globex", false);
    }

    fn check_rejected(item: &str, expected: &str) {
        assert_eq!(Item::parse(item), Err(expected.to_owned()), "{item:.40}");
    }

    #[test]
    fn an_item_that_cloudfront_rejects_is_rejected_with_the_reason() {
        for item in ["", "img/sunset", "*"] {
            check_rejected(item, "it must begin with '/' for a path or '#' for a cache tag");
        }
        check_rejected(&format!("/{}", "x".repeat(4_000)), "a path has at most 4000 characters");
        for item in ["/~home", "/%7Ehome"] {
            check_rejected(item, "'~' is not supported in a path, encoded or not");
        }
        for item in ["/two words", "/fjäll"] {
            check_rejected(item, "spaces, control characters and non-ASCII characters of a path must be URL-encoded");
        }
        for item in ["#", "#two words", "#one,two", &format!("#{}", "x".repeat(257))] {
            check_rejected(item, "a cache tag has 1 to 256 visible ASCII characters and no comma");
        }
        check_rejected("#acme*", "'*' is not supported in a cache tag");
    }

    #[test]
    fn the_longest_path_and_tag_are_accepted() {
        assert!(Item::parse(&format!("/{}", "x".repeat(3_999))).is_ok());
        assert!(Item::parse(&format!("#{}", "x".repeat(256))).is_ok());
    }
}
