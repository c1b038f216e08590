use http::{Method, StatusCode};

use super::figures;
use super::fixture::{ACME, Fixture, PROPAGATION_DELAY_SECS, View};

const OBJECT: &str = "/etag/sunset";
/// The object is `response 1`, with the `ETag` `"v1"`.
const WHOLE: &str = "response 1";

/// A fixture in which the object is cached.
async fn cached() -> Fixture {
    let fixture = Fixture::start().await;
    fixture.check(ACME, OBJECT, "Miss", WHOLE).await;
    fixture
}

#[tokio::test]
async fn a_viewer_that_has_the_cached_object_gets_a_304_without_an_origin_request() {
    let fixture = cached().await;
    for (etag, status, body) in [
        ("\"v1\"", 304, ""),
        ("W/\"v1\"", 304, ""),
        ("\"v0\", \"v1\"", 304, ""),
        ("*", 304, ""),
        ("\"v0\"", 200, WHOLE),
    ] {
        figures::count_check();
        let view = fixture.get_with(OBJECT, ("if-none-match", etag)).await;
        assert_eq!((view.status.as_u16(), view.body.as_str(), view.x_cache()), (status, body, "Hit"), "{etag}");
        assert_eq!((view.header("etag"), view.header("age")), (Some("\"v1\""), Some("0")), "{etag}");
    }
    let head = fixture.request(Method::HEAD, ACME, OBJECT).header("if-none-match", "\"v1\"").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(fixture.origin.requests().len(), 1);
}

#[tokio::test]
async fn the_condition_of_a_viewer_does_not_keep_the_object_from_the_cache() {
    let fixture = Fixture::start().await;
    let view = fixture.get_with(OBJECT, ("if-none-match", "\"v1\"")).await;
    assert_eq!((view.status, view.x_cache()), (StatusCode::NOT_MODIFIED, "Miss"));
    fixture.check(ACME, OBJECT, "Hit", WHOLE).await;
}

#[tokio::test]
async fn an_expired_object_is_confirmed_by_the_origin_with_a_304() {
    let fixture = cached().await;
    fixture.advance(600);
    fixture.check(ACME, OBJECT, "RefreshHit", WHOLE).await;
    assert_eq!(fixture.origin.requests()[1].headers["if-none-match"], "\"v1\"");
    fixture.advance(599);
    fixture.check(ACME, OBJECT, "Hit", WHOLE).await;
    fixture.check_at(1, OBJECT, "Hit", WHOLE).await;
}

#[tokio::test]
async fn an_object_that_the_origin_confirmed_keeps_its_tags() {
    let fixture = cached().await;
    fixture.advance(600);
    fixture.check(ACME, OBJECT, "RefreshHit", WHOLE).await;
    fixture.create("first", &["#acme/sunset"]).await;
    fixture.advance(PROPAGATION_DELAY_SECS);
    fixture.check(ACME, OBJECT, "Miss", "response 3").await;
}

#[tokio::test]
async fn an_invalidated_object_is_fetched_anew() {
    let fixture = cached().await;
    fixture.create("first", &[OBJECT]).await;
    fixture.advance(PROPAGATION_DELAY_SECS);
    fixture.check(ACME, OBJECT, "Miss", "response 2").await;
    assert_eq!(fixture.origin.requests()[1].headers.get("if-none-match"), None);
}

fn seen(view: &View) -> (u16, Option<&str>, &str) {
    (view.status.as_u16(), view.header("content-range"), view.body.as_str())
}

#[tokio::test]
async fn a_range_of_a_cached_object_is_a_part_of_it() {
    let fixture = cached().await;
    for (range, expected) in [
        ("bytes=0-7", (206, Some("bytes 0-7/10"), "response")),
        ("bytes=9-", (206, Some("bytes 9-9/10"), "1")),
        ("bytes=-3", (206, Some("bytes 7-9/10"), "e 1")),
        ("bytes=0-99", (206, Some("bytes 0-9/10"), WHOLE)),
        ("bytes=10-", (416, Some("bytes */10"), "")),
        ("bytes=5-2", (200, None, WHOLE)),
        ("lines=0-7", (200, None, WHOLE)),
    ] {
        figures::count_check();
        let view = fixture.get_with(OBJECT, ("range", range)).await;
        assert_eq!(seen(&view), expected, "{range}");
        assert_eq!(view.header("content-length"), Some(view.body.len().to_string().as_str()), "{range}");
    }
    assert_eq!(fixture.origin.requests().len(), 1);
}

#[tokio::test]
async fn a_range_of_a_missing_object_is_the_whole_one_and_leaves_the_whole_one_in_the_cache() {
    let fixture = Fixture::start().await;
    let view = fixture.get_with(OBJECT, ("range", "bytes=0-3")).await;
    assert_eq!((seen(&view), view.x_cache()), ((200, None, WHOLE), "Miss"));
    assert_eq!(fixture.origin.requests()[0].headers.get("range"), None);
    fixture.check(ACME, OBJECT, "Hit", WHOLE).await;
}
