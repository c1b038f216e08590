//! The parts that both consoles share: a port of loopback, the access control of a page there, its style and its icon.

mod guard;

use std::io;
use std::net::Ipv4Addr;

use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use axum::{Router, middleware};
use tokio::net::TcpListener;

/// Binds the port `preferred` of loopback, so that the page keeps its address from one run to the next, or a free one if
/// another program has it.
pub async fn bind(preferred: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, preferred)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
        listener => listener,
    }
}

/// A file that is part of the program.
pub fn file<S: Clone + Send + Sync + 'static>(media_type: &'static str, text: &'static str) -> MethodRouter<S> {
    get(async move || ([(CONTENT_TYPE, media_type)], text))
}

/// `routes` on `port` with the style and the icon; only the page itself may use them.
pub fn guarded(routes: Router, port: u16) -> Router {
    routes
        .route("/style.css", file("text/css; charset=utf-8", include_str!("style.css")))
        .route("/icon.svg", file("image/svg+xml", include_str!("icon.svg")))
        .layer(middleware::from_fn_with_state(port, guard::guard))
}
