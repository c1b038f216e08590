use std::time::Duration;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderName, StatusCode};

use super::*;
use crate::distribution::{Distribution, Origin, QueryStrings};
use crate::propagation::Propagation;
use crate::quotas::{CallRate, Quotas};

const TAG_HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

fn key(path: &str) -> CacheKey {
    cache_key(path, None, &QueryStrings::None)
}

/// The caches of a distribution. Each step states its time.
struct Caches {
    caches: DistributionCache,
    account: Account,
}

/// The edge location of most steps.
const EDGE: Edge = 0;
const OTHER_EDGE: Edge = 1;

impl Caches {
    /// Invalidations take effect in all caches after 5 seconds.
    fn new() -> Self {
        let account = Account::new(Quotas::IN_PROGRESS, CallRate::GENEROUS, Propagation::Fixed(Duration::from_secs(5)));
        Self { caches: DistributionCache::default(), account }
    }

    /// Fetches through an edge location. The origin responds with this status and `Cache-Control`.
    fn fetch(&mut self, secs: i64, edge: Edge, path: &str, status: u16, cache_control: &str) {
        let mut distribution = Distribution::new("E1", "acme.localhost", Origin::default());
        distribution.cache_tag_header = Some(TAG_HEADER);
        let tag = path.trim_start_matches('/');
        let headers = [(TAG_HEADER, tag.parse().unwrap()), (CACHE_CONTROL, cache_control.parse().unwrap())];
        let headers = headers.into_iter().collect();
        let status = StatusCode::from_u16(status).unwrap();
        let response = OriginResponse { status, headers, body: Bytes::new() };
        assert!(matches!(self.caches.find(at(secs), edge, &key(path)), Found::Missing { .. }), "{path} at {secs} s");
        let object = Arc::new(Object::new(response, &distribution, at(secs)));
        self.caches.put(at(secs), &key(path), &object);
    }

    fn store(&mut self, secs: i64, path: &str, cache_control: &str) {
        self.fetch(secs, EDGE, path, 200, cache_control);
    }

    fn invalidate(&mut self, secs: i64, item: &str) {
        let batch = Batch { caller_reference: format!("{secs}"), items: vec![item.to_owned()] };
        self.caches.invalidate("E1", at(secs), batch, ItemCounts::default(), &mut self.account).unwrap();
    }

    /// Schedules the effects of an invalidation of everything: in each edge location, and in the regional cache.
    fn invalidate_unevenly(&mut self, edges: [i64; EDGE_LOCATIONS], regional: i64) {
        let batch = Batch { caller_reference: "uneven".to_owned(), items: vec!["/*".to_owned()] };
        let (invalidation, _) =
            self.caches.invalidations.create("E1", at(0), batch, ItemCounts::default(), &mut self.account).unwrap();
        let effects = Effects { regional: at(regional), edges: edges.map(at) };
        self.caches.schedule(&invalidation, effects);
    }

    /// `fresh`, `stale` or `none` at an edge location.
    fn state(&mut self, secs: i64, edge: Edge, path: &str) -> &'static str {
        match self.caches.cached(at(secs), edge, &key(path)) {
            Some(Found::Fresh(_)) => "fresh",
            Some(Found::Stale(_)) => "stale",
            _ => "none",
        }
    }

    #[track_caller]
    fn check(&mut self, secs: i64, edge: Edge, path: &str, expected: &str) {
        assert_eq!(self.state(secs, edge, path), expected, "{path} at edge location {edge} at {secs} s");
    }
}

#[test]
fn an_object_is_served_until_it_expires() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=60");
    caches.store(0, "/b", "no-store");

    caches.check(59, EDGE, "/a", "fresh");
    caches.check(60, EDGE, "/a", "none");
    caches.check(0, EDGE, "/b", "none");
}

#[test]
fn the_age_of_an_object_is_in_whole_seconds() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=60");
    let Some(Found::Fresh(object)) = caches.caches.cached(at(1), EDGE, &key("/a")) else { panic!("/a is fresh") };

    assert_eq!(object.age_secs(at(7)), 7);
    assert_eq!(object.age_secs(Timestamp::from_millisecond(7_999).unwrap()), 7);
}

#[test]
fn an_edge_location_stores_the_object_of_the_regional_cache_and_nothing_that_it_did_not_serve() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=60");
    // Only the regional cache and the first edge location have it; the copy expires with the original.
    assert!(caches.caches.edges[OTHER_EDGE].lookup(at(1), "/a").is_none());
    caches.check(30, OTHER_EDGE, "/a", "fresh");
    assert!(caches.caches.edges[OTHER_EDGE].lookup(at(59), "/a").is_some());
    caches.check(60, OTHER_EDGE, "/a", "none");
}

#[test]
fn an_invalidation_purges_the_objects_that_it_covers_after_the_delay() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=600");
    caches.store(0, "/b", "max-age=600");
    caches.invalidate(10, "#a");

    caches.check(14, EDGE, "/a", "fresh");
    caches.check(15, EDGE, "/a", "none");
    caches.check(15, EDGE, "/b", "fresh");
}

