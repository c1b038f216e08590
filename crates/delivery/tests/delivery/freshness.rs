//! Fingerprints of variants, and edits while a variant is rendered.

use std::sync::atomic::Ordering;

use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImageLocation, LocationConfig, Original};
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::service::{GREEN, RED, Service, check_image, header, key, plain};

const SIZE: (u32, u32) = (64, 36);
const UNTIL_PURGED: &str = "public, max-age=0, must-revalidate, stale-if-error=0, s-maxage=2592000";

/// A service whose pack `p1` is red, in a small location.
async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

fn fingerprint_of(original: &Value, generation: u64) -> String {
    let original: Original = serde_json::from_value(original.clone()).unwrap();
    fingerprint(&ImageLocation { original, crop: None }, &LocationConfig { generation, ..LocationConfig::default() })
}

#[tokio::test]
async fn a_response_names_the_fingerprint_of_its_image() {
    let service = Service::start().await;
    let original = service.upload("acme/p1/main", plain(RED)).await;
    let locations = json!({"main": {"original": original}});
    service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "main"})).await;
    service.write("acme", "location#main", json!({"width": 64, "height": 36, "generation": 3})).await;
    let expected = fingerprint_of(&original, 3);
    for said in ["rendered", "stored"] {
        let image = service.get("acme", "/api/v2/img/p1").await;
        assert_eq!(header(&image, "image-fingerprint"), Some(expected.as_str()), "{said}");
    }
    service.write_pack("acme", "p1", GREEN).await;
    let new = service.get("acme", "/api/v2/img/p1").await;
    assert!(header(&new, "image-fingerprint").is_some_and(|fingerprint| fingerprint != expected));
}

/// A purge may be pending, delayed or lost: a variant of another fingerprint is never read. Neither is one with a key of
/// former releases, or of another program.
#[tokio::test]
async fn an_old_variant_is_never_the_response() {
    let service = red().await;
    let old = key("acme/p1/main", &service.get("acme", "/api/v2/img/p1").await);
    service.write_pack("acme", "p1", RED).await;
    for key in [old.as_str(), "acme/p1/main/default", "acme/p1/main/suffix=v2", "acme/p1/main/suffix="] {
        service.put_variant(key, plain(GREEN)).await;
    }
    for url in ["/api/v2/img/p1", "/api/v2/img/p1-v2", "/api/v2/img/p1-", "/api/v2/img/p1?location=main&date=1"] {
        check_image(&service.get("acme", url).await, RED, SIZE);
    }
    assert_eq!(service.stored(&old).await.unwrap(), plain(GREEN), "the purge deletes it");
}

/// Requests the image and runs `edit` between the variant's write and the check that the image has not changed. Returns
/// the response and the number of rendered variants.
async fn edited<F>(
    service: &Service,
    url: &str,
    edit: impl Fn(Service) -> F + Send + Sync + 'static,
) -> (Response<Body>, usize)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stored = service.on_stored(move |service, before| {
        let edit = (before == 0).then(|| edit(service));
        async move {
            if let Some(edit) = edit {
                edit.await;
            }
        }
    });
    (service.get("acme", url).await, stored.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_original_replaced_while_its_variant_is_rendered_is_shown() {
    for url in ["/api/v2/img/p1", "/api/v2/img/p1?location=main"] {
        let service = red().await;
        let edit = |service: Service| async move { service.write_pack("acme", "p1", GREEN).await };
        let (image, stored) = edited(&service, url, edit).await;
        check_image(&image, GREEN, SIZE);
        assert_eq!((header(&image, "cache-control"), stored), (Some(UNTIL_PURGED), 2));
        assert_eq!(service.stored(&key("acme/p1/main", &image)).await.unwrap(), image.body().to_vec());
        assert_eq!(service.stored_keys().await.len(), 1, "the outdated variant is deleted");
        assert_eq!(service.render_locks_left().await, 0);
    }
}

#[tokio::test]
async fn a_location_forced_while_its_variant_is_rendered_is_shown_in_its_new_size() {
    let service = red().await;
    let forced = json!({"width": 32, "height": 18, "generation": 1});
    let edit = move |service: Service| {
        let forced = forced.clone();
        async move { service.write("acme", "location#main", forced).await }
    };
    let (image, stored) = edited(&service, "/api/v2/img/p1", edit).await;
    check_image(&image, RED, (32, 18));
    assert_eq!(stored, 2);
}

#[tokio::test]
async fn a_new_main_location_is_shown_and_the_variant_of_the_old_one_is_deleted() {
    let service = red().await;
    let edit = |service: Service| async move {
        let poster = service.upload("acme/p1/poster", plain(GREEN)).await;
        let locations = json!({"poster": {"original": poster}});
        service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "poster"})).await;
    };
    let (image, _) = edited(&service, "/api/v2/img/p1", edit).await;
    check_image(&image, GREEN, (1920, 1080));
    assert_eq!(header(&image, "image-cache-tag"), Some("acme/p1,acme/location/poster,acme"));
    assert_eq!(service.stored_keys().await, [key("acme/p1/poster", &image)]);
}

