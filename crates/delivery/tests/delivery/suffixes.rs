//! Suffixes: cache entries of their own in CloudFront, and nowhere else.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::service::{GREEN, RED, Service, check_image, header};

const SIZE: (u32, u32) = (64, 36);
const UNTIL_PURGED: &str = "public, max-age=0, must-revalidate, stale-if-error=0, s-maxage=2592000";

/// A service whose pack `p1` is red, in a small location.
async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

/// Requests the image with 40 suffixes, and expects the image of the URL without one.
async fn check_forty_suffixes(service: &Service) {
    let mut bodies = Vec::new();
    for number in 0..40 {
        let suffixed = service.get("acme", &format!("/api/v2/img/p1-x{number}")).await;
        check_image(&suffixed, RED, SIZE);
        assert_eq!(header(&suffixed, "cache-control"), Some(UNTIL_PURGED), "x{number}");
        bodies.push(suffixed.body().to_vec());
    }
    let plain = service.get("acme", "/api/v2/img/p1").await;
    assert!(bodies.iter().all(|body| body == plain.body().as_ref()));
}

#[tokio::test]
async fn forty_suffixes_of_a_stored_image_render_nothing_and_store_nothing() {
    let service = red().await;
    service.get("acme", "/api/v2/img/p1").await;
    let (stored, keys) = (service.count_stored(), service.stored_keys().await);
    check_forty_suffixes(&service).await;
    assert_eq!((stored.load(Ordering::SeqCst), service.stored_keys().await), (0, keys));
}

#[tokio::test]
async fn forty_suffixes_of_an_image_that_is_not_stored_render_and_store_it_once() {
    let service = red().await;
    let stored = service.count_stored();
    check_forty_suffixes(&service).await;
    assert_eq!((stored.load(Ordering::SeqCst), service.stored_keys().await.len()), (1, 1));
}

#[tokio::test]
async fn every_url_shows_the_new_image_without_a_purge() {
    let service = red().await;
    for pack in ["p1", "p1-v1"] {
        check_image(&service.get("acme", &format!("/api/v2/img/{pack}")).await, RED, SIZE);
    }
    service.write_pack("acme", "p1", GREEN).await;
    let stored = service.count_stored();
    for pack in ["p1", "p1-v1", "p1-v2", "p1-"] {
        let image = service.get("acme", &format!("/api/v2/img/{pack}")).await;
        check_image(&image, GREEN, SIZE);
        assert_eq!(header(&image, "cache-control"), Some(UNTIL_PURGED), "{pack}");
    }
    assert_eq!(stored.load(Ordering::SeqCst), 1);
    let tagged = service.get("acme", "/api/v2/img/p1-v2").await;
    assert_eq!(header(&tagged, "image-cache-tag"), Some("acme/p1-v2,acme/p1,acme/location/main,acme"));
}

#[tokio::test]
async fn a_config_saved_without_force_applies_to_variants_that_are_rendered_from_then_on() {
    let service = red().await;
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, SIZE);
    service.write("acme", "location#main", json!({"width": 32, "height": 18, "revision": 9})).await;
    for url in ["/api/v2/img/p1", "/api/v2/img/p1-v2"] {
        check_image(&service.get("acme", url).await, RED, SIZE);
    }
    service.write_pack("acme", "p2", GREEN).await;
    check_image(&service.get("acme", "/api/v2/img/p2").await, GREEN, (32, 18));
}
