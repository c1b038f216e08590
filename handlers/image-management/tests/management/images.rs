//! Removal of images from a pack.

use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::{Service, png};

#[tokio::test]
async fn a_removed_image_is_purged_and_its_original_deleted() {
    let service = Service::with_cat().await;
    let poster = ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/poster/original").binary(png(10, 10));
    let pack = service.send(poster).await.ok(200);
    let [main, poster] = ["main", "poster"].map(|name| pack["imageLocations"][name]["original"].clone());

    let remove = |name| ApiRequest::new("DELETE", &format!("/imagePacks/cat/imageLocations/{name}"));
    let (response, reasons) = service.write("pack#cat", remove("poster")).await;
    let pack = response.ok(200);
    assert_eq!((&pack["imageLocations"]["poster"], &pack["mainImageLocation"]), (&Value::Null, &json!("main")));
    assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    assert!(!service.has(&poster["key"]).await && service.has(&main["key"]).await);

    let (response, reasons) = service.write("pack#cat", remove("main")).await;
    let pack = response.ok(200);
    assert_eq!((&pack["imageLocations"], pack.get("mainImageLocation")), (&json!({}), None));
    assert_eq!(reasons, [Reason::ImageLocationsChanged, Reason::MainImageLocationChanged]);
    assert!(!service.has(&main["key"]).await);
    service.check_rejected(remove("main"), 404, "unknown-image-location", "\"main\"; it has none").await;
}
