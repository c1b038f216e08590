//! The lifetime of an origin response in the caches.
//!
//! Sources: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)", "Control how long
//! CloudFront caches errors", "HTTP 4xx and 5xx status codes that CloudFront caches" and "How CloudFront processes HTTP
//! 3xx status codes". `Expires` is ignored: no origin of this repository sends it.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::distribution::{Distribution, Ttl};

/// The time to live of an error response without a directive of origin or distribution, in seconds.
const DEFAULT_ERROR_CACHING_MIN_TTL_SECS: u64 = 10;

/// The lifetime of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The time for which the response is served without asking the origin.
    pub(crate) fresh_for: Duration,
    /// The further time for which it is served if the origin fails.
    pub(crate) stale_for: Duration,
}

/// Returns the lifetime of a response.
pub(crate) fn lifetime(status: StatusCode, headers: &HeaderMap, distribution: &Distribution) -> Lifetime {
    let cache_control = CacheControl::of(headers);
    let error_min = error_caching_min(status, distribution);
    Lifetime {
        fresh_for: fresh_for(status, cache_control.freshness, error_min, distribution.ttl),
        stale_for: stale_for(status, cache_control.stale_if_error_secs, distribution.ttl),
    }
}

/// `ErrorCachingMinTTL` of a status, by default 10 seconds.
pub(super) fn error_caching_min(status: StatusCode, distribution: &Distribution) -> Duration {
    let configured = distribution.error_caching_min_ttl_secs.get(&status.as_u16());
    Duration::from_secs(configured.copied().unwrap_or(DEFAULT_ERROR_CACHING_MIN_TTL_SECS))
}

fn fresh_for(status: StatusCode, freshness: Freshness, error_min: Duration, ttl: Ttl) -> Duration {
    let Ttl { min_secs, default_secs, max_secs } = ttl;
    let secs = match (status.as_u16(), freshness) {
        // A 206 or 304 is no whole object, and the emulator did not ask for one.
        (206 | 304, _) | (307 | 308, Freshness::Silent) => 0,
        (200..=399, Freshness::DoNotStore) => min_secs,
        (200..=399, Freshness::MaxAgeSecs(secs)) => secs.min(max_secs).max(min_secs),
        (200..=399, Freshness::Silent) => default_secs.max(min_secs),
        (400 | 403 | 404 | 405 | 412 | 414 | 415 | 500..=504, Freshness::MaxAgeSecs(secs)) => {
            return Duration::from_secs(secs.min(max_secs)).max(error_min);
        }
        // Newer copies of the guide exempt a `no-store` of 404, 414 and 501, older ones do not: the worse case.
        (404 | 405 | 414 | 500..=504, _) => return error_min,
        _ => 0,
    };
    Duration::from_secs(secs)
}

/// The time behind the expiry until which a response is served if the origin fails: the maximum TTL, or a shorter
/// `stale-if-error`. Whether the maximum counts from the expiry is not documented; it is the worse case.
fn stale_for(status: StatusCode, stale_if_error_secs: Option<u64>, ttl: Ttl) -> Duration {
    let is_object = matches!(status.as_u16(), 200..=399) && ![206, 304].contains(&status.as_u16());
    let secs = if is_object { stale_if_error_secs.unwrap_or(ttl.max_secs).min(ttl.max_secs) } else { 0 };
    Duration::from_secs(secs)
}

/// The directives of `Cache-Control` for a shared cache.
#[derive(Clone, Copy)]
struct CacheControl {
    freshness: Freshness,
    stale_if_error_secs: Option<u64>,
}

#[derive(Clone, Copy)]
enum Freshness {
    /// `no-store`, `no-cache` or `private`.
    DoNotStore,
    /// `s-maxage`, or `max-age` without it.
    MaxAgeSecs(u64),
    /// No directive for the cache.
    Silent,
}

