//! The bytes of the responses: names, order and presence of every field.

use serde_json::json;

use crate::request::{ApiRequest, ApiResponse};
use crate::service::{Service, png};

/// Checks the bytes of a body. `serde_json` writes an object in the order of `expected`.
fn check(response: &ApiResponse, expected: &serde_json::Value) {
    assert_eq!(response.text, expected.to_string());
}

#[tokio::test]
async fn a_pack_and_a_list_of_packs_have_these_bytes() {
    let service = Service::start().await;
    let empty = json!({"tenant": "acme", "imagePackId": "owl", "revision": 1, "imageLocations": {}});
    let create = ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "owl"}));
    check(&service.send(create).await, &empty);
    let create = json!({"title": "A cat", "assetId": "asset-1", "imagePackId": "cat"});
    service.send(ApiRequest::new("POST", "/imagePacks").json(&create)).await.ok(201);
    let original = ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(320, 180));
    let main = service.send(original).await.ok(200)["imageLocations"]["main"]["original"].clone();
    let shared = service.put_object("shared/cat.png", png(10, 10)).await;
    let poster = json!({"key": shared["key"], "version": shared["version"]});
    let crop = json!({"x": 1, "y": 2, "width": 30, "height": 40});
    let original = json!({
        "key": main["key"], "version": main["version"], "mediaType": "image/png", "width": 320, "height": 180,
        "bytes": main["bytes"],
    });
    let locations = json!({"main": {"original": original, "crop": crop}, "poster": {"original": poster}});
    let item = json!({
        "title": "A cat", "assetId": "asset-1", "revision": 2, "mainImageLocation": "main", "imageLocations": locations,
    });
    service.put_item("pack#cat", item).await;
    let cat = json!({
        "tenant": "acme", "imagePackId": "cat", "revision": 2, "assetId": "asset-1", "title": "A cat",
        "mainImageLocation": "main", "imageLocations": locations,
    });
    check(&service.get("/imagePacks/cat").await, &cat);
    check(&service.get("/imagePacks").await, &json!({"imagePacks": [cat, empty]}));
    check(&service.get("/imagePacks?limit=1").await, &json!({"imagePacks": [cat], "next": "cat"}));
}

#[tokio::test]
async fn a_prepared_upload_has_these_bytes() {
    let service = Service::with_cat().await;
    let uploads = ApiRequest::new("POST", "/imagePacks/cat/imageLocations/main/uploads");
    let response = service.send(uploads.json(&json!({"bytes": 9, "mediaType": "image/png"}))).await;
    let prepared = &response.body;
    let expected = json!({
        "uploadId": prepared["uploadId"], "method": "PUT", "url": prepared["url"], "headers": prepared["headers"],
        "expiresAt": 1_764_000_900_000_u64,
    });
    check(&response, &expected);
}

#[tokio::test]
async fn a_location_config_has_these_bytes() {
    let service = Service::start().await;
    let expected = json!({
        "name": "main", "width": 640, "height": 360, "fit": "fill", "format": "webp", "quality": 1, "generation": 1,
        "revision": 1,
    });
    let sent = json!({"quality": 1, "format": "webp", "fit": "fill", "height": 360, "width": 640});
    check(&service.send(ApiRequest::new("PUT", "/imageLocationConfig/main?force=true").json(&sent)).await, &expected);
    check(&service.get("/imageLocationConfig/main").await, &expected);
}
