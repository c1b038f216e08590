//! The time to live of an origin response in the cache.
//!
//! Sources: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)", "Control how long
//! CloudFront caches errors", "HTTP 4xx and 5xx status codes that CloudFront caches" and "How CloudFront processes HTTP
//! 3xx status codes". `Expires` is ignored: no origin of this repository sends it.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::distribution::{Distribution, Ttl};

/// The time to live of an error response without a directive of origin or distribution, in seconds.
const DEFAULT_ERROR_CACHING_MIN_TTL_SECS: u64 = 10;

/// Returns the time to live of a response; a response with zero is not stored.
pub(crate) fn time_to_live(status: StatusCode, headers: &HeaderMap, distribution: &Distribution) -> Duration {
    let stated = CacheControl::of(headers);
    let Ttl { min_secs, default_secs, max_secs } = distribution.ttl;
    let error_min_secs = || {
        let configured = distribution.error_caching_min_ttl_secs.get(&status.as_u16());
        configured.copied().unwrap_or(DEFAULT_ERROR_CACHING_MIN_TTL_SECS)
    };
    let secs = match (status.as_u16(), stated) {
        (304, _) | (307 | 308, CacheControl::Silent) => 0,
        (200..=399, CacheControl::DoNotStore) => min_secs,
        (200..=399, CacheControl::MaxAgeSecs(secs)) => secs.min(max_secs).max(min_secs),
        (200..=399, CacheControl::Silent) => default_secs.max(min_secs),
        (400 | 403 | 404 | 405 | 412 | 414 | 415 | 500..=504, CacheControl::MaxAgeSecs(secs)) => {
            secs.min(max_secs).max(error_min_secs())
        }
        (404 | 414 | 500..=504, _) => error_min_secs(),
        _ => 0,
    };
    Duration::from_secs(secs)
}

/// The directive of `Cache-Control` for a shared cache.
#[derive(Clone, Copy)]
enum CacheControl {
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
        let (mut max_age, mut shared_max_age) = (None, None);
        for directive in values.flat_map(|value| value.split(',')) {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let secs = || argument.trim().trim_matches('"').parse().ok();
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => return Self::DoNotStore,
                "s-maxage" => shared_max_age = secs(),
                "max-age" => max_age = secs(),
                _ => {}
            }
        }
        shared_max_age.or(max_age).map_or(Self::Silent, Self::MaxAgeSecs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Origin;

    const DAY_SECS: u64 = 86_400;
    const YEAR_SECS: u64 = 31_536_000;

    fn check(distribution: &Distribution, status: u16, cache_control: &str, expected_secs: u64) {
        let mut headers = HeaderMap::new();
        if !cache_control.is_empty() {
            headers.insert(header::CACHE_CONTROL, cache_control.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let ttl = time_to_live(status, &headers, distribution);
        assert_eq!(ttl.as_secs(), expected_secs, "{status} {cache_control:?}");
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
        check(&distribution(), 301, "", DAY_SECS);
        check(&distribution(), 307, "", 0);
        check(&distribution(), 307, "max-age=60", 60);
        check(&distribution(), 304, "max-age=60", 0);
    }

    #[test]
    fn errors_are_cached_for_ten_seconds_or_the_longer_max_age_of_the_origin() {
        check(&distribution(), 404, "", 10);
        check(&distribution(), 404, "no-store", 10);
        check(&distribution(), 404, "max-age=3", 10);
        check(&distribution(), 404, "max-age=30", 30);
        check(&distribution(), 503, "", 10);
        check(&distribution(), 403, "", 0);
        check(&distribution(), 403, "max-age=30", 30);
        check(&distribution(), 429, "max-age=30", 0);

        let mut configured = distribution();
        configured.error_caching_min_ttl_secs.insert(404, 0);
        check(&configured, 404, "", 0);
        check(&configured, 404, "max-age=3", 3);
        check(&configured, 500, "", 10);
    }
}
