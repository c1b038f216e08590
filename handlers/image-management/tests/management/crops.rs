//! Crops of a location.

use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::service::Service;

const CROP: &str = "/imagePacks/cat/imageLocations/main/crop";

fn set(crop: [u32; 4]) -> Ask {
    let [x, y, width, height] = crop;
    Ask::new("PUT", CROP).json(&json!({"x": x, "y": y, "width": width, "height": height}))
}

#[tokio::test]
async fn a_crop_set_moved_or_removed_is_purged() {
    let service = Service::with_cat().await;
    for (crop, expected) in [
        ([0, 0, 320, 180], json!({"x": 0, "y": 0, "width": 320, "height": 180})),
        ([160, 90, 160, 90], json!({"x": 160, "y": 90, "width": 160, "height": 90})),
    ] {
        let (answer, reasons) = service.write("pack#cat", set(crop)).await;
        assert_eq!(answer.ok(200)["imageLocations"]["main"]["crop"], expected);
        assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    }
    let (answer, reasons) = service.write("pack#cat", Ask::new("DELETE", CROP)).await;
    let pack = answer.ok(200);
    assert_eq!((&pack["imageLocations"]["main"]["crop"], &pack["revision"]), (&Value::Null, &json!(5)));
    assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    let again = service.send(Ask::new("DELETE", CROP)).await.ok(200);
    assert_eq!(again["revision"], 5, "there was nothing to remove");
}

#[tokio::test]
async fn a_crop_that_cannot_be_shown_is_refused_with_what_can() {
    let service = Service::with_cat().await;
    for crop in [[0, 0, 321, 180], [1, 0, 320, 180], [0, 180, 1, 1], [u32::MAX, 0, u32::MAX, 1]] {
        service.check_refused(set(crop), 422, "invalid-crop", "which has 320 × 180 pixels").await;
    }
    service.check_refused(set([0, 0, 0, 10]), 422, "invalid-crop", "at least 1").await;
    for (body, message) in [
        (json!({"x": 0, "y": 0, "width": 1}), "missing field `height`"),
        (json!([0, 0, 1, 1]), "must be a JSON object"),
        (json!({"x": -1, "y": 0, "width": 1, "height": 1}), "-1"),
        (json!({"x": 0, "y": 0, "width": 1, "height": 1, "z": 1}), "expected one of `x`, `y`, `width`, `height`"),
    ] {
        service.check_refused(Ask::new("PUT", CROP).json(&body), 422, "invalid-body", message).await;
    }
}

#[tokio::test]
async fn what_is_not_shown_cannot_be_cropped() {
    let service = Service::with_cat().await;
    let crop = json!({"x": 0, "y": 0, "width": 1, "height": 1});
    let poster = "/imagePacks/cat/imageLocations/poster/crop";
    for ask in [Ask::new("PUT", poster).json(&crop), Ask::new("DELETE", poster)] {
        service.check_refused(ask, 404, "unknown-image-location", "\"poster\"; it has main").await;
    }
    let dog = Ask::new("PUT", "/imagePacks/dog/imageLocations/main/crop").json(&crop);
    service.check_refused(dog, 404, "unknown-image-pack", "\"dog\"").await;
}
