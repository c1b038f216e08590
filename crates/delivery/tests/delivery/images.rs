//! Images as viewers get them.

use std::sync::atomic::Ordering;

use domain::purge::cache_tag::tag_of;
use domain::{Target, TenantId};
use lambda_http::service_fn;
use lambda_http::tower::ServiceExt;
use serde_json::{Value, json};

use crate::service::{GREEN, RED, Service, check_image, context, event, header, key, plain, send};

const DEFAULT_SIZE: (u32, u32) = (1920, 1080);

#[tokio::test]
async fn an_image_is_rendered_once_stored_and_then_served_from_the_bucket() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    service.write("acme", "location#main", json!({"width": 64, "height": 36, "fit": "cover"})).await;

    let stored = service.count_stored();
    let rendered = service.get("acme", "/api/v2/img/p1?location=main").await;
    check_image(&rendered, RED, (64, 36));
    assert_eq!(header(&rendered, "content-type"), Some("image/jpeg"));
    assert_eq!(header(&rendered, "image-cache-tag"), Some("acme/p1,acme/location/main,acme"));
    assert!(header(&rendered, "etag").is_some_and(|etag| etag.starts_with('"')), "the entity tag that S3 computed");
    assert_eq!(service.stored(&key("acme/p1/main", &rendered)).await.unwrap(), rendered.body().to_vec());
    let again = service.get("acme", "/api/v2/img/p1?location=main").await;
    assert_eq!(again.headers(), rendered.headers(), "stored or rendered, CloudFront gets the same");

    assert_eq!((again.body(), stored.load(Ordering::SeqCst)), (rendered.body(), 1));
}

#[tokio::test]
async fn the_variant_shows_the_version_that_the_pack_names_and_no_newer_one() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    service.upload("acme/p1/main", plain(GREEN)).await;
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, DEFAULT_SIZE);
}

#[tokio::test]
async fn a_dash_belongs_to_the_pack_id_where_such_a_pack_exists() {
    let service = Service::start().await;
    service.write_pack("acme", "a", RED).await;
    service.write_pack("acme", "a-b", GREEN).await;
    let dashed = service.get("acme", "/api/v2/img/a-b").await;
    check_image(&dashed, GREEN, DEFAULT_SIZE);
    assert_eq!(header(&dashed, "image-cache-tag"), Some("acme/a-b,acme/a,acme/location/main,acme"));
    check_image(&service.get("acme", "/api/v2/img/a-c").await, RED, DEFAULT_SIZE);
}

#[tokio::test]
async fn the_purge_of_a_new_pack_covers_the_image_that_its_url_showed_before() {
    let service = Service::start().await;
    service.write_pack("acme", "a", RED).await;
    let before = service.get("acme", "/api/v2/img/a-b").await;
    check_image(&before, RED, DEFAULT_SIZE);
    service.write_pack("acme", "a-b", GREEN).await;
    let purged = tag_of(&TenantId::parse("acme").unwrap(), &Target::parse("pack#a-b").unwrap());
    assert!(header(&before, "image-cache-tag").unwrap().split(',').any(|tag| tag == purged));
    check_image(&service.get("acme", "/api/v2/img/a-b").await, GREEN, DEFAULT_SIZE);
}

#[tokio::test]
async fn an_unreadable_item_affects_no_image_of_another_pack() {
    let service = Service::start().await;
    service.write("acme", "pack#news", json!({"imageLocations": "all of them"})).await;
    service.write_pack("acme", "news-1", GREEN).await;
    check_image(&service.get("acme", "/api/v2/img/news-1").await, GREEN, DEFAULT_SIZE);
}

#[tokio::test]
async fn tenants_with_the_same_pack_id_see_their_own_images() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    service.write_pack("globex", "p1", GREEN).await;
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, DEFAULT_SIZE);
    let globex = service.get("globex", "/api/v2/img/p1").await;
    check_image(&globex, GREEN, DEFAULT_SIZE);
    assert_eq!(header(&globex, "image-cache-tag"), Some("globex/p1,globex/location/main,globex"));
}

#[tokio::test]
async fn a_location_has_its_own_original_crop_and_size() {
    let service = Service::start().await;
    let main = service.upload("acme/p1/main", plain(RED)).await;
    let poster = service.upload("acme/p1/poster", plain(GREEN)).await;
    let crop = json!({"x": 0, "y": 0, "width": 90, "height": 180});
    let locations = json!({"main": {"original": main}, "poster": {"original": poster, "crop": crop}});
    service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "main"})).await;
    service.write("acme", "location#main", json!({"width": 32, "height": 18, "fit": "fill"})).await;
    service.write("acme", "location#poster", json!({"width": 100, "height": 100, "fit": "fit"})).await;

    check_image(&service.get("acme", "/api/v2/img/p1?location=poster").await, GREEN, (50, 100));
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, (32, 18));
}

