//! Uploads to S3 by presigned URLs and their confirmation.

use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::{Service, png};

const UPLOADS: &str = "/imagePacks/cat/imageLocations/main/uploads";

/// Requests a presigned upload of this image.
async fn prepare(service: &Service, image: &[u8]) -> Value {
    let announced = json!({"mediaType": "image/png", "bytes": image.len()});
    service.send(ApiRequest::new("POST", UPLOADS).json(&announced)).await.ok(201)
}

/// Uploads with a plain HTTP client and returns the status.
async fn upload(prepared: &Value, body: Vec<u8>) -> u16 {
    let method = reqwest::Method::from_bytes(prepared["method"].as_str().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method, prepared["url"].as_str().unwrap()).body(body);
    for (name, value) in prepared["headers"].as_object().unwrap() {
        if name != "content-length" {
            request = request.header(name, value.as_str().unwrap());
        }
    }
    request.send().await.unwrap().status().as_u16()
}

fn confirm(prepared: &Value) -> ApiRequest {
    ApiRequest::new("POST", &format!("{UPLOADS}/{}/confirm", prepared["uploadId"].as_str().unwrap()))
}

#[tokio::test]
async fn an_uploaded_image_is_shown_once_it_is_confirmed() {
    let service = Service::with_cat().await;
    let image = png(64, 48);
    let prepared = prepare(&service, &image).await;
    assert_eq!(prepared["expiresAt"], 1_764_000_900_000_u64, "15 minutes from now");
    assert_eq!(prepared["headers"]["content-type"], "image/png");
    assert_eq!(prepared["headers"]["content-length"], image.len().to_string());
    assert_eq!(upload(&prepared, image.clone()).await, 200);
    assert_eq!(service.get("/imagePacks/cat").await.ok(200)["revision"], 2, "nothing is shown before");

    let (response, reasons) = service.write("pack#cat", confirm(&prepared)).await;
    let pack = response.ok(200);
    assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    let original = &pack["imageLocations"]["main"]["original"];
    assert!(original["key"].as_str().unwrap().starts_with("acme/cat/main/"), "{original}");
    assert_eq!((&original["width"], &original["uploadId"]), (&json!(64), &prepared["uploadId"]));
    assert_eq!(service.version(original).await.unwrap(), image);
    let waiting = format!(".uploads/acme/cat/main/{}", prepared["uploadId"].as_str().unwrap());
    assert!(!service.has(&json!(waiting)).await);

    let (response, reasons) = service.write("pack#cat", confirm(&prepared)).await;
    assert_eq!((response.ok(200), reasons), (pack, vec![]), "confirming twice is confirming once");
}

#[tokio::test]
async fn an_upload_to_a_new_location_is_shown() {
    let service = Service::with_cat().await;
    let uploads = "/imagePacks/cat/imageLocations/poster/uploads";
    let image = png(64, 48);
    let announced = json!({"mediaType": "image/png", "bytes": image.len()});
    let prepared = service.send(ApiRequest::new("POST", uploads).json(&announced)).await.ok(201);
    assert_eq!(upload(&prepared, image).await, 200);
    let url = format!("{uploads}/{}/confirm", prepared["uploadId"].as_str().unwrap());
    let pack = service.send(ApiRequest::new("POST", &url)).await.ok(200);
    assert_eq!(pack["imageLocations"]["poster"]["original"]["width"], 64);
    assert_eq!(pack["mainImageLocation"], "main");
}

#[tokio::test]
async fn a_confirmation_without_an_upload_or_after_a_replacement_is_rejected() {
    let service = Service::with_cat().await;
    let prepared = prepare(&service, &png(64, 48)).await;
    let nothing = "There is no upload under this id";
    service.check_rejected(confirm(&prepared), 404, "unknown-upload", nothing).await;
    assert_eq!(upload(&prepared, png(64, 48)).await, 200);
    service.send(confirm(&prepared)).await.ok(200);
    let replaced = ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(10, 10));
    service.send(replaced).await.ok(200);
    service.check_rejected(confirm(&prepared), 404, "unknown-upload", "confirmed and replaced").await;
}

