//! Suffixes: cache entries of their own in CloudFront, and nowhere else.

use std::sync::atomic::Ordering;

use serde_json::json;
use support::LocalS3;

use crate::service::{GREEN, RED, Service, check_image, header, plain};

const SIZE: (u32, u32) = (64, 36);

/// A service whose pack `p1` is red, in a small location.
async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

async fn keys(service: &Service) -> Vec<String> {
    let list = service.s3.list_objects_v2().bucket(LocalS3::VARIANTS_BUCKET).send().await.unwrap();
    list.contents().iter().filter_map(|object| object.key().map(ToOwned::to_owned)).collect()
}

#[tokio::test]
async fn forty_suffixes_of_a_pack_render_and_store_nothing_more() {
    let service = red().await;
    let plain = service.get("acme", "/api/v2/img/p1").await;
    let stored = service.count_stored();
    for number in 0..40 {
        let suffixed = service.get("acme", &format!("/api/v2/img/p1-x{number}")).await;
        assert_eq!(suffixed.body(), plain.body(), "x{number}");
        assert_eq!(header(&suffixed, "cache-control"), header(&plain, "cache-control"), "x{number}");
    }
    assert_eq!((stored.load(Ordering::SeqCst), keys(&service).await), (0, vec!["acme/p1/main/default".to_owned()]));
}

/// Before the purge, the stored variant shows the old image.
#[tokio::test]
async fn a_new_suffix_shows_the_new_image_without_a_purge() {
    let service = red().await;
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, SIZE);
    service.write_pack("acme", "p1", GREEN).await;
    let stored = service.count_stored();
    for suffix in ["v2", "v3", ""] {
        let suffixed = service.get("acme", &format!("/api/v2/img/p1-{suffix}")).await;
        check_image(&suffixed, GREEN, SIZE);
        let until_purged = "public, max-age=0, must-revalidate, stale-if-error=0, s-maxage=2592000";
        assert_eq!(header(&suffixed, "cache-control"), Some(until_purged), "{suffix:?}");
    }
    let tagged = service.get("acme", "/api/v2/img/p1-v2").await;
    assert_eq!(header(&tagged, "image-cache-tag"), Some("acme/p1-v2,acme/p1,acme/location/main,acme"));
    assert_eq!(stored.load(Ordering::SeqCst), 1, "the new image replaces the old one, once");
    check_image(&service.get("acme", "/api/v2/img/p1").await, GREEN, SIZE);
}

/// A variant of another program has no fingerprint, so it may be old.
#[tokio::test]
async fn a_suffix_does_not_rely_on_a_variant_without_a_fingerprint() {
    let service = red().await;
    let put = service.s3.put_object().bucket(LocalS3::VARIANTS_BUCKET).key("acme/p1/main/default");
    put.content_type("image/png").body(plain(GREEN).into()).send().await.unwrap();
    check_image(&service.get("acme", "/api/v2/img/p1").await, GREEN, (320, 180));
    check_image(&service.get("acme", "/api/v2/img/p1-v2").await, RED, SIZE);
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
