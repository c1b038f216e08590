use super::fixture::{ACME, Fixture, PROPAGATION_DELAY_SECS};

const HELD: &str = "/held/sunset";

/// Requests an object that the origin holds, invalidates it, releases the response after `response_after_secs`, and
/// asserts on the response to the next viewer.
async fn check(response_after_secs: u64, x_cache: &str, body: &str) {
    let fixture = Fixture::start().await;
    let first = tokio::spawn(fixture.request(http::Method::GET, ACME, HELD).send());
    fixture.origin.wait_for_requests(1).await;
    fixture.create("first", &["/*"]).await;

    fixture.advance(response_after_secs);
    fixture.origin.release();
    assert_eq!(first.await.unwrap().unwrap().text().await.unwrap(), "response 1");
    fixture.advance(PROPAGATION_DELAY_SECS);

    fixture.check(ACME, HELD, x_cache, body).await;
}

#[tokio::test]
async fn a_response_requested_before_an_invalidation_that_arrives_after_it_stays_cached() {
    check(PROPAGATION_DELAY_SECS, "Hit", "response 1").await;
}

#[tokio::test]
async fn a_response_that_arrives_during_the_propagation_is_purged() {
    check(PROPAGATION_DELAY_SECS - 1, "Miss", "response 2").await;
}

#[tokio::test]
async fn a_fetch_continues_when_its_viewer_disconnects() {
    let fixture = Fixture::start().await;
    let viewer = tokio::spawn(fixture.request(http::Method::GET, ACME, HELD).send());
    fixture.origin.wait_for_requests(1).await;
    viewer.abort();
    assert!(viewer.await.unwrap_err().is_cancelled());

    fixture.origin.release();
    fixture.check(ACME, HELD, "Hit", "response 1").await;
}
