//! Originals in the body of a request.

use std::io::Cursor;

use domain::change::detection::Reason;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::{Service, png};

fn put(location: &str, image: Vec<u8>) -> ApiRequest {
    ApiRequest::new("PUT", &format!("/imagePacks/cat/imageLocations/{location}/original")).binary(image)
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(40, 30, Rgb([220, 30, 30])).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An image that does not compress to a few bytes, so that a cut loses pixels.
fn noise(format: ImageFormat) -> Vec<u8> {
    let mut state = 1_u32;
    let image = RgbImage::from_fn(60, 40, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [red, green, blue, _] = state.to_be_bytes();
        Rgb([red, green, blue])
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn the_first_original_becomes_the_main_image() {
    let service = Service::start().await;
    service.send(ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "cat"}))).await.ok(201);
    let image = png(320, 180);
    let (response, reasons) = service.write("pack#cat", put("poster", image.clone())).await;
    let pack = response.ok(200);
    assert_eq!((&pack["mainImageLocation"], &pack["revision"]), (&json!("poster"), &json!(2)));
    assert_eq!(reasons, [], "no viewer can have seen an image of it");
    let original = &pack["imageLocations"]["poster"]["original"];
    assert!(original["key"].as_str().unwrap().starts_with("acme/cat/poster/"), "{original}");
    assert_eq!(
        (&original["mediaType"], &original["width"], &original["height"], &original["bytes"]),
        (&json!("image/png"), &json!(320), &json!(180), &json!(image.len()))
    );
    assert_eq!(service.version(original).await.unwrap(), image);
}

#[tokio::test]
async fn a_replaced_original_is_purged_and_its_version_stays_readable() {
    let service = Service::with_cat().await;
    let shown = |pack: &Value| pack["imageLocations"]["main"]["original"].clone();
    let old = shown(&service.get("/imagePacks/cat").await.ok(200));
    // The same image again is a new original: the editor may want it re-rendered.
    for image in [png(320, 180), png(64, 64)] {
        let (response, reasons) = service.write("pack#cat", put("main", image.clone())).await;
        let new = shown(&response.ok(200));
        assert_ne!((&new["key"], &new["version"]), (&old["key"], &old["version"]));
        assert_eq!(reasons, [Reason::ImageLocationsChanged]);
        assert_eq!(service.version(&new).await.unwrap(), image);
        assert!(service.has(&new["key"]).await && !service.has(&old["key"]).await);
        assert!(service.version(&old).await.is_some(), "a request may be rendering a variant of it");
    }
}

#[tokio::test]
async fn a_crop_survives_an_original_of_the_same_size_only() {
    let service = Service::with_cat().await;
    let crop = json!({"x": 0, "y": 0, "width": 100, "height": 100});
    let set = ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/crop").json(&crop);
    service.send(set).await.ok(200);
    let pack = service.send(put("main", png(320, 180))).await.ok(200);
    assert_eq!(pack["imageLocations"]["main"]["crop"], crop);
    let pack = service.send(put("main", png(180, 320))).await.ok(200);
    assert_eq!(pack["imageLocations"]["main"]["crop"], Value::Null);
}

#[tokio::test]
async fn the_media_type_is_that_of_the_content() {
    let service = Service::with_cat().await;
    for (format, media_type) in
        [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png"), (ImageFormat::WebP, "image/webp")]
    {
        let pack = service.send(put("main", encoded(format))).await.ok(200);
        assert_eq!(pack["imageLocations"]["main"]["original"]["mediaType"], media_type);
    }
}

#[tokio::test]
async fn a_file_that_is_not_an_image_is_rejected_and_not_stored() {
    let service = Service::with_cat().await;
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec();
    let mut bomb = png(1, 1);
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    for (image, code, message) in [
        (Vec::new(), "empty-image", "no bytes"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "not-an-image", "JPEG, PNG and WebP"),
        (gif, "unsupported-format", "JPEG, PNG and WebP"),
        (png(10, 10)[..20].to_vec(), "incomplete-image", "the file ends before its last pixel"),
    ] {
        service.check_rejected(put("main", image), 422, code, message).await;
    }
    // The header of a PNG has a checksum, so a forged header without a new checksum counts as damaged.
    let response = service.send(put("main", bomb)).await;
    assert_eq!(response.status, 422, "{}", response.body);
}

#[tokio::test]
async fn an_image_that_broke_off_is_rejected_and_not_stored() {
    let service = Service::with_cat().await;
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = noise(format);
        for percent in [50, 95] {
            let cut = whole[..whole.len() * percent / 100].to_vec();
            let message = "the image is incomplete: the file ends before its last pixel";
            service.check_rejected(put("main", cut), 422, "incomplete-image", message).await;
        }
        service.send(put("main", whole)).await.ok(200);
    }
}

#[tokio::test]
async fn an_animation_is_rejected_and_not_stored() {
    let service = Service::with_cat().await;
    let still = png(10, 10);
    // `acTL` (PNG specification, 11.3.6.1) with two frames and its checksum, after the header chunk.
    let control = b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\xf3\x8d\x93\x70";
    let animated = [&still[..33], control, &still[33..]].concat();
    service.check_rejected(put("main", animated), 422, "unsupported-format", "animated PNG").await;
}

#[tokio::test]
async fn an_image_of_too_many_pixels_is_rejected() {
    let service = Service::with_cat().await;
    let mut bytes = Cursor::new(Vec::new());
    image::GrayImage::new(10_000, 5_001).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let expected = "10000 × 5001 pixels; allowed are 1 to 50000000";
    service.check_rejected(put("main", bytes.into_inner()), 422, "pixel-count", expected).await;
}

#[tokio::test]
async fn an_image_too_large_for_a_body_is_rejected_with_a_hint_to_uploads() {
    let service = Service::with_cat().await;
    let mut largest = png(10, 10);
    largest.resize(4_500_000, 0);
    let mut too_large = largest.clone();
    too_large.push(0);
    service.check_rejected(put("main", too_large), 413, "too-large", "POST …/uploads").await;
    service.send(put("main", largest)).await.ok(200);
}

#[tokio::test]
async fn an_original_is_rejected_without_a_pack_or_with_a_full_one() {
    let service = Service::with_cat().await;
    let dog = ApiRequest::new("PUT", "/imagePacks/dog/imageLocations/main/original").binary(png(10, 10));
    service.check_rejected(dog, 404, "unknown-image-pack", "no image pack \"dog\"").await;
    let image = json!({"original": {"key": "k", "version": "v"}});
    let images: serde_json::Map<_, _> = (0..50).map(|number| (format!("l{number}"), image.clone())).collect();
    service.put_item("pack#cat", json!({"imageLocations": images})).await;
    service.check_rejected(put("main", png(10, 10)), 422, "too-many-images", "50 images").await;
    service.send(put("l7", png(10, 10))).await.ok(200);
}
