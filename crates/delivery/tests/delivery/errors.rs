//! Error responses to viewers.

use aws_adapters::delivery::AwsDelivery;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::variants_bucket::VariantsBucket;
use delivery::Handler;
use domain::AttributeNames;
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::service::{RED, Service, check_image, header, send_request};

const BRIEFLY: &str = "public, max-age=0, stale-if-error=0, s-maxage=5";
const NEVER: &str = "no-store, stale-if-error=0";

fn check_error(response: &Response<Body>, status: u16, code: &str, cache_control: &str, cache_tags: Option<&str>) {
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((response.status().as_u16(), &body["error"]["code"]), (status, &json!(code)), "{body}");
    assert_eq!(header(response, "content-type"), Some("application/json"));
    assert_eq!(header(response, "cache-control"), Some(cache_control));
    assert_eq!(header(response, "image-cache-tag"), cache_tags);
}

#[tokio::test]
async fn a_missing_pack_or_location_is_404_until_it_exists() {
    let service = Service::start().await;
    let missing = service.get("acme", "/api/v2/img/p1?location=main").await;
    check_error(&missing, 404, "unknown-image-pack", BRIEFLY, Some("acme/p1,acme/location/main,acme"));
    let suffixed = service.get("acme", "/api/v2/img/p1-v2").await;
    check_error(&suffixed, 404, "unknown-image-pack", BRIEFLY, Some("acme/p1-v2,acme/p1,acme"));

    service.write_pack("acme", "p1", RED).await;
    check_image(&service.get("acme", "/api/v2/img/p1?location=main").await, RED, (1920, 1080));
    let elsewhere = service.get("acme", "/api/v2/img/p1?location=poster").await;
    check_error(&elsewhere, 404, "unknown-location", BRIEFLY, Some("acme/p1,acme/location/poster,acme"));
    let foreign = service.get("globex", "/api/v2/img/p1").await;
    check_error(&foreign, 404, "unknown-image-pack", BRIEFLY, Some("globex/p1,globex"));
}

#[tokio::test]
async fn a_pack_without_an_image_is_404_with_the_reason() {
    let service = Service::start().await;
    service.write("acme", "pack#empty", json!({"title": "nothing yet"})).await;
    let mainless = service.get("acme", "/api/v2/img/empty").await;
    check_error(&mainless, 404, "no-main-location", BRIEFLY, Some("acme/empty,acme"));

    let lost = json!({"main": {"original": {"key": "acme/lost/main", "version": "version-of-nothing"}}});
    service.write("acme", "pack#lost", json!({"imageLocations": lost, "mainImageLocation": "main"})).await;
    let missing = service.get("acme", "/api/v2/img/lost").await;
    check_error(&missing, 404, "missing-original", BRIEFLY, Some("acme/lost,acme"));
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_its_own_code() {
    let service = Service::start().await;
    let direct = send_request(&service.handler, "GET", None, "/api/v2/img/p1").await;
    check_error(&direct, 403, "not-through-a-distribution", NEVER, None);
    let post = send_request(&service.handler, "POST", Some("acme"), "/api/v2/img/p1").await;
    check_error(&post, 405, "method-not-allowed", NEVER, None);
    assert_eq!(header(&post, "allow"), Some("GET, HEAD"));
    let elsewhere = service.get("acme", "/robots.txt").await;
    check_error(&elsewhere, 404, "not-an-image-url", BRIEFLY, None);
    for url in ["/api/v2/img/p1?location=a%2Fb", "/api/v2/img/p1?location="] {
        check_error(&service.get("acme", url).await, 400, "invalid-identifier", BRIEFLY, None);
    }
    let twice = service.get("acme", "/api/v2/img/p1?location=main&location=poster").await;
    check_error(&twice, 400, "several-locations", BRIEFLY, None);
}

#[tokio::test]
async fn an_unreadable_item_is_500_and_never_cached() {
    let service = Service::start().await;
    service.write("acme", "pack#p1", json!({"imageLocations": "all of them"})).await;
    let broken = service.get("acme", "/api/v2/img/p1").await;
    check_error(&broken, 500, "unreadable-item", NEVER, Some("acme/p1,acme"));
}

#[tokio::test]
async fn an_aws_failure_is_502_and_never_cached_and_names_no_resource() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let nowhere = support::sdk_config("http://127.0.0.1:1");
    let (dynamodb, s3) = (aws_sdk_dynamodb::Client::new(&nowhere), aws_sdk_s3::Client::new(&nowhere));
    let packs = ImagePackTable::new(dynamodb, "packs".to_owned(), AttributeNames::default());
    let originals = OriginalsBucket::new(s3.clone(), "originals".to_owned());
    let variants = VariantsBucket::new(s3, "variants".to_owned());
    let whole = &service.handler.ports;
    for ports in [
        AwsDelivery { packs, ..whole.clone() },
        AwsDelivery { originals, ..whole.clone() },
        AwsDelivery { variants, ..whole.clone() },
    ] {
        let handler = Handler { ports, ..service.handler.clone() };
        let failed = send_request(&handler, "GET", Some("acme"), "/api/v2/img/p1").await;
        check_error(&failed, 502, "unavailable", NEVER, Some("acme/p1,acme"));
        let body = String::from_utf8_lossy(failed.body()).into_owned();
        assert!(!body.contains("127.0.0.1") && !body.contains("variants"), "{body}");
    }
}
