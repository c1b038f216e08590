//! Requests to the origins.

mod signature;

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::cache::{Object, OriginResponse};
use crate::distribution::{Distribution, Origin};
use crate::emulator::Emulator;

/// The timeout of an origin request ("Response timeout", the default of a custom origin).
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers of one connection, which are not part of the object.
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

type BoxError = Box<dyn Error + Send + Sync>;

/// The client of the origin gateway, which routes requests by `Host`. It sends paths as they are: an HTTP client for
/// browsers would resolve dot segments.
pub(crate) struct OriginClient {
    gateway: String,
    http: Client<HttpsConnector<HttpConnector>, Body>,
}

impl OriginClient {
    pub(crate) fn new(gateway: &str, ca: Option<&[u8]>) -> Result<Self, BoxError> {
        let mut trusted = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca.unwrap_or_default()) {
            trusted.add(certificate?)?;
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let http = Client::builder(TokioExecutor::new()).build(https.wrap_connector(tcp));
        Ok(Self { gateway: gateway.trim_end_matches('/').to_owned(), http })
    }

    fn url(&self, path: &str) -> Result<Uri, http::Error> {
        Ok(Uri::try_from(format!("{}{path}", self.gateway))?)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, BoxError> {
        let (parts, body) = self.http.request(request).await?.into_parts();
        Ok(Response::from_parts(parts, to_bytes(Body::new(body), usize::MAX).await?))
    }
}

/// Sends a request to the origin. `expired` is an object that the origin may confirm with a 304. Without a response of
/// the origin, the result is a 502 or 504, like CloudFront's.
pub(crate) async fn fetch(
    emulator: &Emulator,
    distribution: &Distribution,
    method: &Method,
    key: &str,
    expired: Option<&Object>,
) -> Arc<Object> {
    let expired = expired.filter(|object| object.response.status == StatusCode::OK);
    let etag = expired.and_then(Object::etag);
    let response = tokio::select! {
        response = exchange(emulator, &distribution.origin, method, key, etag) => response.unwrap_or_else(|error| {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            let message = "CloudFront could not connect to the origin.\n";
            no_response(distribution, key, (StatusCode::BAD_GATEWAY, message), &format_args!("{error}: {cause}"))
        }),
        () = emulator.config.clock.sleep(RESPONSE_TIMEOUT) => {
            let message = "The origin did not respond in time.\n";
            no_response(distribution, key, (StatusCode::GATEWAY_TIMEOUT, message), &"timeout")
        }
    };
    let now = emulator.now();
    Arc::new(match expired {
        Some(expired) if etag.is_some() && response.status == StatusCode::NOT_MODIFIED => {
            expired.revalidated(&response.headers, distribution, now)
        }
        _ => Object::new(response, distribution, now),
    })
}

/// Sends a call to the origin gateway unchanged, so that its signature stays valid, and returns the response.
pub(crate) async fn relay(emulator: &Emulator, call: &Parts, body: Bytes) -> Result<Response<Bytes>, BoxError> {
    let path = call.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = emulator.origin.url(path)?;
    *request.headers_mut() = call.headers.clone();
    tokio::time::timeout(RESPONSE_TIMEOUT, emulator.origin.send(request)).await?
}

async fn exchange(
    emulator: &Emulator,
    origin: &Origin,
    method: &Method,
    key: &str,
    etag: Option<&HeaderValue>,
) -> Result<OriginResponse, BoxError> {
    let path = format!("{}{key}", origin.path);
    let mut request = Request::builder()
        .method(method)
        .uri(emulator.origin.url(&path)?)
        .header(header::HOST, &origin.domain_name)
        .header(header::USER_AGENT, "Amazon CloudFront")
        .header(header::VIA, "1.1 edge.cloudfront.net (CloudFront)")
        .body(Body::empty())?;
    for (name, value) in &origin.custom_headers {
        request.headers_mut().insert(name, value.clone());
    }
    if let Some(etag) = etag {
        request.headers_mut().insert(header::IF_NONE_MATCH, etag.clone());
    }
    if let Some(region) = &origin.signing_region {
        let credentials = &emulator.config.origin_credentials;
        signature::sign(&mut request, (&origin.domain_name, &path), region, credentials, emulator.now())?;
    }
    let (parts, body) = emulator.origin.send(request).await?.into_parts();
    let (status, mut headers) = (parts.status, parts.headers);
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    if method != Method::HEAD {
        headers.remove(header::CONTENT_LENGTH);
    }
    Ok(OriginResponse { status, headers, body })
}

fn no_response(
    distribution: &Distribution,
    key: &str,
    (status, message): (StatusCode, &'static str),
    error: &dyn Display,
) -> OriginResponse {
    tracing::warn!(distribution = distribution.id, key, %error, "an origin request failed");
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    OriginResponse {
        status,
        headers: [content_type].into_iter().collect(),
        body: Bytes::from_static(message.as_bytes()),
    }
}
