//! Images fetched by URL. The internet of these tests is on loopback, exempt by host and port.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use domain::change::detection::Reason;
use image_management::fetch::{ExemptHosts, FetchLimits};
use serde_json::json;

use crate::internet::{redirect_to, serve, serve_raw};
use crate::request::ApiRequest;
use crate::service::{Service, png};

const NOT_PUBLIC: &str = "not public; allowed are hosts of the public internet";

async fn service(exempt: &[SocketAddr], limits: FetchLimits) -> Service {
    let hosts = exempt.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let hosts = if hosts.is_empty() { ExemptHosts::default() } else { hosts.parse().unwrap() };
    let service = Service::fetching(hosts, limits).await;
    service.put_cat().await;
    service
}

fn fetch(location: &str, url: &str) -> ApiRequest {
    ApiRequest::new("POST", &format!("/imagePacks/cat/imageLocations/{location}/fetchImage")).json(&json!({"url": url}))
}

#[tokio::test]
async fn a_fetched_image_is_shown_and_purged() {
    let internet = serve().await;
    let service = service(&[internet], FetchLimits::default()).await;
    for (location, url) in [("main", "/cat.png"), ("poster", "/redirects/3")] {
        let (response, reasons) = service.write("pack#cat", fetch(location, &format!("http://{internet}{url}"))).await;
        let pack = response.ok(200);
        let original = &pack["imageLocations"][location]["original"];
        assert_eq!((&original["width"], &original["mediaType"]), (&json!(64), &json!("image/png")));
        assert_eq!(service.version(original).await.unwrap(), png(64, 48));
        assert_eq!(reasons, [Reason::ImageLocationsChanged]);
    }
}

#[tokio::test]
async fn a_url_of_an_internal_address_is_rejected() {
    let internet = serve().await;
    let port = internet.port();
    let service = service(&[], FetchLimits::default()).await;
    for url in [
        format!("http://{internet}/cat.png"),
        format!("http://localhost:{port}/cat.png"),
        format!("http://2130706433:{port}/cat.png"),
        format!("http://[::ffff:127.0.0.1]:{port}/cat.png"),
        format!("http://[::1]:{port}/cat.png"),
        format!("http://0.0.0.0:{port}/cat.png"),
        "http://169.254.169.254/latest/meta-data/iam/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://10.0.0.1/".to_owned(),
    ] {
        service.check_rejected(fetch("main", &url), 422, "fetch-rejected", NOT_PUBLIC).await;
    }
}

#[tokio::test]
async fn every_redirect_is_checked_like_the_first_url() {
    let (internet, inside) = (serve().await, serve().await);
    let service = service(&[internet], FetchLimits::default()).await;
    for (to, message) in [
        (format!("http://{inside}/cat.png"), NOT_PUBLIC),
        (format!("http://localhost:{}/cat.png", inside.port()), NOT_PUBLIC),
        (format!("http://localhost:{}/cat.png", internet.port()), NOT_PUBLIC),
        (format!("//{inside}/cat.png"), NOT_PUBLIC),
        ("http://169.254.169.254/".to_owned(), NOT_PUBLIC),
        ("file:///etc/passwd".to_owned(), "allowed are http and https"),
        (format!("http://ada:secret@{internet}/cat.png"), "user name or password"),
    ] {
        let url = format!("http://{internet}{}", redirect_to(&to));
        service.check_rejected(fetch("main", &url), 422, "fetch-rejected", message).await;
    }
}

#[tokio::test]
async fn an_invalid_url_is_rejected_with_the_reason() {
    let service = service(&[], FetchLimits::default()).await;
    for (url, message) in [
        ("cat.png", "not an absolute URL"),
        ("", "not an absolute URL"),
        ("http://", "not an absolute URL"),
        ("ftp://example.com/cat.png", "allowed are http and https"),
        ("data:image/png;base64,AAAA", "allowed are http and https"),
        ("http://ada:secret@example.com/", "user name or password"),
    ] {
        service.check_rejected(fetch("main", url), 422, "fetch-rejected", message).await;
    }
    let request = ApiRequest::new("POST", "/imagePacks/cat/imageLocations/main/fetchImage").json(&json!({"uri": "x"}));
    service.check_rejected(request, 422, "invalid-body", "expected `url`").await;
}

