//! Requests to the origins.

mod signature;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::cache::{Object, OriginResponse};
use crate::distribution::{Distribution, Origin};
use crate::emulator::Emulator;

/// The timeout of an origin request ("Response timeout", the default of a custom origin).
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers of one connection, which are not part of the object.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The client of the origin gateway, which routes requests by `Host`.
pub(crate) fn client(ca: Option<&[u8]>) -> reqwest::Result<Client> {
    let mut builder = Client::builder().timeout(RESPONSE_TIMEOUT).redirect(Policy::none()).no_proxy();
    if let Some(ca) = ca {
        builder = builder.tls_certs_only([Certificate::from_pem(ca)?]);
    }
    builder.build()
}

/// Sends a request to the origin. Without a response of the origin, the result is a 502 or 504, like CloudFront's.
pub(crate) async fn fetch(emulator: &Emulator, distribution: &Distribution, method: &Method, key: &str) -> Arc<Object> {
    let response = exchange(emulator, &distribution.origin, method, key).await.unwrap_or_else(|error| {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(distribution = distribution.id, key, %error, cause, "an origin request failed");
        no_response(&*error)
    });
    Arc::new(Object::new(response, distribution, emulator.now()))
}

/// Sends a call to the origin gateway unchanged, so that its signature stays valid, and returns the response.
pub(crate) async fn relay(emulator: &Emulator, call: &Parts, body: Bytes) -> reqwest::Result<(StatusCode, Bytes)> {
    let path = call.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let request = emulator.http.request(call.method.clone(), gateway_url(emulator, path));
    let response = request.headers(call.headers.clone()).body(body).send().await?;
    Ok((response.status(), response.bytes().await?))
}

fn gateway_url(emulator: &Emulator, path: &str) -> String {
    format!("{}{path}", emulator.config.origin_gateway.trim_end_matches('/'))
}

async fn exchange(
    emulator: &Emulator,
    origin: &Origin,
    method: &Method,
    key: &str,
) -> Result<OriginResponse, Box<dyn Error + Send + Sync>> {
    let path = format!("{}{key}", origin.path);
    let mut request = Request::builder()
        .method(method)
        .uri(gateway_url(emulator, &path))
        .header(header::HOST, &origin.domain_name)
        .header(header::USER_AGENT, "Amazon CloudFront")
        .header(header::VIA, "1.1 edge.cloudfront.net (CloudFront)")
        .body(Bytes::new())?;
    for (name, value) in &origin.custom_headers {
        request.headers_mut().insert(name, value.clone());
    }
    if let Some(region) = &origin.signing_region {
        let credentials = &emulator.config.origin_credentials;
        signature::sign(&mut request, (&origin.domain_name, &path), region, credentials, emulator.now())?;
    }
    let mut response = emulator.http.execute(request.try_into()?).await?;
    let mut headers = std::mem::take(response.headers_mut());
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    Ok(OriginResponse { status: response.status(), headers, body: response.bytes().await? })
}

fn no_response(error: &(dyn Error + 'static)) -> OriginResponse {
    let (status, body) = if error.downcast_ref().is_some_and(reqwest::Error::is_timeout) {
        (StatusCode::GATEWAY_TIMEOUT, "The origin did not respond in time.\n")
    } else {
        (StatusCode::BAD_GATEWAY, "CloudFront could not connect to the origin.\n")
    };
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    OriginResponse { status, headers: [content_type].into_iter().collect(), body: Bytes::from_static(body.as_bytes()) }
}
