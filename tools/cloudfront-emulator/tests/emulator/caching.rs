use cloudfront_emulator::{CustomHeader, Distribution, QueryStrings};
use http::{HeaderName, HeaderValue, Method};

use super::fixture::{ACME, Fixture, GLOBEX};

const MAIN: &str = "/img/sunset?location=main";

#[tokio::test]
async fn the_first_view_is_a_miss_and_the_next_ones_are_hits_of_growing_age() {
    let fixture = Fixture::start().await;

    let miss = fixture.get(ACME, MAIN).await;
    assert_eq!((miss.x_cache(), miss.header("age"), miss.body.as_str()), ("Miss", None, "response 1"));

    for age in ["0", "7", "14"] {
        let hit = fixture.get(ACME, MAIN).await;
        assert_eq!((hit.x_cache(), hit.header("age"), hit.body.as_str()), ("Hit", Some(age), "response 1"));
        fixture.advance(7);
    }
}

async fn check_expiry(path: &str, after_secs: u64) {
    let fixture = Fixture::start().await;
    fixture.check(ACME, path, "Miss", "response 1").await;
    fixture.advance(after_secs - 1);
    fixture.check(ACME, path, "Hit", "response 1").await;
    fixture.advance(1);
    fixture.check(ACME, path, "Miss", "response 2").await;
}

#[tokio::test]
async fn an_expired_object_is_fetched_again() {
    check_expiry(MAIN, 600).await;
}

#[tokio::test]
async fn a_response_without_cache_control_is_cached_for_a_day() {
    check_expiry("/silent/sunset", 86_400).await;
}

#[tokio::test]
async fn a_response_that_must_not_be_stored_is_always_a_miss() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, "/private/sunset", "Miss", "response 1").await;
    fixture.check(ACME, "/private/sunset", "Miss", "response 2").await;
}

#[tokio::test]
async fn only_path_and_query_parameters_of_the_policy_distinguish_objects() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, MAIN, "Miss", "response 1").await;
    fixture.check(ACME, "/img/sunset?location=poster", "Miss", "response 2").await;
    fixture.check(ACME, "/img/sunset-2?location=main", "Miss", "response 3").await;
    fixture.check(ACME, "/img/sunset?debug=1&location=main", "Hit", "response 1").await;
    fixture.check(GLOBEX, MAIN, "Miss", "response 4").await;
}

#[tokio::test]
async fn the_query_of_the_key_has_the_parameters_of_the_policy_in_the_order_of_the_viewer() {
    let fixture = Fixture::start_with(
        |distribution| {
            distribution.query_strings = QueryStrings::Only(vec!["location".to_owned(), "date".to_owned()]);
        },
        |_| {},
    )
    .await;
    for (path, x_cache, body) in [
        ("/img/sunset?location=main&date=1", "Miss", "response 1"),
        ("/img/sunset?date=1&location=main", "Miss", "response 2"),
        ("/img/sunset?location=main&debug=1&date=1", "Hit", "response 1"),
        ("/img/sunset?date=2&location=main", "Miss", "response 3"),
        ("/img/sunset?location=main", "Miss", "response 4"),
        ("/img/sunset?Location=main", "Miss", "response 5"),
        ("/img/sunset", "Hit", "response 5"),
    ] {
        fixture.check(ACME, path, x_cache, body).await;
    }
    assert_eq!(fixture.origin.requests()[1].uri, "/img/sunset?date=1&location=main");
}

#[tokio::test]
async fn the_raw_path_is_the_key_and_the_origin_gets_it_as_it_is() {
    let fixture = Fixture::start().await;
    let paths =
        ["/img/sunset", "/zzz/../img/sunset", "/img/./sunset", "/img/%2e/sunset", "//img/sunset", "/img//sunset"];
    for (number, path) in paths.into_iter().enumerate() {
        let body = format!("response {}", number + 1);
        assert_eq!(fixture.get_raw(path).await, ("Miss".to_owned(), body.clone()), "{path}");
        assert_eq!(fixture.get_raw(path).await, ("Hit".to_owned(), body), "{path}");
    }
    let requested: Vec<_> = fixture.origin.requests().iter().map(|request| request.uri.to_string()).collect();
    assert_eq!(requested, paths);

    // A wildcard covers the paths that begin with it, byte by byte.
    fixture.create("first", &["/img/*"]).await;
    fixture.advance(super::fixture::PROPAGATION_DELAY_SECS);
    let mut kept = Vec::new();
    for path in paths {
        if fixture.get_raw(path).await.0 == "Hit" {
            kept.push(path);
        }
    }
    assert_eq!(kept, ["/zzz/../img/sunset", "//img/sunset"]);
}

