use super::key::CacheKey;
use super::tags::{CacheTags, MAX_TAG_CHARS, is_tag};

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

/// The reason why CloudFront rejects an item.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ItemError {
    #[error("it must begin with '/' for a path or '#' for a cache tag")]
    NoSlash,
    #[error("a path has at most {MAX_PATH_CHARS} characters")]
    PathTooLong,
    #[error("'~' is not supported in a path, encoded or not")]
    Tilde,
    #[error("spaces, control characters and non-ASCII characters of a path must be URL-encoded")]
    NotEncoded,
    #[error("a cache tag has 1 to {MAX_TAG_CHARS} visible ASCII characters and no comma")]
    NotATag,
    #[error("'*' is not supported in a cache tag")]
    WildcardTag,
}

impl Item {
    pub(crate) fn parse(text: &str) -> Result<Self, ItemError> {
        if let Some(tag) = text.strip_prefix('#') {
            return match tag {
                tag if tag.contains('*') => Err(ItemError::WildcardTag),
                tag if !is_tag(tag) => Err(ItemError::NotATag),
                tag => Ok(Self::Tag(tag.to_ascii_lowercase())),
            };
        }
        if !text.starts_with('/') {
            return Err(ItemError::NoSlash);
        }
        if text.chars().count() > MAX_PATH_CHARS {
            return Err(ItemError::PathTooLong);
        }
        if text.contains('~') || text.to_ascii_lowercase().contains("%7e") {
            return Err(ItemError::Tilde);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ItemError::NotEncoded);
        }
        // `*` is a wildcard only as the last character; elsewhere it is literal.
        Ok(match text.strip_suffix('*') {
            Some(prefix) => Self::Wildcard(prefix.to_owned()),
            None => Self::Path(text.to_owned()),
        })
    }

    /// Whether this item purges the object with this key and these tags.
    pub(crate) fn covers(&self, key: &CacheKey, tags: &CacheTags) -> bool {
        match self {
            Self::Path(path) => key.as_str() == path,
            Self::Wildcard(prefix) => key.as_str().starts_with(prefix),
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
    use crate::distribution::QueryStrings;

    fn check_covers(item: &str, expected: bool) {
        let header = HeaderName::from_static("image-cache-tag");
        let headers: HeaderMap = [(header.clone(), "acme, acme/sunset".parse().unwrap())].into_iter().collect();
        let tags = CacheTags::from_response(&headers, &header);
        let key = CacheKey::new("/img/sunset", Some("location=main"), &QueryStrings::All);
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

    fn check_rejected(item: &str, expected: &ItemError) {
        assert_eq!(Item::parse(item).as_ref(), Err(expected), "{item:.40}");
    }

    #[test]
    fn an_item_that_cloudfront_rejects_is_rejected_with_the_reason() {
        check_rejected("", &ItemError::NoSlash);
        check_rejected("img/sunset", &ItemError::NoSlash);
        check_rejected("*", &ItemError::NoSlash);
        check_rejected(&format!("/{}", "x".repeat(4_000)), &ItemError::PathTooLong);
        check_rejected("/~home", &ItemError::Tilde);
        check_rejected("/%7Ehome", &ItemError::Tilde);
        check_rejected("/two words", &ItemError::NotEncoded);
        check_rejected("/fjäll", &ItemError::NotEncoded);
        check_rejected("#", &ItemError::NotATag);
        check_rejected("#two words", &ItemError::NotATag);
        check_rejected("#one,two", &ItemError::NotATag);
        check_rejected(&format!("#{}", "x".repeat(257)), &ItemError::NotATag);
        check_rejected("#acme*", &ItemError::WildcardTag);
    }

    #[test]
    fn the_longest_path_and_tag_are_accepted() {
        assert!(Item::parse(&format!("/{}", "x".repeat(3_999))).is_ok());
        assert!(Item::parse(&format!("#{}", "x".repeat(256))).is_ok());
    }
}
