//! Responses in JSON that are never cached.

use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

/// Builds a response in JSON that is never cached.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    // The bodies are structs and JSON values, which serde_json always writes.
    json_text(status, serde_json::to_string(body).unwrap_or_default())
}

/// Builds a response of a text in JSON that is never cached.
#[must_use]
pub fn json_text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}
