//! Originals from which no variant can be rendered: the first request stores a marker, and the others respond from it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_adapters::delivery::AwsDelivery;
use aws_adapters::originals_bucket::OriginalsBucket;
use delivery::Handler;
use domain::image::variant_key::VariantScope;
use domain::{Target, TenantId};
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use support::LocalS3;

use crate::service::{RED, Service, check_image, header, render_locks, send_request};

const URL: &str = "/api/v2/img/p1?location=main";

/// A service whose pack `p1` shows an original with these bytes.
async fn showing(original: &[u8]) -> Service {
    let service = Service::start().await;
    let original = service.upload("acme/p1/main", original.to_vec()).await;
    let locations = json!({"main": {"original": original}});
    service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "main"})).await;
    service
}

async fn html() -> Service {
    showing(b"<html>not found</html>").await
}

/// The service after it lost access to the originals: a request that reads one is answered with 502.
fn without_originals(service: &Service) -> Handler<AwsDelivery> {
    let nowhere = aws_sdk_s3::Client::new(&support::sdk_config("http://127.0.0.1:1"));
    let originals = OriginalsBucket::new(nowhere, LocalS3::ORIGINALS_BUCKET.to_owned());
    Handler { ports: AwsDelivery { originals, ..service.handler.ports.clone() }, ..service.handler.clone() }
}

fn check_unrenderable(response: &Response<Body>, code: &str) {
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    // CloudFront caches no 422, so each viewer's request would reach image-processing.
    assert_eq!((response.status().as_u16(), &body["error"]["code"]), (404, &json!(code)), "{body}");
    assert_eq!(header(response, "cache-control"), Some("public, max-age=0, stale-if-error=0, s-maxage=5"));
    assert_eq!(header(response, "image-cache-tag"), Some("acme/p1,acme/location/main,acme"));
}

#[tokio::test]
async fn the_second_request_gets_the_same_response_without_reading_the_original() {
    let service = html().await;
    let first = service.get("acme", URL).await;
    check_unrenderable(&first, "not-an-image");
    let second = send_request(&without_originals(&service), "GET", Some("acme"), URL).await;
    assert_eq!((second.status(), second.headers()), (first.status(), first.headers()));
    assert_eq!(second.body(), first.body());
    assert_eq!(service.render_locks_left().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_first_requests_one_tries_to_render() {
    let service = html().await;
    // Slow enough that all requests arrive before the first one has stored its marker.
    let stored = service.on_stored(|_, _| tokio::time::sleep(Duration::from_millis(300)));
    for response in service.get_in_parallel("acme", URL).await {
        check_unrenderable(&response, "not-an-image");
    }
    assert_eq!(stored.load(Ordering::SeqCst), 1, "attempts to render");
    assert_eq!(service.render_locks_left().await, 0);
}

#[tokio::test]
async fn a_marker_is_read_also_where_the_table_of_render_locks_is_unavailable() {
    let service = html().await;
    service.get("acme", URL).await;
    let nowhere = aws_sdk_dynamodb::Client::new(&support::sdk_config("http://127.0.0.1:1"));
    let without_locks = service.with_render_locks(render_locks(&nowhere, Duration::from_mins(2)));
    let second = send_request(&without_originals(&without_locks), "GET", Some("acme"), URL).await;
    check_unrenderable(&second, "not-an-image");
}

#[tokio::test]
async fn another_original_or_configuration_is_rendered() {
    let service = html().await;
    let stored = service.count_stored();
    check_unrenderable(&service.get("acme", URL).await, "not-an-image");
    check_unrenderable(&service.get("acme", URL).await, "not-an-image");
    assert_eq!(stored.load(Ordering::SeqCst), 1, "attempts to render");

    // Saved without force, so the fingerprint is the same.
    service.write("acme", "location#main", json!({"width": 64, "height": 36})).await;
    check_unrenderable(&service.get("acme", URL).await, "not-an-image");
    assert_eq!(stored.load(Ordering::SeqCst), 2, "attempts to render");

    service.write_pack("acme", "p1", RED).await;
    check_image(&service.get("acme", URL).await, RED, (64, 36));
}

#[tokio::test]
async fn a_purge_of_the_pack_deletes_everything_that_is_stored() {
    let service = html().await;
    service.get("acme", URL).await;
    let keys = service.stored_keys().await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    for target in ["pack#p1", "location#main", "tenant"] {
        let scope = VariantScope::of(&TenantId::parse("acme").unwrap(), &Target::parse(target).unwrap());
        assert!(scope.covers(&keys[0]), "{target}: {keys:?}");
    }
}

#[tokio::test]
async fn a_failure_of_aws_is_remembered_by_no_marker() {
    let service = showing(&crate::service::plain(RED)).await;
    let stored = service.count_stored();
    let failed = send_request(&without_originals(&service), "GET", Some("acme"), URL).await;
    assert_eq!((failed.status().as_u16(), stored.load(Ordering::SeqCst)), (502, 0));
    check_image(&service.get("acme", URL).await, RED, (1920, 1080));
}

#[tokio::test]
async fn an_original_above_the_limit_is_not_read() {
    // The limit of the management API, and one byte more: only another program can have stored it.
    let service = showing(&vec![0; 50_000_001]).await;
    check_unrenderable(&service.get("acme", URL).await, "original-too-large");
    let second = send_request(&without_originals(&service), "GET", Some("acme"), URL).await;
    check_unrenderable(&second, "original-too-large");
}