/// The body too: the function URL computes `Content-Length` from it, and sends no body to a HEAD.
#[tokio::test]
async fn head_is_answered_like_get() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let stored = service.count_stored();
    let url = "/api/v2/img/p1";
    let head = through_lambda(&service, "HEAD", url).await;
    assert_eq!(stored.load(Ordering::SeqCst), 1, "a HEAD renders and stores as a GET does");
    assert_eq!(head, through_lambda(&service, "GET", url).await);
    assert!(head["body"].as_str().is_some_and(|body| body.starts_with("/9j/")), "the beginning of a JPEG in base64");
    assert_eq!(stored.load(Ordering::SeqCst), 1);
    for url in ["/api/v2/img/none", "/robots.txt"] {
        assert_eq!(through_lambda(&service, "HEAD", url).await, through_lambda(&service, "GET", url).await, "{url}");
    }
}

#[tokio::test]
async fn a_location_has_its_own_format() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    for (format, media_type) in [("jpeg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")] {
        let config = json!({"width": 64, "height": 36, "format": format, "quality": 95});
        service.write("acme", "location#main", config).await;
        let image = service.get("acme", "/api/v2/img/p1").await;
        service.purge(&key("acme/p1/main", &image)).await;
        check_image(&image, RED, (64, 36));
        assert_eq!(header(&image, "content-type"), Some(media_type));
    }
}

#[tokio::test]
async fn an_accept_header_changes_nothing() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let plain = service.get("acme", "/api/v2/img/p1").await;
    for accept in ["image/avif,image/webp,*/*", "image/png", "text/html", ""] {
        service.purge(&key("acme/p1/main", &plain)).await;
        let mut event = event("GET", Some("acme"), "/api/v2/img/p1");
        event["headers"]["accept"] = json!(accept);
        let response = send(&service.handler, &event).await;
        assert_eq!((response.status(), response.headers()), (plain.status(), plain.headers()), "{accept}");
        assert_eq!(response.body(), plain.body(), "{accept}");
        assert_eq!(header(&response, "vary"), None, "CloudFront's cache key holds no Accept");
    }
}

#[tokio::test]
async fn the_response_to_lambda_has_the_image_in_base64() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let response = through_lambda(&service, "GET", "/api/v2/img/p1").await;
    assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(true)));
    assert_eq!(response["headers"]["content-type"], "image/jpeg");
    assert!(response["body"].as_str().unwrap().starts_with("/9j/"), "the first bytes of a JPEG in base64");
}

/// The response as the function returns it to Lambda.
async fn through_lambda(service: &Service, method: &str, url: &str) -> Value {
    let handler = &service.handler;
    let adapter = lambda_http::Adapter::from(service_fn(|request| async move {
        Ok::<_, std::convert::Infallible>(handler.handle(&request, &context()).await)
    }));
    let event = serde_json::from_value(event(method, Some("acme"), url)).unwrap();
    let response = adapter.oneshot(lambda_http::LambdaEvent::new(event, lambda_http::Context::default())).await;
    serde_json::to_value(response.unwrap()).unwrap()
}

/// A viewer adds `date=<now>` to see past CloudFront's cache, where it is part of the cache key.
#[tokio::test]
async fn a_request_with_a_date_gets_the_same_image_for_seconds() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let stored = service.count_stored();
    let plain = service.get("acme", "/api/v2/img/p1?location=main").await;
    for query in ["location=main&date=1795623098", "date=1795623098&location=main", "date=&location=main", "date=a%2Fb"]
    {
        let dated = service.get("acme", &format!("/api/v2/img/p1?{query}")).await;
        assert_eq!(dated.body(), plain.body(), "{query}");
        for name in ["etag", "image-fingerprint", "image-cache-tag", "content-type"] {
            assert_eq!(header(&dated, name), header(&plain, name), "{query}: {name}");
        }
        let briefly = "public, max-age=0, stale-if-error=0, s-maxage=5";
        assert_eq!(header(&dated, "cache-control"), Some(briefly), "{query}");
    }
    assert_eq!(stored.load(Ordering::SeqCst), 1);
    let missing = service.get("acme", "/api/v2/img/none?date=1&date=2").await;
    assert_eq!((missing.status().as_u16(), header(&missing, "image-cache-tag")), (404, Some("acme/none,acme")));
}
