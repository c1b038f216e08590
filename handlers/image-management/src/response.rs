//! Responses to editors.

use domain::editing::managed_pack::ManagedPack;
use domain::image::image_pack::LocationConfig;
use domain::{ImagePackId, LocationName, TenantId};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// Converts a pack to JSON.
pub(crate) fn pack_json(tenant: &TenantId, id: &ImagePackId, pack: &ManagedPack) -> Value {
    extended(json!({"tenant": tenant, "imagePackId": id}), pack)
}

/// Builds the response with a pack; the entity tag is its revision.
pub(crate) fn pack(status: StatusCode, tenant: &TenantId, id: &ImagePackId, pack: &ManagedPack) -> Response<Body> {
    tagged(http_api::json(status, &pack_json(tenant, id, pack)), pack.revision)
}

/// Builds the response with a location's configuration; the entity tag is its revision.
pub(crate) fn location_config(name: &LocationName, config: &LocationConfig) -> Response<Body> {
    let body = extended(json!({"name": name}), config);
    tagged(http_api::json(StatusCode::OK, &body), config.revision)
}

/// Builds the response without a body: 204.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn extended(mut body: Value, with: &impl Serialize) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, json!(with)) {
        body.extend(more);
    }
    body
}

fn tagged(mut response: Response<Body>, revision: u64) -> Response<Body> {
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert("etag", etag);
    }
    response
}
