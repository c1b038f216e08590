use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use uuid::Uuid;

use crate::cache::{Object, OriginResponse};
use crate::distribution::Distribution;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");

const HIT: HeaderValue = HeaderValue::from_static("Hit from cloudfront");
const MISS: HeaderValue = HeaderValue::from_static("Miss from cloudfront");
const ERROR: HeaderValue = HeaderValue::from_static("Error from cloudfront");

/// The source of the object of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The cache, or a fetch for another request.
    Cache,
    /// A fetch for this request.
    Origin,
}

/// The response to a viewer: that of the origin with the headers that CloudFront adds. An object from the cache has an
/// `Age`. `X-Cache` of an error is always `Error`, cached or not.
pub(super) fn object_response(
    object: &Object,
    source: Source,
    distribution: &Distribution,
    now: Timestamp,
) -> Response {
    let OriginResponse { status, headers, body } = object.response.clone();
    let is_error = status.is_client_error() || status.is_server_error();
    let x_cache = match source {
        _ if is_error => ERROR,
        Source::Cache => HIT,
        Source::Origin => MISS,
    };
    let mut response = respond(status, headers, Body::from(body), x_cache);
    let headers = response.headers_mut();
    if source == Source::Cache {
        headers.insert(header::AGE, object.age_secs(now).into());
    }
    if let Ok(via) = HeaderValue::try_from(format!("1.1 {} (CloudFront)", distribution.domain_name)) {
        headers.append(header::VIA, via);
    }
    response
}

/// The response to a request that the emulator itself rejects.
pub(super) fn error_page(status: StatusCode, reason: &str) -> Response {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let body = format!("{status}\nThe request could not be satisfied.\n{reason}\n");
    respond(status, [content_type].into_iter().collect(), Body::from(body), ERROR)
}

fn respond(status: StatusCode, headers: HeaderMap, body: Body, x_cache: HeaderValue) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().insert(X_CACHE, x_cache);
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().simple().to_string()) {
        response.headers_mut().insert(X_AMZ_CF_ID, id);
    }
    response
}