#[tokio::test]
async fn responses_have_the_headers_of_cloudfront() {
    let fixture = Fixture::start().await;
    for _ in 0..2 {
        let view = fixture.get(ACME, MAIN).await;

        assert_eq!(view.header("cache-control"), Some("max-age=600"));
        assert_eq!(view.header("content-length"), Some("10"));
        assert_eq!(view.header("via"), Some("1.1 eacme.cloudfront.net (CloudFront)"));
        assert_eq!(view.header("x-amz-cf-pop"), Some("EMU0-P1"));
        assert!(view.header("x-amz-cf-id").is_some());
    }
}

/// The headers of a Miss and of a Hit, under a response headers policy.
async fn check_headers(change: fn(&mut Distribution), name: &str, expected: Option<&str>) {
    let fixture = Fixture::start_with(change, |_| {}).await;
    for _ in 0..2 {
        assert_eq!(fixture.get(ACME, MAIN).await.header(name), expected, "{name}");
    }
}

#[tokio::test]
async fn the_response_headers_policy_of_the_distribution_is_applied_and_no_other() {
    fn custom(distribution: &mut Distribution, overrides_origin: bool) {
        distribution.response_headers.set = vec![CustomHeader {
            name: HeaderName::from_static("cache-control"),
            value: HeaderValue::from_static("private"),
            overrides_origin,
        }];
    }
    check_headers(|_| {}, "image-cache-tag", None).await;
    check_headers(|one| one.response_headers.remove.clear(), "image-cache-tag", Some("acme, acme/sunset")).await;
    check_headers(|one| custom(one, true), "cache-control", Some("private")).await;
    check_headers(|one| custom(one, false), "cache-control", Some("max-age=600")).await;
}

#[tokio::test]
async fn each_allowed_options_request_is_sent_to_the_origin() {
    let with_options = |distribution: &mut Distribution| distribution.allowed_methods.push(Method::OPTIONS);
    let fixture = Fixture::start_with(with_options, |_| {}).await;
    for response in ["response 1", "response 2"] {
        let view = fixture.send(Method::OPTIONS, ACME, MAIN).await;
        assert_eq!((view.x_cache(), view.body.as_str()), ("Miss", response));
    }
    assert_eq!(fixture.origin.requests()[0].method, "OPTIONS");
}

/// Four viewers request `path` at the same time. Asserts on their `X-Cache`, sorted, and on the origin's requests.
async fn check_concurrent_views(path: &str, expected: [&str; 4], origin_requests: usize) {
    let fixture = Fixture::start().await;
    let released = async {
        fixture.origin.wait_for_requests(1).await;
        // Time for the other viewers to arrive: without coalescing the origin would receive their requests.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let requests = fixture.origin.requests().len();
        fixture.origin.release();
        requests
    };
    let mut views = tokio::task::JoinSet::new();
    for _ in expected {
        let request = fixture.request(Method::GET, ACME, path);
        views.spawn(async move {
            let response = request.send().await.unwrap();
            response.headers()["x-cache"].to_str().unwrap().to_owned()
        });
    }
    assert_eq!(released.await, 1, "the origin receives one request and the other viewers wait for it");
    let mut x_caches = views.join_all().await;
    x_caches.sort_unstable();
    assert_eq!(x_caches, expected);
    assert_eq!(fixture.origin.requests().len(), origin_requests);
}

#[tokio::test]
async fn concurrent_misses_are_coalesced_into_one_origin_request() {
    let (hit, miss) = ("Hit from cloudfront", "Miss from cloudfront");
    check_concurrent_views("/held/sunset", [hit, hit, hit, miss], 1).await;
}

#[tokio::test]
async fn concurrent_misses_of_an_object_that_must_not_be_stored_are_not_coalesced() {
    check_concurrent_views("/held-private/sunset", ["Miss from cloudfront"; 4], 4).await;
}
