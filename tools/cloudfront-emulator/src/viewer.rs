//! The data plane: responses to viewers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::sync::watch;
use uuid::Uuid;

use crate::cache::{CacheKey, Found, Object, OriginResponse};
use crate::distribution::Distribution;
use crate::emulator::Emulator;
use crate::origin;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");

/// The source of the object of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The cache, or a fetch for another request.
    Cache,
    /// A fetch for this request.
    Origin,
}

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
    let query = request.uri().path_and_query().and_then(PathAndQuery::query);
    let key = CacheKey::new(request.uri().path(), query, &distribution.query_strings);
    let (object, source) = if method == Method::OPTIONS {
        (fetch(&emulator, &distribution, method, &key).await, Source::Origin)
    } else {
        cached_or_fetched(&emulator, &distribution, &key).await
    };
    object_response(&emulator, &object, source, &distribution)
}

/// The host of a request, without the port.
fn host_name(request: &Request) -> &str {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Returns the object from the cache, from a fetch in progress, or from the origin. HEAD is served from the object of
/// GET.
async fn cached_or_fetched(
    emulator: &Arc<Emulator>,
    distribution: &Arc<Distribution>,
    key: &CacheKey,
) -> (Arc<Object>, Source) {
    let now = emulator.now();
    let (mut pending, source) = match emulator.with_cache(&distribution.id, |cache| cache.find(now, key)) {
        Found::Cached(object) => return (object, Source::Cache),
        Found::UnderWay(pending) => (pending, Source::Cache),
        Found::Missing(waiters) => {
            let pending = waiters.subscribe();
            // The fetch continues if this viewer disconnects: others may wait for it.
            tokio::spawn(fetch_and_store(Arc::clone(emulator), Arc::clone(distribution), key.clone(), waiters));
            (pending, Source::Origin)
        }
    };
    let object = pending.wait_for(Option::is_some).await.ok().and_then(|object| object.clone());
    match object {
        Some(object) if source == Source::Origin || object.may_be_stored() => (object, source),
        // An object that must not be stored must not be shared: each request fetches its own.
        _ => (fetch(emulator, distribution, &Method::GET, key).await, Source::Origin),
    }
}

async fn fetch_and_store(
    emulator: Arc<Emulator>,
    distribution: Arc<Distribution>,
    key: CacheKey,
    waiters: watch::Sender<Option<Arc<Object>>>,
) {
    let object = fetch(&emulator, &distribution, &Method::GET, &key).await;
    let now = emulator.now();
    emulator.with_cache(&distribution.id, |cache| cache.put(now, key, &object));
    waiters.send_replace(Some(object));
}

async fn fetch(emulator: &Emulator, distribution: &Distribution, method: &Method, key: &CacheKey) -> Arc<Object> {
    let response = origin::fetch(emulator, distribution, method, key).await;
    Arc::new(Object::new(response, distribution, emulator.now()))
}

/// The response to a viewer: that of the origin with the headers that CloudFront adds. An object from the cache has an
/// `Age`. `X-Cache` of an error is always `Error`, cached or not.
fn object_response(emulator: &Emulator, object: &Object, source: Source, distribution: &Distribution) -> Response {
    let OriginResponse { status, headers, body } = object.response.clone();
    let x_cache = match source {
        _ if status.is_client_error() || status.is_server_error() => "Error from cloudfront",
        Source::Cache => "Hit from cloudfront",
        Source::Origin => "Miss from cloudfront",
    };
    let mut response = with_cloudfront_headers((status, headers, Body::from(body)), x_cache);
    let headers = response.headers_mut();
    if source == Source::Cache {
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
