//! The viewer's URL: `/api/v2/img/<imagePackId>[-<suffix>]?location=<name>`.

use crate::identifier::{ImagePackId, InvalidIdentifierError, Suffix};

/// The path of a viewer's URL before the image pack id.
pub const IMAGE_PATH_PREFIX: &str = "/api/v2/img/";

/// One reading of the last segment of an image URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The requested pack.
    pub pack: ImagePackId,
    /// The opaque suffix. `None`: this reading has no suffix.
    pub suffix: Option<Suffix>,
}

/// Parses the path of an image URL, as the viewer sent it, into its readings, the likeliest first. `None`: it is the path
/// of no image.
///
/// CloudFront's cache key is the path as it was sent, and an invalidation of a path covers that spelling only. So there is
/// one spelling: a path with a dot segment, an empty segment, a backslash or a percent-encoded character is the path of
/// no image. [`ImagePackId`] and [`Suffix`] allow none of these characters.
#[must_use]
pub fn parse_image_path(path: &str) -> Option<Vec<Reading>> {
    parse_image_segment(path.strip_prefix(IMAGE_PATH_PREFIX)?).ok()
}

/// Parses the last segment of an image URL, `<imagePackId>[-<suffix>]`, into its readings, the likeliest first.
///
/// The part after the last `-` is an opaque suffix, but pack ids may contain dashes themselves (UUIDs do): `a-b` is the
/// pack `a-b` if that exists, otherwise the pack `a` with the suffix `b`. There are at most two readings; the
/// image-pack table decides between them. A suffix may be empty: `a-` is the pack `a`, and a cache entry of its own.
pub fn parse_image_segment(segment: &str) -> Result<Vec<Reading>, InvalidIdentifierError> {
    let whole = ImagePackId::parse(segment);
    let parts = segment.rsplit_once('-').and_then(|(id, suffix)| Some((ImagePackId::parse(id).ok()?, suffix)));
    let with_suffix = parts.map(|(pack, suffix)| Ok(Reading { pack, suffix: Some(Suffix::parse(suffix)?) }));
    match (whole, with_suffix) {
        (Ok(pack), with_suffix) => {
            let without = Reading { pack, suffix: None };
            Ok([without].into_iter().chain(with_suffix.and_then(Result::ok)).collect())
        }
        (Err(_), Some(with_suffix)) => Ok(vec![with_suffix?]),
        (Err(error), None) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &[(&str, Option<&str>)]) {
        let readings = parse_image_path(path).expect("the path of an image");
        let readings: Vec<_> = readings
            .iter()
            .map(|reading| (reading.pack.as_str(), reading.suffix.as_ref().map(Suffix::as_str)))
            .collect();
        assert_eq!(readings, expected, "{path}");
    }

    /// The last segment of a URL, and its readings: the pack and the suffix.
    #[test]
    fn a_segment_is_a_pack_or_the_part_before_its_last_dash() {
        let longest_id = "p".repeat(128);
        let longest_suffix = "s".repeat(128);
        for (segment, expected) in [
            ("p1", &[("p1", None)][..]),
            ("p1-v2", &[("p1-v2", None), ("p1", Some("v2"))]),
            ("a-b-c", &[("a-b-c", None), ("a-b", Some("c"))]),
            (
                "550e8400-e29b-41d4-a716-446655440000-7",
                &[
                    ("550e8400-e29b-41d4-a716-446655440000-7", None),
                    ("550e8400-e29b-41d4-a716-446655440000", Some("7")),
                ],
            ),
            ("a--b", &[("a--b", None)]),
            ("p1-", &[("p1", Some(""))]),
            ("a-b-", &[("a-b", Some(""))]),
            ("p1-_.", &[("p1", Some("_."))]),
            (&longest_id, &[(longest_id.as_str(), None)]),
            (&format!("{longest_id}-v2"), &[(longest_id.as_str(), Some("v2"))]),
            (&format!("p1-{longest_suffix}"), &[("p1", Some(longest_suffix.as_str()))]),
        ] {
            check(&format!("{IMAGE_PATH_PREFIX}{segment}"), expected);
        }
    }

    #[test]
    fn an_invalid_id_or_suffix_is_an_error_that_names_it() {
        let too_long = "s".repeat(129);
        for (segment, expected) in [
            ("", "image pack id \"\""),
            ("-", "image pack id \"-\""),
            ("-v2", "image pack id \"-v2\""),
            ("*", "image pack id \"*\""),
            ("a/b", "image pack id \"a/b\""),
            ("../p1", "image pack id \"../p1\""),
            ("p1-*", "suffix \"*\""),
            ("p1-a/b", "suffix \"a/b\""),
            ("p1-é", "suffix \"é\""),
            (&format!("p1-{too_long}"), "suffix \"sss"),
        ] {
            let error = parse_image_segment(segment).expect_err(segment).to_string();
            assert!(error.starts_with(expected), "{segment}: {error}");
        }
    }

    #[test]
    fn another_path_or_another_spelling_is_the_path_of_no_image() {
        for path in [
            "",
            "/",
            "/favicon.ico",
            "/api/v1/img/p1",
            "/API/v2/img/p1",
            "/api/v2/img",
            "/api/v2/img/",
            "/api/v2/img//p1",
            "/api/v2/img/p1/",
            "/api/v2/img/./p1",
            "/api/v2/img/..",
            "/api/v2/img/%2e/p1",
            "/api/v2/img/p%31",
            "/api/v2/img%2Fp1",
            "/api/v2/img\\p1",
            "/x/../api/v2/img/p1",
        ] {
            assert_eq!(parse_image_path(path), None, "{path}");
        }
    }
}