#[tokio::test]
async fn a_response_that_is_not_an_image_is_rejected_without_repeating_it() {
    let internet = serve().await;
    let service = service(&[internet], FetchLimits::default()).await;
    for (url, code, message) in [
        ("/status/404", "fetch-failed", "status 404; 200 is needed"),
        ("/status/500", "fetch-failed", "status 500; 200 is needed"),
        ("/status/204", "fetch-failed", "status 204; 200 is needed"),
        ("/status/304", "fetch-failed", "status 304; 200 is needed"),
        ("/redirects/4", "fetch-failed", "more than 3 redirects"),
        ("/nowhere", "fetch-failed", "without a valid Location header"),
        ("/text", "not-an-image", "JPEG, PNG and WebP"),
    ] {
        let request = fetch("main", &format!("http://{internet}{url}"));
        let response = service.check_rejected(request, 422, code, message).await;
        assert!(!response.body.to_string().contains("secret"), "{}", response.body);
    }
    let missing = fetch("main", &format!("http://{internet}/cat.png"));
    let dog =
        ApiRequest::new("POST", "/imagePacks/dog/imageLocations/main/fetchImage").json(&json!({"url": "http://a.b/"}));
    service.check_rejected(dog, 404, "unknown-image-pack", "\"dog\"").await;
    service.send(missing).await.ok(200);
}

#[tokio::test]
async fn a_slow_server_is_abandoned_after_the_time_limit() {
    let internet = serve().await;
    let limits = FetchLimits { time: Duration::from_secs(1), ..FetchLimits::default() };
    let service = service(&[internet], limits).await;
    let started = Instant::now();
    let slow = fetch("main", &format!("http://{internet}/slow"));
    service.check_rejected(slow, 422, "fetch-failed", "within 1 seconds").await;
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_size_limit_counts_received_bytes_not_the_declared_length() {
    let image = png(640, 480);
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", image.len());
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n", image.len());
    let unannounced = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned();
    let limits = FetchLimits { bytes: image.len() - 1, ..FetchLimits::default() };
    for (head, tail) in [(announced, ""), (chunked, "\r\n0\r\n\r\n"), (unannounced, "")] {
        let response = [head.as_bytes(), &image, tail.as_bytes()].concat();
        let internet = serve_raw(response).await;
        let request = || fetch("main", &format!("http://{internet}/cat.png"));
        let expected = format!("more than {} bytes", image.len() - 1);
        service(&[internet], limits).await.check_rejected(request(), 422, "too-large", &expected).await;
        service(&[internet], FetchLimits::default()).await.send(request()).await.ok(200);
    }
}

#[tokio::test]
async fn a_response_of_another_length_than_declared_is_rejected() {
    let image = png(640, 480);
    let says = |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
    for (bytes, code) in [
        (image.len() + 1, "fetch-failed"),
        (10, "incomplete-image"),
        (image.len() * 3 / 4, "incomplete-image"),
        (0, "empty-image"),
    ] {
        let internet = serve_raw([says(bytes), image.clone()].concat()).await;
        let service = service(&[internet], FetchLimits::default()).await;
        let request = fetch("main", &format!("http://{internet}/cat.png"));
        service.check_rejected(request, 422, code, "").await;
    }
    let broken = serve_raw(b"no HTTP at all".to_vec()).await;
    let service = service(&[broken], FetchLimits::default()).await;
    let request = fetch("main", &format!("http://{broken}/cat.png"));
    service.check_rejected(request, 422, "fetch-failed", "incomplete or not valid HTTP").await;
}

#[tokio::test]
async fn an_unreachable_server_is_rejected() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let service = service(&[gone], FetchLimits::default()).await;
    let request = fetch("main", &format!("http://{gone}/cat.png"));
    service.check_rejected(request, 422, "fetch-failed", "cannot be reached").await;
}
