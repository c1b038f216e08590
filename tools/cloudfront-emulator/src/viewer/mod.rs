//! The data plane: responses to viewers.

mod response;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::uri::PathAndQuery;
use http::{Method, StatusCode, header};

use crate::cache::{CacheKey, Object};
use crate::distribution::Distribution;
use crate::emulator::Emulator;
use crate::store::{Found, Waiters};
use response::{Source, error_page, object_response};

/// Serves a viewer request from the distribution that `Host` names.
pub(crate) async fn serve(State(emulator): State<Arc<Emulator>>, request: Request) -> Response {
    let host = host_name(&request).to_owned();
    let distribution = match emulator.config.distributions.by_host(emulator.now(), &host).await {
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
    object_response(&object, source, &distribution, emulator.now())
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
    let (mut pending, source) = match emulator.store.find(emulator.now(), &distribution.id, key) {
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

async fn fetch_and_store(emulator: Arc<Emulator>, distribution: Arc<Distribution>, key: CacheKey, waiters: Waiters) {
    let object = fetch(&emulator, &distribution, &Method::GET, &key).await;
    emulator.store.finish(emulator.now(), &distribution.id, key, &object);
    waiters.send_replace(Some(object));
}

async fn fetch(emulator: &Emulator, distribution: &Distribution, method: &Method, key: &CacheKey) -> Arc<Object> {
    let response = emulator.origin.fetch(distribution, method, key, emulator.now()).await;
    Arc::new(Object::new(response, distribution, emulator.now()))
}
