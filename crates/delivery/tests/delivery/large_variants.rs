//! Variants that are larger than a response of the function may be.

use std::io::Cursor;
use std::sync::atomic::Ordering;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;

use crate::service::{RED, Service, check_image, header, key, plain};

/// A PNG of noise, which no encoding makes much smaller: about three bytes a pixel.
fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let image = RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, red, green, blue] = state.to_le_bytes();
        Rgb([red, green, blue])
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_png_that_is_too_large_is_rendered_once_as_webp() {
    let service = Service::start().await;
    let original = service.upload("acme/p1/main", noise(1400, 1400)).await;
    let locations = json!({"main": {"original": original}});
    service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "main"})).await;
    service.write("acme", "location#main", json!({"width": 1400, "height": 1400, "format": "png"})).await;
    let stored = service.count_stored();
    for said in ["rendered", "stored"] {
        let image = service.get("acme", "/api/v2/img/p1").await;
        assert_eq!((image.status().as_u16(), header(&image, "content-type")), (200, Some("image/webp")), "{said}");
        assert!(image.body().len() <= 4_500_000, "{said}: {} bytes", image.body().len());
        assert_eq!(service.stored(&key("acme/p1/main", &image)).await.unwrap(), image.body().to_vec(), "{said}");
    }
    assert_eq!(stored.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_variant_of_another_program_that_is_too_large_is_rendered_anew() {
    let service = Service::start().await;
    service.write_pack("acme", "p1", RED).await;
    service.write("acme", "location#main", json!({"width": 64, "height": 36})).await;
    let key = key("acme/p1/main", &service.get("acme", "/api/v2/img/p1").await);
    let mut variant = plain(RED);
    variant.resize(4_500_001, 0);
    service.put_variant(&key, variant).await;
    check_image(&service.get("acme", "/api/v2/img/p1").await, RED, (64, 36));
    assert!(service.stored(&key).await.unwrap().len() < 4_500_000);
}
