//! Conditional requests and ranges of viewers.
//!
//! Sources: RFC 9110, sections 13 and 14; CloudFront Developer Guide, "How CloudFront processes partial requests for an
//! object (range GETs)".

use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The part of an object that a request selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The whole object.
    Whole,
    /// Nothing: the viewer has the object (304).
    NotModified,
    /// These bytes (206).
    Part(Range<usize>),
    /// Bytes that the object does not have (416).
    Unsatisfiable,
}

/// Whether the viewer has the object already: `If-None-Match`, or `If-Modified-Since` without it.
pub(crate) fn is_not_modified(request: &HeaderMap, object: &HeaderMap) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let listed = request.get_all(header::IF_NONE_MATCH).iter().filter_map(text).flat_map(|value| value.split(','));
        let etag = object.get(header::ETAG).and_then(text);
        return listed
            .map(str::trim)
            .any(|listed| listed == "*" || etag.is_some_and(|etag| weak(listed) == weak(etag)));
    }
    let time = |headers: &HeaderMap, name: HeaderName| -> Option<Timestamp> {
        DateTimeParser::new().parse_timestamp(headers.get(name).and_then(text)?).ok()
    };
    match (time(request, header::IF_MODIFIED_SINCE), time(object, header::LAST_MODIFIED)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

/// The selection of a GET for an object in the cache.
pub(crate) fn select(request: &HeaderMap, object: &HeaderMap, status: StatusCode, length: usize) -> Selection {
    if status != StatusCode::OK {
        return Selection::Whole;
    }
    if is_not_modified(request, object) {
        return Selection::NotModified;
    }
    match request.get(header::RANGE).and_then(text) {
        Some(range) if is_current(request, object) => part(range, length),
        _ => Selection::Whole,
    }
}

/// Whether `If-Range` allows a part of the object. A weak tag or a date never does: then the whole object is correct.
fn is_current(request: &HeaderMap, object: &HeaderMap) -> bool {
    let Some(expected) = request.get(header::IF_RANGE) else { return true };
    object.get(header::ETAG) == Some(expected) && !expected.as_bytes().starts_with(b"W/")
}

/// Parses `bytes=a-b`, `bytes=a-` or `bytes=-n`. Several ranges and malformed ones select the whole object; of several
/// ascending ranges CloudFront would send each.
fn part(range: &str, length: usize) -> Selection {
    let parsed = || -> Option<Range<usize>> {
        let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
        if first.is_empty() {
            let count: usize = last.parse().ok()?;
            return Some(length.saturating_sub(count)..length);
        }
        let first: usize = first.parse().ok()?;
        let last = if last.is_empty() { usize::MAX } else { last.parse().ok()? };
        (first <= last).then(|| first..last.saturating_add(1).min(length))
    };
    match parsed() {
        None => Selection::Whole,
        Some(range) if range.start < range.end => Selection::Part(range),
        Some(_) => Selection::Unsatisfiable,
    }
}

/// A tag without the mark of a weak one: `If-None-Match` compares weakly.
fn weak(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODIFIED: &str = "Sun, 22 Nov 2026 10:00:00 GMT";

    fn headers(headers: &[(HeaderName, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn check(request: &[(HeaderName, &str)], expected: &Selection) {
        let object = headers(&[(header::ETAG, "\"v1\""), (header::LAST_MODIFIED, MODIFIED)]);
        assert_eq!(&select(&headers(request), &object, StatusCode::OK, 10), expected, "{request:?}");
    }

    #[test]
    fn an_object_that_the_viewer_has_is_not_sent_again() {
        use header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
        for (request, is_not_modified) in [
            ([(IF_NONE_MATCH, "\"v1\"")].as_slice(), true),
            (&[(IF_NONE_MATCH, "W/\"v1\"")], true),
            (&[(IF_NONE_MATCH, "\"v0\", \"v1\"")], true),
            (&[(IF_NONE_MATCH, "*")], true),
            (&[(IF_NONE_MATCH, "\"v2\"")], false),
            (&[(IF_MODIFIED_SINCE, MODIFIED)], true),
            (&[(IF_MODIFIED_SINCE, "Sun, 22 Nov 2026 09:59:59 GMT")], false),
            (&[(IF_MODIFIED_SINCE, "yesterday")], false),
            // `If-None-Match` counts alone.
            (&[(IF_NONE_MATCH, "\"v2\""), (IF_MODIFIED_SINCE, MODIFIED)], false),
            (&[], false),
        ] {
            check(request, if is_not_modified { &Selection::NotModified } else { &Selection::Whole });
        }
    }

    #[test]
    fn a_range_selects_a_part() {
        use Selection::{Part, Unsatisfiable, Whole};
        for (range, expected) in [
            ("bytes=0-3", Part(0..4)),
            ("bytes=4-", Part(4..10)),
            ("bytes=-3", Part(7..10)),
            ("bytes=8-99", Part(8..10)),
            ("bytes=-99", Part(0..10)),
            ("bytes=10-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=3-1", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=a-b", Whole),
            ("pixels=0-3", Whole),
        ] {
            check(&[(header::RANGE, range)], &expected);
        }
    }

    #[test]
    fn a_range_of_another_version_selects_the_whole_object() {
        for (if_range, expected) in
            [("\"v1\"", Selection::Part(0..4)), ("\"v0\"", Selection::Whole), (MODIFIED, Selection::Whole)]
        {
            check(&[(header::RANGE, "bytes=0-3"), (header::IF_RANGE, if_range)], &expected);
        }
    }

    #[test]
    fn an_error_is_always_whole() {
        let request = headers(&[(header::IF_NONE_MATCH, "*"), (header::RANGE, "bytes=0-3")]);
        assert_eq!(select(&request, &HeaderMap::new(), StatusCode::NOT_FOUND, 10), Selection::Whole);
    }
}
