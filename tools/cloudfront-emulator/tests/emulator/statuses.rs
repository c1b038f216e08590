use http::StatusCode;

use super::figures;
use super::fixture::{ACME, Fixture};

/// Requests a status with a `Cache-Control` and asserts on the seconds for which the response is cached.
async fn check(fixture: &Fixture, status: u16, cache_control: &str, cached_secs: u64) {
    figures::count_check();
    let path = format!("/status/{status}/{}/sunset", cache_control.replace(' ', ""));
    let first = fixture.get(ACME, &path).await;
    assert_eq!(first.status, StatusCode::from_u16(status).unwrap(), "{path}");
    if cached_secs > 0 {
        fixture.advance(cached_secs - 1);
        assert_eq!(fixture.get(ACME, &path).await.body, first.body, "{path} is cached for {cached_secs} s");
        fixture.advance(1);
    }
    assert_ne!(fixture.get(ACME, &path).await.body, first.body, "{path} is cached for {cached_secs} s only");
}

#[tokio::test]
async fn errors_are_cached_for_the_error_caching_minimum_or_with_a_directive_only_or_never() {
    let fixture = Fixture::start().await;
    // The seconds without a directive, with `max-age=30` and with `no-store`.
    for (statuses, expected) in [
        ([404, 405, 414, 500, 501, 502, 503, 504].as_slice(), [10, 30, 10]),
        (&[400, 403, 412, 415], [0, 30, 0]),
        (&[401, 408, 409, 410, 416, 422, 429, 451, 505], [0, 0, 0]),
    ] {
        for (status, (cache_control, expected)) in statuses.iter().flat_map(|status| {
            ["none", "max-age=30", "no-store"].into_iter().zip(expected).map(move |row| (*status, row))
        }) {
            check(&fixture, status, cache_control, expected).await;
        }
    }
}

#[tokio::test]
async fn the_error_caching_minimum_is_that_of_the_distribution() {
    let fixture = Fixture::start_with(
        |distribution| distribution.error_caching_min_ttl_secs = [(404, 0), (503, 3)].into_iter().collect(),
        |_| {},
    )
    .await;
    for (status, cache_control, expected) in
        [(404, "none", 0), (404, "s-maxage=5", 5), (503, "none", 3), (503, "max-age=1", 3), (500, "none", 10)]
    {
        check(&fixture, status, cache_control, expected).await;
    }
}

#[tokio::test]
async fn an_error_is_an_error_for_viewers_whether_it_is_cached_or_not() {
    let fixture = Fixture::start().await;
    for (advance_secs, age) in [(59, None), (1, Some("59"))] {
        let view = fixture.get(ACME, "/status/404/max-age=60/sunset").await;
        assert_eq!((view.status, view.x_cache(), view.header("age")), (StatusCode::NOT_FOUND, "Error", age));
        fixture.advance(advance_secs);
    }
    fixture.check(ACME, "/status/404/max-age=60/sunset", "Error", "response 2").await;
}

#[tokio::test]
async fn an_object_or_a_redirect_is_cached_except_a_temporary_redirect_without_a_directive() {
    let fixture = Fixture::start().await;
    for (status, cache_control, expected) in [
        (301, "none", 86_400),
        (302, "max-age=30", 30),
        (307, "none", 0),
        (307, "max-age=30", 30),
        (308, "none", 0),
        (200, "s-maxage=30,max-age=5", 30),
    ] {
        check(&fixture, status, cache_control, expected).await;
    }
}
