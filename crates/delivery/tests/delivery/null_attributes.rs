//! Attributes that are `NULL`: each is read as if it were absent.

use serde_json::{Value, json};

use crate::service::{RED, Service, check_image, header, plain};

/// Checks that `url` has the same response whether an attribute is `NULL` or absent. Returns its status.
async fn check(service: &Service, entity: &str, null: Value, absent: Value, url: &str) -> u16 {
    service.write("acme", entity, null.clone()).await;
    let with_null = service.get("acme", url).await;
    service.write("acme", entity, absent).await;
    let without = service.get("acme", url).await;
    assert_eq!(with_null.status(), without.status(), "{null}");
    for name in ["image-fingerprint", "cache-control", "image-cache-tag"] {
        assert_eq!(header(&with_null, name), header(&without, name), "{name} of {null}");
    }
    without.status().as_u16()
}

#[tokio::test]
async fn a_null_attribute_of_a_pack_is_absent() {
    let service = Service::start().await;
    let image = json!({"original": service.upload("acme/p1/main", plain(RED)).await});
    let uncropped = json!({"original": image["original"], "crop": null});
    let pack = |image: &Value| json!({"imageLocations": {"main": image}, "mainImageLocation": "main"});
    let (main, poster) = ("/api/v2/img/p1?location=main", "/api/v2/img/p1?location=poster");
    assert_eq!(check(&service, "pack#p1", pack(&uncropped), pack(&image), main).await, 200);

    let mut with_poster = pack(&image);
    with_poster["imageLocations"]["poster"] = Value::Null;
    assert_eq!(check(&service, "pack#p1", with_poster, pack(&image), poster).await, 404);

    let null = json!({"imageLocations": {"main": image}, "mainImageLocation": null, "title": null});
    let absent = json!({"imageLocations": {"main": image}});
    assert_eq!(check(&service, "pack#p1", null, absent, "/api/v2/img/p1").await, 404);
    assert_eq!(check(&service, "pack#p1", json!({"imageLocations": null}), json!({}), main).await, 404);
}

#[tokio::test]
async fn a_null_attribute_of_a_location_config_is_absent() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    let null = json!({
        "width": 32, "height": 18, "fit": null, "format": null, "quality": null, "generation": null, "revision": null,
    });
    let absent = json!({"width": 32, "height": 18});
    assert_eq!(check(&service, "location#main", null, absent, "/api/v2/img/p1").await, 200);
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, (32, 18));
}