#[tokio::test]
async fn an_upload_belongs_to_one_location_of_one_pack_of_one_tenant() {
    let service = Service::with_cat().await;
    service.send(ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "dog"}))).await.ok(201);
    let create = ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "cat"})).of_tenants("globex");
    service.send(create).await.ok(201);
    let prepared = prepare(&service, &png(64, 48)).await;
    assert_eq!(upload(&prepared, png(64, 48)).await, 200);
    let id = prepared["uploadId"].as_str().unwrap();
    let elsewhere =
        |place: &str, id: &str| ApiRequest::new("POST", &format!("/imagePacks/{place}/uploads/{id}/confirm"));
    for request in [
        elsewhere("dog/imageLocations/main", id),
        elsewhere("cat/imageLocations/poster", id),
        elsewhere("cat/imageLocations/main", id).of_tenants("globex"),
        elsewhere("cat/imageLocations/main", "..%2F..%2Fglobex"),
        elsewhere("cat/imageLocations/main", "0b0e"),
    ] {
        service.check_rejected(request, 404, "unknown-upload", "under this id").await;
    }
    service.send(confirm(&prepared)).await.ok(200);
}

#[tokio::test]
async fn s3_rejects_an_upload_that_differs_from_the_announcement() {
    let service = Service::with_cat().await;
    let prepared = prepare(&service, &png(64, 48)).await;
    let objects = service.objects().await;
    assert!(upload(&prepared, png(640, 480)).await >= 400, "another size in bytes");
    let mut other = prepared.clone();
    other["headers"]["content-type"] = json!("text/html");
    assert!(upload(&other, png(64, 48)).await >= 400, "another media type");
    let mut other = prepared.clone();
    other["url"] = json!(prepared["url"].as_str().unwrap().replace("/acme/", "/globex/"));
    assert!(upload(&other, png(64, 48)).await >= 400, "another place");
    assert_eq!(service.objects().await, objects);
}

#[tokio::test]
async fn an_upload_that_is_not_an_image_is_rejected_when_confirmed() {
    let service = Service::with_cat().await;
    let text = b"<svg/>".to_vec();
    let prepared = prepare(&service, &text).await;
    assert_eq!(upload(&prepared, text).await, 200);
    service.check_rejected(confirm(&prepared), 422, "not-an-image", "JPEG, PNG and WebP").await;
}

#[tokio::test]
async fn an_upload_that_broke_off_is_rejected_when_confirmed() {
    let service = Service::with_cat().await;
    let whole = png(64, 48);
    let cut = whole[..whole.len() * 3 / 4].to_vec();
    let prepared = prepare(&service, &cut).await;
    assert_eq!(upload(&prepared, cut).await, 200);
    service.check_rejected(confirm(&prepared), 422, "incomplete-image", "the image is incomplete").await;
}

#[tokio::test]
async fn an_invalid_announcement_is_rejected() {
    let service = Service::with_cat().await;
    let request = |announced: Value| ApiRequest::new("POST", UPLOADS).json(&announced);
    for bytes in [0, 50_000_001, u64::MAX] {
        let announced = request(json!({"mediaType": "image/png", "bytes": bytes}));
        service.check_rejected(announced, 422, "invalid-size", "1 to 50000000").await;
    }
    for (announced, message) in [
        (json!({"mediaType": "image/gif", "bytes": 1}), "expected one of `image/jpeg`, `image/png`, `image/webp`"),
        (json!({"mediaType": "image/png"}), "missing field `bytes`"),
        (json!({"mediaType": "image/png", "bytes": -1}), "-1"),
        (json!({"mediaType": "image/png", "bytes": 1, "name": "x"}), "expected `mediaType` or `bytes`"),
    ] {
        service.check_rejected(request(announced), 422, "invalid-body", message).await;
    }
    let dog = ApiRequest::new("POST", "/imagePacks/dog/imageLocations/main/uploads");
    let dog = dog.json(&json!({"mediaType": "image/png", "bytes": 1}));
    service.check_rejected(dog, 404, "unknown-image-pack", "\"dog\"").await;
}
