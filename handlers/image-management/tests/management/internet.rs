//! Fixture: the internet, as a server on loopback that misbehaves on request.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::service::png;

/// Serves `/cat.png` (64 × 48 pixels), `/status/<status>`, `/slow`, `/text`, `/redirects/<count>` (that many, then
/// `/cat.png`) and `/to/<url in hexadecimal>`.
pub(crate) async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/cat.png", get(|| async { png(64, 48) }))
        .route("/text", get(|| async { "secret of the internal server" }))
        .route("/status/{status}", get(status))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_mins(10)).await }))
        .route("/redirects/{count}", get(redirects))
        .route("/to/{url}", get(to))
        .route("/nowhere", get(|| async { StatusCode::FOUND }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn status(Path(status): Path<u16>) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), "secret of the internal server")
}

async fn redirects(Path(count): Path<u32>) -> impl IntoResponse {
    let location = if count > 1 { format!("/redirects/{}", count - 1) } else { "../cat.png".to_owned() };
    (StatusCode::FOUND, [(LOCATION, location)])
}

async fn to(Path(url): Path<String>) -> impl IntoResponse {
    let url = String::from_utf8(hex::decode(url).unwrap()).unwrap();
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, url)])
}

/// Returns the path that redirects to `url`.
pub(crate) fn redirect_to(url: &str) -> String {
    format!("/to/{}", hex::encode(url))
}

/// Responds to every request with these bytes, valid HTTP or not, and closes the connection.
pub(crate) async fn serve_raw(response: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&response).await;
        }
    });
    address
}