impl CacheControl {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        let (mut max_age, mut shared_max_age, mut stale_if_error_secs) = (None, None, None);
        let mut must_not_store = false;
        for directive in values.flat_map(|value| value.split(',')) {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let secs = || argument.trim().trim_matches('"').parse().ok();
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => must_not_store = true,
                "s-maxage" => shared_max_age = secs(),
                "max-age" => max_age = secs(),
                "stale-if-error" => stale_if_error_secs = secs(),
                _ => {}
            }
        }
        let freshness = match shared_max_age.or(max_age) {
            _ if must_not_store => Freshness::DoNotStore,
            Some(secs) => Freshness::MaxAgeSecs(secs),
            None => Freshness::Silent,
        };
        Self { freshness, stale_if_error_secs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Origin;

    const DAY_SECS: u64 = 86_400;
    const YEAR_SECS: u64 = 31_536_000;

    fn lifetime_of(distribution: &Distribution, status: u16, cache_control: &str) -> Lifetime {
        let mut headers = HeaderMap::new();
        if !cache_control.is_empty() {
            headers.insert(header::CACHE_CONTROL, cache_control.parse().unwrap());
        }
        lifetime(StatusCode::from_u16(status).unwrap(), &headers, distribution)
    }

    fn check(distribution: &Distribution, status: u16, cache_control: &str, expected_secs: u64) {
        let seen = lifetime_of(distribution, status, cache_control).fresh_for;
        assert_eq!(seen.as_secs(), expected_secs, "{status} {cache_control:?}");
    }

    fn distribution() -> Distribution {
        Distribution::new("E1", "acme.localhost", Origin::default())
    }

    #[test]
    fn the_time_to_live_is_that_of_the_origin_within_the_bounds_of_the_policy() {
        let open = distribution();
        check(&open, 200, "max-age=60", 60);
        check(&open, 200, "public, MAX-AGE=60, immutable", 60);
        check(&open, 200, "max-age=60, s-maxage=600", 600);
        check(&open, 200, "s-maxage=0, max-age=60", 0);
        check(&open, 200, "max-age=\"60\"", 60);
        check(&open, 200, "max-age=99999999999", YEAR_SECS);
        check(&open, 200, "", DAY_SECS);
        check(&open, 200, "max-age=soon", DAY_SECS);
        check(&open, 200, "no-store", 0);
        check(&open, 200, "no-cache, max-age=60", 0);
        check(&open, 200, "private", 0);

        let mut bounded = distribution();
        bounded.ttl = Ttl { min_secs: 30, default_secs: 40, max_secs: 50 };
        check(&bounded, 200, "max-age=1", 30);
        check(&bounded, 200, "max-age=45", 45);
        check(&bounded, 200, "max-age=60", 50);
        check(&bounded, 200, "no-store", 30);
        check(&bounded, 200, "", 40);
    }

    #[test]
    fn redirects_are_cached_except_temporary_ones_without_a_directive() {
        for status in [301, 302] {
            check(&distribution(), status, "", DAY_SECS);
        }
        for status in [307, 308] {
            check(&distribution(), status, "", 0);
            check(&distribution(), status, "max-age=60", 60);
        }
    }

    #[test]
    fn a_part_or_a_304_is_never_cached() {
        check(&distribution(), 206, "max-age=60", 0);
        check(&distribution(), 304, "max-age=60", 0);
    }

    #[test]
    fn errors_are_cached_for_the_minimum_or_with_a_directive_only_or_never() {
        let mut configured = distribution();
        configured.error_caching_min_ttl_secs = [(404, 0), (403, 20)].into_iter().collect();
        let (default, configured) = (&distribution(), &configured);
        // The seconds without a directive, with `no-store`, with `max-age=3`, with `s-maxage=30`.
        for (distribution, statuses, expected) in [
            (default, [404, 405, 414, 500, 501, 502, 503, 504].as_slice(), [10, 10, 10, 30]),
            (default, &[400, 403, 412, 415], [0, 0, 10, 30]),
            (default, &[401, 402, 406, 408, 409, 410, 416, 422, 429, 451, 505, 507, 511], [0, 0, 0, 0]),
            (configured, &[404], [0, 0, 3, 30]),
            (configured, &[403], [0, 0, 20, 30]),
        ] {
            let directives = ["", "no-store", "max-age=3", "max-age=0, s-maxage=30"];
            for (status, (directive, expected)) in statuses
                .iter()
                .flat_map(|status| directives.into_iter().zip(expected).map(move |expected| (*status, expected)))
            {
                check(distribution, status, directive, expected);
            }
        }
    }

    #[test]
    fn a_response_is_served_stale_up_to_the_maximum_ttl_or_a_shorter_stale_if_error() {
        let mut bounded = distribution();
        bounded.ttl.max_secs = 100;
        for (status, cache_control, expected_secs) in [
            (200, "max-age=60", 100),
            (200, "max-age=60, must-revalidate", 100),
            (200, "max-age=60, stale-if-error=70", 70),
            (200, "max-age=60, stale-if-error=700", 100),
            (200, "max-age=60, stale-if-error=0", 0),
            (200, "no-store", 100),
            (200, "no-store, stale-if-error=0", 0),
            (301, "", 100),
            (404, "max-age=60", 0),
            (503, "", 0),
        ] {
            let seen = lifetime_of(&bounded, status, cache_control).stale_for;
            assert_eq!(seen.as_secs(), expected_secs, "{status} {cache_control:?}");
        }
    }
}
