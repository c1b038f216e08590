//! Crops of a location.

use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::Service;

const CROP: &str = "/imagePacks/cat/imageLocations/main/crop";

fn set(crop: [u32; 4]) -> ApiRequest {
    let [x, y, width, height] = crop;
    ApiRequest::new("PUT", CROP).json(&json!({"x": x, "y": y, "width": width, "height": height}))
}

#[tokio::test]
async fn a_crop_set_moved_or_removed_is_purged() {
    let service = Service::with_cat().await;
    for (crop, expected) in [
        ([0, 0, 320, 180], json!({"x": 0, "y": 0, "width": 320, "height": 180})),
        ([160, 90, 160, 90], json!({"x": 160, "y": 90, "width": 160, "height": 90})),
    ] {
        let (response, reasons) = service.write("pack#cat", set(crop)).await;
        assert_eq!(response.ok(200)["imageLocations"]["main"]["crop"], expected);
        assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    }
    let (response, reasons) = service.write("pack#cat", ApiRequest::new("DELETE", CROP)).await;
    let pack = response.ok(200);
    assert_eq!((&pack["imageLocations"]["main"]["crop"], &pack["revision"]), (&Value::Null, &json!(5)));
    assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    let again = service.send(ApiRequest::new("DELETE", CROP)).await.ok(200);
    assert_eq!(again["revision"], 5, "there was nothing to remove");
}

#[tokio::test]
async fn a_crop_outside_the_original_is_rejected_with_its_size() {
    let service = Service::with_cat().await;
    for crop in [[0, 0, 321, 180], [1, 0, 320, 180], [0, 180, 1, 1], [u32::MAX, 0, u32::MAX, 1]] {
        service.check_rejected(set(crop), 422, "invalid-crop", "which has 320 × 180 pixels").await;
    }
    service.check_rejected(set([0, 0, 0, 10]), 422, "invalid-crop", "at least 1").await;
    for (body, message) in [
        (json!({"x": 0, "y": 0, "width": 1}), "missing field `height`"),
        (json!([0, 0, 1, 1]), "must be a JSON object"),
        (json!({"x": -1, "y": 0, "width": 1, "height": 1}), "-1"),
        (json!({"x": 0, "y": 0, "width": 1, "height": 1, "z": 1}), "expected one of `x`, `y`, `width`, `height`"),
    ] {
        service.check_rejected(ApiRequest::new("PUT", CROP).json(&body), 422, "invalid-body", message).await;
    }
}

#[tokio::test]
async fn a_crop_of_a_location_without_an_image_is_rejected() {
    let service = Service::with_cat().await;
    let crop = json!({"x": 0, "y": 0, "width": 1, "height": 1});
    let poster = "/imagePacks/cat/imageLocations/poster/crop";
    for request in [ApiRequest::new("PUT", poster).json(&crop), ApiRequest::new("DELETE", poster)] {
        service.check_rejected(request, 404, "unknown-image-location", "\"poster\"; it has main").await;
    }
    let dog = ApiRequest::new("PUT", "/imagePacks/dog/imageLocations/main/crop").json(&crop);
    service.check_rejected(dog, 404, "unknown-image-pack", "\"dog\"").await;
}
