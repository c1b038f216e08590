//! Identifiers that cannot widen a purge.
//!
//! Tenants, packs, locations and suffixes become parts of S3 prefixes, CloudFront paths, cache tags and names in IAM
//! policies. Each is a newtype that rejects every character with a meaning there: `*` (a CloudFront wildcard), `/` (the
//! next path segment), `~` (which CloudFront cannot invalidate, encoded or not), `#` and `,` (tag syntax), control
//! characters, and everything outside ASCII (no look-alikes, no differences of percent-encoding).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::headers::CACHE_TAG_HEADER;

/// A text that is not a valid identifier. The message names the kind, the text and the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {shown:?} is not valid: {allowed}")]
pub struct InvalidIdentifierError {
    kind: &'static str,
    /// The rejected text, cut to [`SHOWN_MAX_CHARS`] so that an error never repeats a hostile megabyte.
    shown: String,
    allowed: &'static str,
}

/// Longest part of a rejected text that an error repeats, in characters.
const SHOWN_MAX_CHARS: usize = 80;

impl InvalidIdentifierError {
    fn new(kind: &'static str, text: &str, allowed: &'static str) -> Self {
        let mut shown: String = text.chars().take(SHOWN_MAX_CHARS).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self { kind, shown, allowed }
    }
}

/// Declares one identifier: its documentation, its name in errors, its rule in words, as a pattern and in code.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $allowed:literal, $pattern:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule as a regular expression of JSON Schema.
            pub const PATTERN: &str = $pattern;

            /// The identifier `text`, if it is valid.
            pub fn parse(text: &str) -> Result<Self, InvalidIdentifierError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidIdentifierError::new($kind, text, $allowed))
                }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdentifierError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }
    };
}

identifier!(
    /// A tenant: one broadcaster or shop, with one distribution. It is the first label of the viewer's host name, so
    /// it follows the rule of a DNS label in lower case (RFC 1123).
    TenantId,
    "tenant",
    "allowed are 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit",
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    is_label
);

identifier!(
    /// The name of an HTTP header in lower case.
    HeaderName,
    "header name",
    "allowed are 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit",
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    is_label
);

impl HeaderName {
    /// The response header that carries cache tags, unless an environment names another one.
    #[must_use]
    pub fn of_cache_tags() -> Self {
        Self(CACHE_TAG_HEADER.to_owned())
    }
}

identifier!(
    /// An image pack of a tenant. Case matters to DynamoDB, S3 and CloudFront paths. At most 128 characters, so that
    /// `<tenant>/<pack>` stays within a cache tag's 256.
    ImagePackId,
    "image pack id",
    "allowed are 1 to 128 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit",
    "^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$",
    |text| (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && text.starts_with(|character: char| character.is_ascii_alphanumeric())
        && text.ends_with(|character: char| character.is_ascii_alphanumeric())
);

identifier!(
    /// An image location: a named place that shows an image of a pack (`main`, `poster`, …).
    LocationName,
    "image location",
    "allowed are 1 to 64 of A-Z, a-z, 0-9, '-' and '_'",
    "^[A-Za-z0-9_-]{1,64}$",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
);

identifier!(
    /// The opaque part of an image URL after the last `-`. It makes the URL a cache entry of its own in CloudFront and has
    /// no other meaning. It may be empty. At most 128 characters, like a pack's id.
    Suffix,
    "suffix",
    "allowed are up to 128 of A-Z, a-z, 0-9, '_' and '.'",
    "^[A-Za-z0-9_.]{0,128}$",
    |text| text.len() <= 128
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
);

/// `true` for a DNS label in lower case (RFC 1123): 1 to 63 of a-z, 0-9 and '-', neither beginning nor ending with '-'.
#[must_use]
pub fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(valid: bool, parsed: &Result<impl fmt::Debug, InvalidIdentifierError>) {
        assert_eq!(parsed.is_ok(), valid, "{parsed:?}");
    }

    #[test]
    fn the_header_of_cache_tags_is_a_header_name() {
        assert_eq!(HeaderName::parse(CACHE_TAG_HEADER), Ok(HeaderName::of_cache_tags()));
    }

    #[test]
    fn tenants_are_lower_case_dns_labels() {
        for valid in ["a", "acme", "acme2", "tv-2", &"a".repeat(63)] {
            check(true, &TenantId::parse(valid));
        }
        for invalid in ["", "Acme", "-a", "a-", "a.b", "a/b", "a*", "acmé", &"a".repeat(64), "a b", "a\n"] {
            check(false, &TenantId::parse(invalid));
        }
    }

    #[test]
    fn pack_ids_reject_whatever_could_widen_a_purge() {
        for valid in ["p1", "P1", "5f2b9c", "a-b-c", "550e8400-e29b-41d4-a716-446655440000", "a.b_c", &"a".repeat(128)]
        {
            check(true, &ImagePackId::parse(valid));
        }
        for invalid in [
            "",
            "*",
            "p*",
            "p/1",
            "..",
            ".",
            "a..",
            "~p",
            "p~",
            "p#1",
            "p,1",
            "p 1",
            "p\u{0}",
            "p%2F",
            "раck",
            "-p",
            "p-",
            &"a".repeat(129),
        ] {
            check(false, &ImagePackId::parse(invalid));
        }
    }

    #[test]
    fn locations_and_suffixes_reject_path_syntax() {
        for valid in ["main", "poster_2", "16-9"] {
            check(true, &LocationName::parse(valid));
        }
        for invalid in ["", "a/b", "a*", "a.b", &"a".repeat(65)] {
            check(false, &LocationName::parse(invalid));
        }
        for valid in ["", "1", "v2", "20260101T1200", "a.b_c", &"a".repeat(128)] {
            check(true, &Suffix::parse(valid));
        }
        for invalid in ["a-b", "a/b", "*", &"a".repeat(129)] {
            check(false, &Suffix::parse(invalid));
        }
    }

    #[test]
    fn an_error_names_the_kind_the_text_and_what_is_allowed() {
        let message = ImagePackId::parse("p*").unwrap_err().to_string();
        assert_eq!(
            message,
            "image pack id \"p*\" is not valid: allowed are 1 to 128 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and \
             ending with a letter or digit"
        );
    }

    #[test]
    fn an_error_does_not_repeat_a_huge_text() {
        let message = ImagePackId::parse(&"*".repeat(10_000)).unwrap_err().to_string();
        assert!(message.len() < 400, "{} bytes", message.len());
    }

    #[test]
    fn an_identifier_read_from_json_is_checked_too() {
        assert!(serde_json::from_str::<TenantId>("\"acme\"").is_ok());
        assert!(serde_json::from_str::<TenantId>("\"acme*\"").is_err());
    }
}
