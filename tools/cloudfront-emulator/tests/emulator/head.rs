use http::{Method, StatusCode};

use super::fixture::{ACME, Fixture};

const MAIN: &str = "/img/sunset?location=main";

#[tokio::test]
async fn head_goes_to_the_origin_as_head_and_leaves_no_object_for_a_get() {
    let fixture = Fixture::start().await;
    for _ in 0..2 {
        let head = fixture.send(Method::HEAD, ACME, MAIN).await;
        assert_eq!((head.status, head.x_cache(), head.header("age")), (StatusCode::OK, "Miss", None));
        assert_eq!((head.header("content-length"), head.body.as_str()), (Some("10"), ""));
        assert_eq!(head.header("cache-control"), Some("max-age=600"));
    }
    let methods: Vec<_> = fixture.origin.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, [Method::HEAD, Method::HEAD]);
    fixture.check(ACME, MAIN, "Miss", "response 3").await;
    fixture.check(ACME, MAIN, "Hit", "response 3").await;
}

#[tokio::test]
async fn head_is_served_from_the_object_of_get() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, MAIN, "Miss", "response 1").await;
    let head = fixture.send(Method::HEAD, ACME, MAIN).await;

    assert_eq!((head.x_cache(), head.header("content-length"), head.body.as_str()), ("Hit", Some("10"), ""));
    assert_eq!(fixture.origin.requests().len(), 1);
}

#[tokio::test]
async fn head_of_an_expired_object_goes_to_the_origin_and_leaves_the_object_as_it_is() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, MAIN, "Miss", "response 1").await;
    fixture.advance(600);
    assert_eq!(fixture.send(Method::HEAD, ACME, MAIN).await.x_cache(), "Miss");
    fixture.check(ACME, MAIN, "Miss", "response 3").await;
}

#[tokio::test]
async fn head_has_no_length_if_the_origin_states_none() {
    let fixture = Fixture::start().await;
    let head = fixture.send(Method::HEAD, ACME, "/lengthless/sunset").await;
    assert_eq!((head.status, head.header("content-length")), (StatusCode::OK, None));
}

#[tokio::test]
async fn head_of_an_error_is_not_cached() {
    let fixture = Fixture::start().await;
    let path = "/status/404/max-age=60/sunset";
    let head = fixture.send(Method::HEAD, ACME, path).await;
    assert_eq!((head.status, head.x_cache()), (StatusCode::NOT_FOUND, "Error"));
    fixture.check(ACME, path, "Error", "response 2").await;
}
