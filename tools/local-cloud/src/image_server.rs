//! A web server with images for `fetchImage`. It is on loopback, which only the local configuration allows.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::routing::get;

use crate::cause::Cause;
use crate::loopback_server::LoopbackServer;
use crate::test_image::{Colour, Encoding, photograph};

/// The size of the image in pixels.
const SIZE: (u32, u32) = (800, 600);

/// A running server with `/blue.png`, an image; `/moved.png`, a redirect to it; and `/metadata.png`, a redirect to the
/// metadata service of a cloud.
#[derive(Debug)]
pub struct ImageServer(LoopbackServer);

impl ImageServer {
    /// Starts the server on a free port.
    pub async fn start() -> Result<Self, Cause> {
        let blue = photograph(Colour::Blue, SIZE, Encoding::Png, 1)?;
        let moved_to = |to: &'static str| get(async move || (StatusCode::FOUND, [(LOCATION, to)]));
        let routes = Router::new()
            .route("/blue.png", get(async move || ([(CONTENT_TYPE, Encoding::Png.content_type())], blue)))
            .route("/moved.png", moved_to("/blue.png"))
            .route("/metadata.png", moved_to("http://169.254.169.254/latest/meta-data/"));
        Ok(Self(LoopbackServer::serve(LoopbackServer::bind(0).await?, routes)?))
    }

    /// The host and port.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.address().to_string()
    }

    /// The URL of `file`.
    #[must_use]
    pub fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.0.address())
    }
}
