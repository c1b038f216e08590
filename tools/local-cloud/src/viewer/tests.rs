use std::net::Ipv4Addr;

use axum::Router;
use axum::http::HeaderMap as AxumHeaders;
use axum::response::IntoResponse;
use axum::routing::get;

use super::*;
use crate::test_image::{Colour, Encoding, photograph};

/// An origin that responds to every path with `status`, `headers` and `body`, and says for which host in `x-host`.
async fn responding(status: u16, headers: &'static [(&'static str, &'static str)], body: Vec<u8>) -> SocketAddr {
    let respond = move |request: AxumHeaders| {
        let mut response = (axum::http::StatusCode::from_u16(status).unwrap(), body.clone()).into_response();
        for &(name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response.headers_mut().insert("x-host", request["host"].clone());
        std::future::ready(response)
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/api/v2/img/{image}", get(respond));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn image() -> Vec<u8> {
    photograph(Colour::Green, (48, 32), Encoding::Jpeg, 1).unwrap()
}

const HOST: &str = "acme.image-service.eu-west-1.localhost";

#[tokio::test]
async fn a_hit_shows_its_age_and_its_colour_and_was_requested_by_host_name() {
    let emulator = responding(200, &[("x-cache", "Hit from cloudfront"), ("age", "3")], image()).await;
    let fetched = Viewer::new(HOST, emulator).unwrap().fetch("cat", "main").await.unwrap();
    assert_eq!((fetched.cache, fetched.age_secs, fetched.image.colour), (Cache::Hit, 3, Colour::Green));
    assert_eq!(fetched.headers["x-host"], format!("{HOST}:{}", emulator.port()));
}

#[tokio::test]
async fn a_miss_has_no_age() {
    let emulator = responding(200, &[("x-cache", "Miss from cloudfront")], image()).await;
    let fetched = Viewer::new(HOST, emulator).unwrap().fetch("cat", "main").await.unwrap();
    assert_eq!((fetched.cache, fetched.age_secs), (Cache::Miss, 0));
}

async fn check_rejected(emulator: SocketAddr, expected: &str) {
    let error = Viewer::new(HOST, emulator).unwrap().fetch("cat", "main").await.unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn a_response_that_is_no_image_of_the_emulator_is_an_error_that_says_why() {
    let hit = &[("x-cache", "Hit from cloudfront")];
    check_rejected(responding(404, hit, b"no such pack".to_vec()).await, "404 Not Found: no such pack").await;
    check_rejected(responding(200, &[], image()).await, "X-Cache").await;
    check_rejected(responding(200, &[("x-cache", "Hit from cloudfront"), ("age", "old")], image()).await, "Age").await;
    check_rejected(responding(200, hit, b"<html>".to_vec()).await, "something else than an image").await;
}
