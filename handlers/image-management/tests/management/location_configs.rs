//! Configurations of locations.

use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::Service;

fn save(query: &str) -> ApiRequest {
    ApiRequest::new("PUT", &format!("/imageLocationConfig/main{query}"))
}

/// Saves a configuration and checks the response and the reasons of its purge.
async fn check(service: &Service, request: ApiRequest, expected: Value, reasons: &[Reason]) {
    let (response, purged) = service.write("location#main", request).await;
    assert_eq!((response.ok(200), purged.as_slice()), (expected.clone(), reasons));
    assert_eq!(service.get("/imageLocationConfig/main").await.ok(200), expected);
}

#[tokio::test]
async fn a_config_is_purged_only_when_it_is_forced() {
    let service = Service::start().await;
    let sent = json!({"width": 640, "height": 360});
    let saved = |generation: u64, revision: u64| {
        json!({
            "name": "main", "width": 640, "height": 360, "fit": "cover", "format": "auto", "quality": 85,
            "generation": generation, "revision": revision,
        })
    };
    let forced = [Reason::LocationForced];
    check(&service, save("").json(&sent), saved(0, 1), &[]).await;
    check(&service, save("?force=true").json(&sent), saved(1, 2), &forced).await;
    check(&service, save("?force=false").json(&sent), saved(1, 3), &[]).await;
    check(&service, save("?force=true"), saved(2, 4), &forced).await;
    let other = json!({"width": 1, "height": 4096, "fit": "fill", "format": "webp", "quality": 1});
    let mut expected = saved(2, 5);
    expected.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    check(&service, save("").json(&other), expected, &[]).await;
}

#[tokio::test]
async fn a_first_config_that_is_forced_is_purged() {
    let service = Service::start().await;
    let sent = save("?force=true").json(&json!({"width": 640, "height": 360}));
    let (response, reasons) = service.write("location#main", sent).await;
    assert_eq!(response.ok(200)["generation"], 1);
    assert_eq!(reasons, [Reason::LocationForced]);
}

#[tokio::test]
async fn a_forced_config_of_another_writer_keeps_its_attributes() {
    let service = Service::start().await;
    service.put_item("location#main", json!({"width": 640, "height": 360, "owner": "design"})).await;
    let expected = json!({
        "name": "main", "width": 640, "height": 360, "fit": "cover", "format": "auto", "quality": 85,
        "generation": 1, "revision": 1,
    });
    check(&service, save("?force=true"), expected, &[Reason::LocationForced]).await;
    assert_eq!(service.item("location#main").await.unwrap()["owner"], json!({"S": "design"}));
}

#[tokio::test]
async fn a_config_that_cannot_be_saved_is_rejected_with_the_reason() {
    let service = Service::start().await;
    service.get("/imageLocationConfig/main").await.check_error(404, "unknown-config", "get the default one");
    service.check_rejected(save("?force=true"), 404, "unknown-config", "no saved configuration").await;
    service.check_rejected(save(""), 422, "nothing-to-save", "send width and height").await;
    for force in ["yes", "1", "TRUE", ""] {
        service.check_rejected(save(&format!("?force={force}")), 400, "invalid-force", "true or false").await;
    }
    for (sent, expected) in [
        (json!({"width": 640}), "missing field `height`"),
        (json!({"width": 0, "height": 360}), "0 is not valid: allowed are 1 to 4096 pixels"),
        (json!({"width": 640, "height": 4097}), "4097 is not valid: allowed are 1 to 4096 pixels"),
        (json!({"width": 640, "height": 360, "quality": 101}), "101 is not valid: allowed are 1 to 100"),
        (json!({"width": 640, "height": 360, "fit": "crop"}), "expected one of `cover`, `fit`, `fill`"),
        (json!({"width": 640, "height": 360, "resize": "fit"}), "expected one of `width`, `height`, `fit`"),
    ] {
        service.check_rejected(save("").json(&sent), 422, "invalid-body", expected).await;
    }
    let name = ApiRequest::new("PUT", "/imageLocationConfig/a.b").json(&json!({"width": 1, "height": 1}));
    service.check_rejected(name, 422, "invalid-identifier", "image location \"a.b\"").await;
}
