//! A cache between CloudFront and viewers that keeps what it has, whatever its headers say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use local_cloud::cause::Cause;
use local_cloud::loopback_server::LoopbackServer;

type Stored = (StatusCode, HeaderMap, Bytes);

#[derive(Debug, Clone)]
struct Cache {
    http: reqwest::Client,
    /// The address of CloudFront.
    origin: String,
    stored: Arc<Mutex<HashMap<String, Stored>>>,
}

/// Starts the cache in front of `origin`.
pub(super) async fn start(origin: String) -> Result<LoopbackServer, Cause> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let cache = Cache { http, origin, stored: Arc::default() };
    Ok(LoopbackServer::serve(LoopbackServer::bind(0).await?, Router::new().fallback(respond).with_state(cache))?)
}

async fn respond(State(cache): State<Cache>, request: Request) -> Response {
    let path = request.uri().to_string();
    let known = cache.stored.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    let response = match known {
        Some(stored) => Ok(stored),
        None => cache.fetch(&path, request.headers()).await,
    };
    match response {
        // The server sends no body in response to a HEAD.
        Ok(stored) => stored.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Cache {
    async fn fetch(&self, path: &str, headers: &HeaderMap) -> Result<Stored, reqwest::Error> {
        let mut request = self.http.request(Method::GET, format!("{}{path}", self.origin));
        if let Some(host) = headers.get(HOST) {
            request = request.header(HOST, host);
        }
        let response = request.send().await?;
        let mut stored = (response.status(), response.headers().clone(), Bytes::new());
        stored.2 = response.bytes().await?;
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), stored.clone());
        Ok(stored)
    }
}
