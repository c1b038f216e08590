//! Paths of requests, as CloudFront sends them: its cache key is the path as the viewer sent it, so an image has one path
//! only, which the invalidation of that path covers.

use crate::service::{RED, Service, check_image};

const SIZE: (u32, u32) = (1920, 1080);

#[tokio::test]
async fn an_image_has_one_path_and_every_other_way_to_write_it_is_404() {
    let service = Service::start().await;
    service.write_pack("acme", "cat", RED).await;
    check_image(&service.get("acme", "/api/v2/img/cat").await, RED, SIZE);
    let mut served = Vec::new();
    for path in [
        // Dot segments, encoded or not.
        "/api/v2/img/./cat",
        "/api/v2/img/%2e/cat",
        "/api/v2/img/%2E/cat",
        "/zzz/../api/v2/img/cat",
        "/zzz/%2e%2e/api/v2/img/cat",
        "/zzz/.%2e/api/v2/img/cat",
        "/api/v2/img/dog/../cat",
        "/api/v2/img/cat/.",
        "/api/v2/img/cat/..",
        "/api/v2/img/.",
        "/api/v2/img/..",
        // Backslashes, encoded or not.
        "/api/v2/img\\cat",
        "\\api\\v2\\img\\cat",
        "/api/v2/img/\\cat",
        "/api/v2/img%5Ccat",
        // Empty segments.
        "/",
        "/api/v2/img",
        "/api/v2/img/",
        "//api/v2/img/cat",
        "/api//v2/img/cat",
        "/api/v2/img//cat",
        "/api/v2/img/cat/",
        "/api/v2/img/cat//",
        // Percent-encoding: of a slash, and of characters that need none.
        "/api/v2/img%2Fcat",
        "/api/v2/img%2fcat",
        "/api/v2/img/%2Fcat",
        "/api/v2/img/c%61t",
        "/api/v2/img/%63%61%74",
        "/%61pi/v2/img/cat",
        "/api/v2/img/cat%2Dv2",
        "/api/v2/img/cat%00",
        "/api/v2/img/cat%20",
        "/api/v2/img/cat%",
        // Characters that a URL parser drops or that begin another part of a URL.
        "/api/v2/img/c\tat",
        "/api/v2/img/cat\n",
        "/api/v2/img/cat#v2",
        "/api/v2/img/cat;v=2",
        // No identifier of a pack.
        "/api/v2/img/cat/main",
        "/api/v2/img/*",
        "/api/v2/img/cat*",
        "/api/v2/img/cat~",
        "/api/v2/img/kätzchen",
        "/API/v2/img/cat",
        "/api/v1/img/cat",
        "/favicon.ico",
    ] {
        let response = service.get("acme", path).await;
        if response.status() != 404 {
            served.push(format!("{path:?}: {}", response.status()));
        }
    }
    assert!(served.is_empty(), "not 404: {served:#?}");
}
