//! Requests to the origins.

mod signature;

use std::error::Error;
use std::time::Duration;

use aws_sdk_cloudfront::config::Credentials;
use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use jiff::Timestamp;

use crate::cache::{CacheKey, OriginResponse};
use crate::distribution::{Distribution, Origin};

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

/// Sends origin requests to the origin gateway, which routes them by `Host`.
#[derive(Debug)]
pub(crate) struct OriginClient {
    http: reqwest::Client,
    gateway: String,
    credentials: Credentials,
}

/// A failure to get a response from an origin.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the origin request could not be built")]
    Request(#[from] http::Error),
    #[error("the origin request could not be signed")]
    Signature(#[from] signature::SignatureError),
    #[error("the origin did not respond")]
    Exchange(#[from] reqwest::Error),
}

impl OriginClient {
    pub(crate) fn new(gateway: &str, ca: Option<&[u8]>, credentials: Credentials) -> Result<Self, reqwest::Error> {
        let mut http =
            reqwest::Client::builder().timeout(RESPONSE_TIMEOUT).redirect(reqwest::redirect::Policy::none()).no_proxy();
        if let Some(ca) = ca {
            http = http.tls_certs_only([reqwest::Certificate::from_pem(ca)?]);
        }
        Ok(Self { http: http.build()?, gateway: gateway.trim_end_matches('/').to_owned(), credentials })
    }

    /// Sends the request to the origin. Without a response of the origin, the result is a 502 or 504, like
    /// CloudFront's.
    pub(crate) async fn fetch(
        &self,
        distribution: &Distribution,
        method: &Method,
        key: &CacheKey,
        now: Timestamp,
    ) -> OriginResponse {
        match self.exchange(&distribution.origin, method, key, now).await {
            Ok(response) => response,
            Err(error) => {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                let (distribution, key) = (&distribution.id, key.as_str());
                tracing::warn!(distribution, key, %error, cause, "an origin request failed");
                no_response(&error)
            }
        }
    }

    /// Sends a call to the origin gateway unchanged, so that its signature stays valid, and returns the response.
    pub(crate) async fn relay(&self, call: &Parts, body: Bytes) -> Result<(StatusCode, Bytes), reqwest::Error> {
        let path = call.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let request = self.http.request(call.method.clone(), format!("{}{path}", self.gateway));
        let response = request.headers(call.headers.clone()).body(body).send().await?;
        Ok((response.status(), response.bytes().await?))
    }

    async fn exchange(
        &self,
        origin: &Origin,
        method: &Method,
        key: &CacheKey,
        now: Timestamp,
    ) -> Result<OriginResponse, FetchError> {
        let path = format!("{}{}", origin.path, key.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.gateway))
            .header(header::HOST, &origin.domain_name)
            .header(header::USER_AGENT, "Amazon CloudFront")
            .header(header::VIA, "1.1 edge.cloudfront.net (CloudFront)")
            .body(Bytes::new())?;
        for (name, value) in &origin.custom_headers {
            request.headers_mut().insert(name, value.clone());
        }
        if let Some(region) = &origin.signing_region {
            signature::sign(&mut request, (&origin.domain_name, &path), region, &self.credentials, now)?;
        }
        let mut response = self.http.execute(request.try_into()?).await?;
        let headers = without_hop_by_hop(std::mem::take(response.headers_mut()));
        Ok(OriginResponse { status: response.status(), headers, body: response.bytes().await? })
    }
}

fn without_hop_by_hop(mut headers: HeaderMap) -> HeaderMap {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers
}

fn no_response(error: &FetchError) -> OriginResponse {
    let timed_out = matches!(error, FetchError::Exchange(cause) if cause.is_timeout());
    let (status, body) = if timed_out {
        (StatusCode::GATEWAY_TIMEOUT, "The origin did not respond in time.\n")
    } else {
        (StatusCode::BAD_GATEWAY, "CloudFront could not connect to the origin.\n")
    };
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    OriginResponse { status, headers: [content_type].into_iter().collect(), body: Bytes::from_static(body.as_bytes()) }
}
