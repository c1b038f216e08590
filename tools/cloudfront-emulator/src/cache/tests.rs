use std::time::Duration;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderName, StatusCode};

use super::*;
use crate::config::Quotas;
use crate::distribution::{Distribution, Origin, QueryStrings};

const TAG_HEADER: HeaderName = HeaderName::from_static("image-cache-tag");
const DELAY: Duration = Duration::from_secs(5);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

fn key(path: &str) -> CacheKey {
    cache_key(path, None, &QueryStrings::None)
}

/// A cache of objects with one tag each.
#[derive(Default)]
struct Cached(DistributionCache);

impl Cached {
    fn put(&mut self, secs: i64, path: &str, tag: &str, cache_control: &str) {
        let mut distribution = Distribution::new("E1", "acme.localhost", Origin::default());
        distribution.cache_tag_header = Some(TAG_HEADER);
        let headers = [(TAG_HEADER, tag.parse().unwrap()), (CACHE_CONTROL, cache_control.parse().unwrap())];
        let headers = headers.into_iter().collect();
        let response = OriginResponse { status: StatusCode::OK, headers, body: Bytes::new() };
        let object = Arc::new(Object::new(response, &distribution, at(secs)));
        assert!(!object.response.headers.contains_key(TAG_HEADER));
        self.0.put(at(secs), key(path), &object);
    }

    fn invalidate(&mut self, secs: i64, item: &str) {
        let batch = Batch { caller_reference: format!("{secs}"), items: vec![item.to_owned()] };
        self.0.invalidations.create("E1", at(secs), batch, DELAY, Quotas::default()).unwrap();
    }

    fn get(&mut self, secs: i64, path: &str) -> Option<Arc<Object>> {
        match self.0.find(at(secs), &key(path)) {
            Found::Cached(object) => Some(object),
            _ => None,
        }
    }

    fn check(&mut self, secs: i64, expected: &[&str]) {
        let paths = ["/a", "/b"];
        let cached: Vec<&str> = paths.into_iter().filter(|path| self.get(secs, path).is_some()).collect();
        assert_eq!(cached, expected, "at {secs} s");
    }
}

#[test]
fn an_object_is_served_until_it_expires() {
    let mut cached = Cached::default();
    cached.put(0, "/a", "acme", "max-age=60");
    cached.put(0, "/b", "acme", "no-store");

    cached.check(0, &["/a"]);
    cached.check(59, &["/a"]);
    cached.check(60, &[]);
}

#[test]
fn the_age_of_an_object_is_in_whole_seconds() {
    let mut cached = Cached::default();
    cached.put(0, "/a", "acme", "max-age=60");
    let object = cached.get(1, "/a").unwrap();

    assert_eq!(object.age_secs(at(7)), 7);
    assert_eq!(object.age_secs(Timestamp::from_millisecond(7_999).unwrap()), 7);
}

#[test]
fn an_invalidation_purges_the_objects_that_it_covers_after_the_propagation_delay() {
    let mut cached = Cached::default();
    cached.put(0, "/a", "acme/sunset", "max-age=600");
    cached.put(0, "/b", "acme/beach", "max-age=600");
    cached.invalidate(10, "#acme/sunset");

    cached.check(14, &["/a", "/b"]);
    cached.check(15, &["/b"]);
}

#[test]
fn an_object_stored_before_the_effect_is_purged_and_one_stored_after_it_stays() {
    let mut cached = Cached::default();
    cached.invalidate(10, "/*");
    cached.put(14, "/a", "acme", "max-age=600");
    cached.put(16, "/b", "acme", "max-age=600");

    cached.check(17, &["/b"]);
}