#[test]
fn an_object_stored_before_the_effect_is_purged_and_one_stored_after_it_stays() {
    let mut caches = Caches::new();
    caches.invalidate(10, "/*");
    caches.store(14, "/a", "max-age=600");
    caches.store(16, "/b", "max-age=600");

    caches.check(17, EDGE, "/a", "none");
    caches.check(17, EDGE, "/b", "fresh");
}

#[test]
fn an_invalidation_takes_effect_in_each_cache_at_its_own_time() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=600");
    caches.check(0, OTHER_EDGE, "/a", "fresh");
    caches.invalidate_unevenly([20, 30], 10);

    // The regional cache no longer has it, but the edge locations do, each until its own time.
    caches.check(19, EDGE, "/a", "fresh");
    caches.check(20, EDGE, "/a", "none");
    caches.check(29, OTHER_EDGE, "/a", "fresh");
    caches.check(30, OTHER_EDGE, "/a", "none");
}

#[test]
fn an_edge_location_gets_the_old_object_again_from_a_late_regional_cache_but_not_beyond_its_effect() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=600");
    caches.invalidate_unevenly([10, 10], 20);

    caches.check(10, EDGE, "/a", "fresh");
    assert!(caches.caches.edges[EDGE].lookup(at(19), "/a").is_some(), "it has stored the old object once more");
    caches.check(20, EDGE, "/a", "none");
    caches.check(20, OTHER_EDGE, "/a", "none");
}

const FRESH_FOR_A_MINUTE: &str = "max-age=60";

#[test]
fn an_expired_object_is_served_while_the_origin_fails_for_the_error_caching_minimum_at_a_time() {
    for failure in [500, 502, 503, 504] {
        let mut caches = Caches::new();
        caches.store(0, "/a", FRESH_FOR_A_MINUTE);
        caches.fetch(60, EDGE, "/a", failure, "");
        assert!(caches.caches.stale(at(60), EDGE, "/a").is_some(), "{failure}");
        caches.check(69, EDGE, "/a", "stale");
        caches.check(69, OTHER_EDGE, "/a", "stale");
        caches.check(70, EDGE, "/a", "none");
        caches.fetch(70, EDGE, "/a", 200, FRESH_FOR_A_MINUTE);
        caches.check(70, EDGE, "/a", "fresh");
    }
}

#[test]
fn an_expired_object_is_served_on_failure_up_to_the_maximum_ttl_or_stale_if_error() {
    const YEAR: i64 = 31_536_000;
    for (cache_control, last, first_failure) in [
        ("max-age=60", 60 + YEAR - 1, 60 + YEAR),
        ("max-age=60, must-revalidate", 60 + YEAR - 1, 60 + YEAR),
        ("max-age=60, stale-if-error=30", 89, 90),
        ("no-store", YEAR - 1, YEAR),
    ] {
        let mut caches = Caches::new();
        caches.store(0, "/a", cache_control);
        assert!(caches.caches.stale(at(last), EDGE, "/a").is_some(), "{cache_control} at {last} s");
        assert!(caches.caches.stale(at(first_failure), EDGE, "/a").is_none(), "{cache_control} at {first_failure} s");
    }
    for cache_control in ["max-age=60, stale-if-error=0", "no-store, stale-if-error=0"] {
        let mut caches = Caches::new();
        caches.store(0, "/a", cache_control);
        assert!(caches.caches.stale(at(60), EDGE, "/a").is_none(), "{cache_control}");
    }
}

#[test]
fn a_client_error_replaces_an_expired_object() {
    let mut caches = Caches::new();
    caches.store(0, "/a", FRESH_FOR_A_MINUTE);
    caches.fetch(60, EDGE, "/a", 404, "");
    caches.check(60, EDGE, "/a", "fresh");
    assert!(caches.caches.stale(at(70), EDGE, "/a").is_none());
}

#[test]
fn an_invalidated_object_is_served_on_failure_unless_the_response_forbade_it() {
    for (cache_control, is_served) in [("max-age=600", true), ("max-age=600, stale-if-error=0", false)] {
        let mut caches = Caches::new();
        caches.store(0, "/a", cache_control);
        caches.invalidate(10, "/*");
        caches.check(15, EDGE, "/a", "none");
        assert_eq!(caches.caches.stale(at(15), EDGE, "/a").is_some(), is_served, "{cache_control}");
        let Found::Missing { expired, .. } = caches.caches.find(at(15), EDGE, "/a") else { panic!("/a is missing") };
        assert!(expired.is_none(), "CloudFront fetches an invalidated object anew");
    }
}

#[test]
fn an_invalidated_object_that_was_served_on_failure_is_not_fresh_at_another_edge_location() {
    let mut caches = Caches::new();
    caches.store(0, "/a", "max-age=600");
    caches.invalidate(10, "/*");
    caches.fetch(15, OTHER_EDGE, "/a", 503, "");
    caches.check(24, OTHER_EDGE, "/a", "stale");
    caches.check(25, OTHER_EDGE, "/a", "none");
    caches.check(25, EDGE, "/a", "none");
}
