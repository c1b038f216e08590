//! The viewer's URL: `/api/v2/img/<imagePackId>[-<suffix>]?location=<name>`.

use crate::identifier::{ImagePackId, InvalidIdentifier, Suffix};

/// What stands before the image pack id in a viewer's URL.
pub const IMAGE_PATH_PREFIX: &str = "/api/v2/img/";

/// One way of reading the last segment of an image URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The pack that is asked for.
    pub pack: ImagePackId,
    /// The opaque suffix, if the segment is read as having one.
    pub suffix: Option<Suffix>,
}

/// Reads an image URL's path into the packs it may mean, the likeliest first.
///
/// What follows the last `-` is an opaque suffix, but pack ids may contain dashes themselves (UUIDs do), so
/// `/api/v2/img/a-b` means the pack `a-b` where that exists and otherwise the pack `a` with the suffix `b`. There are
/// at most two readings; which one holds is for the table to say.
/// `None`: the path is not an image URL at all. `Err`: it is one, with an id that cannot be.
#[must_use]
pub fn parse_image_path(path: &str) -> Option<Result<Vec<Reading>, InvalidIdentifier>> {
    let segment = path.strip_prefix(IMAGE_PATH_PREFIX)?;
    let with_suffix = segment.rsplit_once('-').and_then(|(id, suffix)| {
        Some(Reading { pack: ImagePackId::parse(id).ok()?, suffix: Some(Suffix::parse(suffix).ok()?) })
    });
    Some(match (ImagePackId::parse(segment), with_suffix) {
        (Ok(pack), with_suffix) => Ok([Reading { pack, suffix: None }].into_iter().chain(with_suffix).collect()),
        (Err(_), Some(with_suffix)) => Ok(vec![with_suffix]),
        (Err(error), None) => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &[(&str, Option<&str>)]) {
        let readings = parse_image_path(path).expect("an image URL").expect("valid ids");
        let readings: Vec<_> = readings
            .iter()
            .map(|reading| (reading.pack.as_str(), reading.suffix.as_ref().map(Suffix::as_str)))
            .collect();
        assert_eq!(readings, expected, "{path}");
    }

    #[test]
    fn a_segment_without_a_dash_is_a_pack() {
        check("/api/v2/img/p1", &[("p1", None)]);
    }

    #[test]
    fn a_segment_with_a_dash_is_a_pack_or_a_pack_with_a_suffix() {
        check("/api/v2/img/p1-v2", &[("p1-v2", None), ("p1", Some("v2"))]);
        check("/api/v2/img/a-b-c", &[("a-b-c", None), ("a-b", Some("c"))]);
        check("/api/v2/img/p1-_.", &[("p1", Some("_."))]);
    }

    #[test]
    fn the_longest_pack_id_still_takes_a_suffix() {
        let id = "p".repeat(128);
        check(&format!("/api/v2/img/{id}-v2"), &[(&id, Some("v2"))]);
    }

    #[test]
    fn an_id_that_cannot_be_is_an_error() {
        for path in ["/api/v2/img/", "/api/v2/img/*", "/api/v2/img/a/b", "/api/v2/img/p1-", "/api/v2/img/../p1"] {
            assert!(parse_image_path(path).expect("an image URL").is_err(), "{path}");
        }
    }

    #[test]
    fn another_path_is_not_an_image_url() {
        for path in ["/", "/api/v1/img/p1", "/api/v2/img", "/favicon.ico"] {
            assert_eq!(parse_image_path(path), None, "{path}");
        }
    }
}
