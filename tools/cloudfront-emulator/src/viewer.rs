//! The data plane: responses to viewers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::sync::watch;
use uuid::Uuid;

use crate::cache::{CacheKey, Found, Object, OriginResponse, cache_key};
use crate::distribution::Distribution;
use crate::emulator::Emulator;
use crate::origin;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");

/// Serves a viewer request from the distribution that `Host` names.
pub(crate) async fn serve(State(emulator): State<Arc<Emulator>>, request: Request) -> Response {
    let host = host_name(&request).to_owned();
    let distribution = match emulator.config.distributions.find(emulator.now(), |known| known.serves(&host)).await {
        Ok(Some(distribution)) => distribution,
        Ok(None) => {
            let reason =
                format!("No distribution has the domain name '{host}'. Check the host, or deploy the distribution.");
            return error_page(StatusCode::FORBIDDEN, &reason);
        }
        Err(error) => return error_page(StatusCode::SERVICE_UNAVAILABLE, &format!("{error}.")),
    };
    let method = request.method();
    if !distribution.allowed_methods.contains(method) {
        let reason = format!("The distribution is not configured to allow the HTTP request method {method}.");
        return error_page(StatusCode::FORBIDDEN, &reason);
    }
    let key = cache_key(request.uri().path(), request.uri().query(), &distribution.query_strings);
    let (object, is_cached) = if method == Method::OPTIONS {
        (origin::fetch(&emulator, &distribution, method, &key).await, false)
    } else {
        cached_or_fetched(&emulator, &distribution, &key).await
    };
    object_response(&emulator, &object, is_cached, &distribution)
}

/// The host of a request, without the port.
fn host_name(request: &Request) -> &str {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Returns the object, and whether it is from the cache or from the fetch of another request. HEAD is served from the
/// object of GET.
async fn cached_or_fetched(
    emulator: &Arc<Emulator>,
    distribution: &Arc<Distribution>,
    key: &str,
) -> (Arc<Object>, bool) {
    let now = emulator.now();
    let (mut pending, is_shared) = match emulator.with_cache(&distribution.id, |cache| cache.find(now, key)) {
        Found::Cached(object) => return (object, true),
        Found::UnderWay(pending) => (pending, true),
        Found::Missing(waiters) => {
            let pending = waiters.subscribe();
            // The fetch continues if this viewer disconnects: others may wait for it.
            tokio::spawn(fetch_and_store(Arc::clone(emulator), Arc::clone(distribution), key.to_owned(), waiters));
            (pending, false)
        }
    };
    let object = pending.wait_for(Option::is_some).await.ok().and_then(|object| object.clone());
    match object {
        Some(object) if !is_shared || object.may_be_stored() => (object, is_shared),
        // An object that must not be stored must not be shared: each request fetches its own.
        _ => (origin::fetch(emulator, distribution, &Method::GET, key).await, false),
    }
}

async fn fetch_and_store(
    emulator: Arc<Emulator>,
    distribution: Arc<Distribution>,
    key: CacheKey,
    waiters: watch::Sender<Option<Arc<Object>>>,
) {
    let object = origin::fetch(&emulator, &distribution, &Method::GET, &key).await;
    let now = emulator.now();
    emulator.with_cache(&distribution.id, |cache| cache.put(now, key, &object));
    waiters.send_replace(Some(object));
}

/// The response to a viewer: that of the origin with the headers that CloudFront adds. An object from the cache has an
/// `Age`. `X-Cache` of an error is always `Error`, cached or not.
fn object_response(emulator: &Emulator, object: &Object, is_cached: bool, distribution: &Distribution) -> Response {
    let OriginResponse { status, headers, body } = object.response.clone();
    let is_error = status.is_client_error() || status.is_server_error();
    let x_cache = match (is_error, is_cached) {
        (true, _) => "Error from cloudfront",
        (false, true) => "Hit from cloudfront",
        (false, false) => "Miss from cloudfront",
    };
    let mut response = with_cloudfront_headers((status, headers, Body::from(body)), x_cache);
    let headers = response.headers_mut();
    if is_cached {
        headers.insert(header::AGE, object.age_secs(emulator.now()).into());
    }
    if let Ok(via) = HeaderValue::try_from(format!("1.1 {} (CloudFront)", distribution.domain_name)) {
        headers.append(header::VIA, via);
    }
    response
}

/// The response to a request that the emulator itself rejects.
fn error_page(status: StatusCode, reason: &str) -> Response {
    let body = format!("{status}\nThe request could not be satisfied.\n{reason}\n");
    with_cloudfront_headers((status, body), "Error from cloudfront")
}

fn with_cloudfront_headers(response: impl IntoResponse, x_cache: &'static str) -> Response {
    let mut response = response.into_response();
    response.headers_mut().insert(X_CACHE, HeaderValue::from_static(x_cache));
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().simple().to_string()) {
        response.headers_mut().insert(X_AMZ_CF_ID, id);
    }
    response
}
