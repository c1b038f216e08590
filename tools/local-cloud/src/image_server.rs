//! Somebody else's web server, from which the management API fetches images. It is on loopback, which only the local
//! configuration allows to be fetched from.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::test_image::{Colour, Encoding, photograph};

/// Size of every image in pixels.
const SIZE: (u32, u32) = (1600, 1200);

/// A running server, which ends when this value is dropped.
#[derive(Debug)]
pub struct ImageServer {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl ImageServer {
    /// Starts the server on a free port of the loopback interface.
    ///
    /// `/blue.png` is an image; `/moved.png` leads there; `/metadata.png` leads to where clouds keep credentials.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let moved_to = |to: &'static str| get(async move || (StatusCode::FOUND, [(LOCATION, to)]));
        let routes = Router::new()
            .route("/blue.png", get(blue))
            .route("/moved.png", moved_to("/blue.png"))
            .route("/metadata.png", moved_to("http://169.254.169.254/latest/meta-data/"));
        let server = tokio::spawn(async move {
            // Ends only with the task: axum retries what `accept` can fail with.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, server })
    }

    /// Its host and port, as a configuration names it.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The address of `file`.
    #[must_use]
    pub fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn blue() -> impl IntoResponse {
    match photograph(Colour::Blue, SIZE, Encoding::Png, 1) {
        Ok(bytes) => ([(CONTENT_TYPE, Encoding::Png.content_type())], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