#[tokio::test]
async fn an_unforced_config_written_while_a_variant_is_rendered_re_renders_nothing() {
    let service = red().await;
    let unforced = |service: Service| async move {
        service.write("acme", "location#main", json!({"width": 32, "height": 18, "revision": 9})).await;
    };
    let (image, stored) = edited(&service, "/api/v2/img/p1", unforced).await;
    check_image(&image, RED, SIZE);
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn an_image_removed_while_its_variant_is_rendered_is_404_and_no_variant_is_stored() {
    let service = red().await;
    let removed = |service: Service| async move { service.remove("acme", "pack#p1").await };
    let (response, _) = edited(&service, "/api/v2/img/p1?location=main", removed).await;
    assert_eq!((response.status().as_u16(), service.stored_keys().await), (404, Vec::new()));

    let service = red().await;
    let emptied = |service: Service| async move { service.write("acme", "pack#p1", json!({})).await };
    let (response, _) = edited(&service, "/api/v2/img/p1?location=main", emptied).await;
    assert_eq!((response.status().as_u16(), service.stored_keys().await), (404, Vec::new()));
}

#[tokio::test]
async fn an_image_that_changes_during_each_rendering_is_not_cached_and_not_stored() {
    let service = red().await;
    let stored = service.on_stored(|service, _| async move { service.write_pack("acme", "p1", GREEN).await });
    let image = service.get("acme", "/api/v2/img/p1").await;
    check_image(&image, GREEN, SIZE);
    assert_eq!(header(&image, "cache-control"), Some("no-store, stale-if-error=0"));
    assert_eq!(header(&image, "image-cache-tag"), Some("acme/p1,acme/location/main,acme"));
    assert_eq!(stored.load(Ordering::SeqCst), 4, "rendered, and three times re-rendered");
    assert_eq!(service.stored_keys().await, Vec::<String>::new());
    assert_eq!(service.render_locks_left().await, 0);
}

#[tokio::test]
async fn an_image_that_changes_during_each_rendering_and_is_removed_during_the_last_is_404() {
    let service = red().await;
    let stored = service.on_stored(|service, stored| async move {
        if stored < 3 {
            service.write_pack("acme", "p1", GREEN).await;
        } else {
            service.remove("acme", "pack#p1").await;
        }
    });
    let response = service.get("acme", "/api/v2/img/p1?location=main").await;
    assert_eq!((response.status().as_u16(), stored.load(Ordering::SeqCst)), (404, 4));
    assert_eq!(header(&response, "cache-control"), Some("no-store, stale-if-error=0"));
    assert_eq!(service.stored_keys().await, Vec::<String>::new());
}
