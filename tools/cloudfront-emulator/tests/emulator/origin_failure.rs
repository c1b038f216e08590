use cloudfront_emulator::Responses;
use http::{Method, StatusCode};

use super::fixture::{ACME, Fixture, PROPAGATION_DELAY_SECS};
use super::origin::Failure;

const OBJECT: &str = "/img/sunset?location=main";
const NEVER_STALE: &str = "/never-stale/sunset";
/// The time after which both have expired.
const EXPIRED_SECS: u64 = 600;
/// The time after which CloudFront asks a failing origin again.
const ERROR_CACHING_MIN_SECS: u64 = 10;
const YEAR_SECS: u64 = 31_536_000;

/// Caches an object, lets it expire and lets the origin fail.
async fn failing(path: &str, failure: Failure) -> Fixture {
    let fixture = Fixture::start().await;
    fixture.check(ACME, path, "Miss", "response 1").await;
    fixture.advance(EXPIRED_SECS);
    fixture.origin.fail(Some(failure));
    fixture
}

#[tokio::test]
async fn an_expired_object_is_served_while_the_origin_fails_and_the_new_one_when_it_recovers() {
    for status in [500, 501, 502, 503, 504, 507] {
        let fixture = failing(OBJECT, Failure::Status(status)).await;
        fixture.check(ACME, OBJECT, "RefreshHit", "response 1").await;
        fixture.origin.fail(None);
        fixture.check(ACME, OBJECT, "RefreshHit", "response 1").await;
        fixture.advance(ERROR_CACHING_MIN_SECS);
        fixture.check(ACME, OBJECT, "Miss", "response 3").await;
    }
}

#[tokio::test]
async fn an_expired_object_has_the_age_since_the_origin_sent_it() {
    let fixture = failing(OBJECT, Failure::Status(503)).await;
    let view = fixture.get(ACME, OBJECT).await;
    assert_eq!((view.status, view.header("age")), (StatusCode::OK, Some("600")));
}

#[tokio::test]
async fn an_expired_object_is_served_to_head_requests_too() {
    let fixture = failing(OBJECT, Failure::Status(503)).await;
    let head = fixture.send(Method::HEAD, ACME, OBJECT).await;
    assert_eq!(
        (head.status, head.x_cache(), head.header("content-length")),
        (StatusCode::OK, "RefreshHit", Some("10"))
    );
}

#[tokio::test]
async fn an_expired_object_is_served_when_the_origin_does_not_respond() {
    let fixture = failing(OBJECT, Failure::Silence).await;
    let viewer = tokio::spawn(fixture.request(Method::GET, ACME, OBJECT).send());
    fixture.origin.wait_for_requests(2).await;
    fixture.advance(30);
    let response = viewer.await.unwrap().unwrap();
    assert_eq!(response.headers()["x-cache"], "RefreshHit from cloudfront");
    assert_eq!(response.text().await.unwrap(), "response 1");
}

#[tokio::test]
async fn a_silent_origin_is_a_gateway_timeout_without_an_object() {
    let fixture = Fixture::start().await;
    fixture.origin.fail(Some(Failure::Silence));
    let viewer = tokio::spawn(fixture.request(Method::GET, ACME, OBJECT).send());
    fixture.origin.wait_for_requests(1).await;
    fixture.advance(30);
    assert_eq!(viewer.await.unwrap().unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn an_expired_object_is_not_served_beyond_the_maximum_ttl() {
    let fixture = failing(OBJECT, Failure::Status(503)).await;
    fixture.advance(YEAR_SECS - 1);
    fixture.check(ACME, OBJECT, "RefreshHit", "response 1").await;
    fixture.advance(ERROR_CACHING_MIN_SECS);
    fixture.check(ACME, OBJECT, "Error", "the origin failed").await;
}

#[tokio::test]
async fn stale_if_error_0_forbids_an_expired_object() {
    let fixture = failing(NEVER_STALE, Failure::Status(503)).await;
    fixture.check(ACME, NEVER_STALE, "Error", "the origin failed").await;
}

#[tokio::test]
async fn a_client_error_is_never_replaced_by_an_expired_object() {
    for status in [403, 404, 410, 422, 429] {
        let fixture = failing(OBJECT, Failure::Status(status)).await;
        fixture.check(ACME, OBJECT, "Error", "the origin failed").await;
    }
}

#[tokio::test]
async fn an_object_that_must_not_be_stored_is_served_on_failure_in_the_worse_case() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, "/private/sunset", "Miss", "response 1").await;
    fixture.origin.fail(Some(Failure::Status(503)));
    fixture.check(ACME, "/private/sunset", "RefreshHit", "response 1").await;
}

#[tokio::test]
async fn an_invalidated_object_is_served_on_failure_only_if_its_response_allowed_it() {
    for (path, expected) in [(OBJECT, ("RefreshHit", "response 1")), (NEVER_STALE, ("Error", "the origin failed"))] {
        let fixture = Fixture::start().await;
        fixture.check(ACME, path, "Miss", "response 1").await;
        fixture.create("first", &["/*"]).await;
        fixture.advance(PROPAGATION_DELAY_SECS);
        fixture.origin.fail(Some(Failure::Status(503)));
        fixture.check(ACME, path, expected.0, expected.1).await;
        fixture.origin.fail(None);
        fixture.advance(ERROR_CACHING_MIN_SECS);
        fixture.check(ACME, path, "Miss", "response 3").await;
    }
}

#[tokio::test]
async fn an_edge_location_without_the_object_serves_the_expired_one_of_the_regional_cache() {
    let fixture = failing(OBJECT, Failure::Status(503)).await;
    fixture.check_at(1, OBJECT, "RefreshHit", "response 1").await;
    fixture.check_at(1, OBJECT, "RefreshHit", "response 1").await;
    assert_eq!(fixture.origin.requests().len(), 2, "the second view is within the error caching minimum");
}

#[tokio::test]
async fn the_error_rate_counts_what_viewers_get_of_a_distribution() {
    let fixture = failing(OBJECT, Failure::Status(503)).await;
    let rate = |distribution, before| fixture.emulator.responses.of(distribution).server_error_rate_since(before);
    let before = fixture.emulator.responses.of("EACME");
    assert_eq!(rate("EACME", before), None);
    // The expired object is served, and a missing one is an error.
    fixture.check(ACME, OBJECT, "RefreshHit", "response 1").await;
    assert_eq!(fixture.get(ACME, "/img/missing").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rate("EACME", before), Some(50));
    assert_eq!(rate("EGLOBEX", Responses::default()), None);
}
