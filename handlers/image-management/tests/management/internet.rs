//! Fixture: the internet, as a server on loopback that misbehaves on request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::service::png;

/// Serves `/cat.png` (64 × 48 pixels), the same image as `/images/kätzchen.png`, `/status/<status>`, `/slow`, `/text`,
/// `/redirects/<count>` (that many, then `/cat.png`), `/to/<url in hexadecimal>` and `/circle`, which redirects to itself.
pub(crate) async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/cat.png", get(|| async { png(64, 48) }))
        .route("/images/{name}", get(image))
        .route("/circle", get(|| async { (StatusCode::FOUND, [(LOCATION, "/circle")]) }))
        .route("/text", get(|| async { "secret of the internal server" }))
        .route("/status/{status}", get(status))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_mins(10)).await }))
        .route("/redirects/{count}", get(redirects))
        .route("/to/{url}", get(to))
        .route("/nowhere", get(|| async { StatusCode::FOUND }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn image(Path(name): Path<String>) -> impl IntoResponse {
    if name == "kätzchen.png" { Ok(png(64, 48)) } else { Err(StatusCode::NOT_FOUND) }
}

async fn status(Path(status): Path<u16>) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), "secret of the internal server")
}

async fn redirects(Path(count): Path<u32>) -> impl IntoResponse {
    let location = if count > 1 { format!("/redirects/{}", count - 1) } else { "../cat.png".to_owned() };
    (StatusCode::FOUND, [(LOCATION, location)])
}

async fn to(Path(url): Path<String>) -> impl IntoResponse {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, HeaderValue::from_bytes(&hex::decode(url).unwrap()).unwrap())])
}

/// Returns the path that redirects to `url`, sent as these bytes.
pub(crate) fn redirect_to(url: impl AsRef<[u8]>) -> String {
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

/// Serves TLS with a certificate for this address that no public authority issued.
pub(crate) async fn serve_untrusted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let openssl = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=untrusted",
        ])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"])
        .output();
    let pem = openssl.await.unwrap().stdout;
    let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    let certificate = CertificateDer::from_pem_slice(&pem).unwrap();
    let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    address
}
