//! The data plane: responses to viewers.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::empty;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use uuid::Uuid;

use crate::cache::{Edge, Object, OriginResponse, cache_key};
use crate::conditional::{self, Selection};
use crate::delivery::{self, Arrival, Delivered, Source};
use crate::emulator::Emulator;
use crate::origin;
use crate::propagation::EDGE_LOCATIONS;

/// The request header that names the viewer's edge location.
const X_EDGE_LOCATION: HeaderName = HeaderName::from_static("x-edge-location");
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");
const X_AMZ_CF_POP: HeaderName = HeaderName::from_static("x-amz-cf-pop");

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
    let Some(edge) = edge_location(request.headers()) else {
        let reason =
            format!("The header x-edge-location names none of the edge locations 0 to {}.", EDGE_LOCATIONS - 1);
        return error_page(StatusCode::BAD_REQUEST, &reason);
    };
    let key = cache_key(request.uri().path(), request.uri().query(), &distribution.query_strings);
    let arrival = Arrival { distribution, edge, key };
    let delivered = match *method {
        Method::OPTIONS => {
            let object = origin::fetch(&emulator, &arrival.distribution, method, &arrival.key, None).await;
            Delivered { object, source: Source::Origin }
        }
        Method::HEAD => delivery::head(&emulator, &arrival).await,
        _ => delivery::get(&emulator, &arrival).await,
    };
    let response = object_response(&emulator, &request, &arrival, &delivered);
    emulator.responses.count(arrival.distribution.quota_id(), response.status());
    response
}

/// The edge location that a request names; by default the first one. The DNS of CloudFront chooses it by the viewer's
/// network.
fn edge_location(headers: &HeaderMap) -> Option<Edge> {
    let Some(named) = headers.get(X_EDGE_LOCATION) else { return Some(0) };
    named.to_str().ok()?.parse().ok().filter(|edge| *edge < EDGE_LOCATIONS)
}

/// The host of a request, without the port.
fn host_name(request: &Request) -> &str {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// The response to a viewer: that of the origin, changed by the response headers policy, with the headers that CloudFront
/// adds. `X-Cache` of an error is always `Error`, cached or not. The response to HEAD has the length of the cached object,
/// or the one that the origin stated, if any.
fn object_response(emulator: &Emulator, request: &Request, arrival: &Arrival, delivered: &Delivered) -> Response {
    let Delivered { object, source } = delivered;
    let Arrival { distribution, edge, .. } = arrival;
    let mut response = object.response.clone();
    distribution.response_headers.apply(&mut response.headers);
    reduce(&mut response, selection(request, object, *source));
    let is_head = request.method() == Method::HEAD;
    if is_head && *source != Source::Origin && response.status != StatusCode::NOT_MODIFIED {
        response.headers.insert(header::CONTENT_LENGTH, response.body.len().into());
    }
    let OriginResponse { status, mut headers, body } = response;
    // The HTTP server would state the length of a body that is known to be empty.
    let body = if is_head { Body::from_stream(empty::<Result<Bytes, Infallible>>()) } else { Body::from(body) };
    if *source != Source::Origin {
        headers.insert(header::AGE, object.age_secs(emulator.now()).into());
    }
    set(&mut headers, &X_AMZ_CF_POP, format!("EMU{edge}-P1"));
    if let Ok(via) = HeaderValue::try_from(format!("1.1 {} (CloudFront)", distribution.domain_name)) {
        headers.append(header::VIA, via);
    }
    let x_cache = match source {
        _ if status.is_client_error() || status.is_server_error() => "Error from cloudfront",
        Source::Cache => "Hit from cloudfront",
        Source::Refreshed => "RefreshHit from cloudfront",
        Source::Origin => "Miss from cloudfront",
    };
    with_cloudfront_headers((status, headers, body), x_cache)
}

/// Reduces a response to the selected part.
fn reduce(OriginResponse { status, headers, body }: &mut OriginResponse, selection: Selection) {
    let length = body.len();
    match selection {
        Selection::Whole => {}
        Selection::NotModified => {
            (*status, *body) = (StatusCode::NOT_MODIFIED, Bytes::new());
            headers.remove(header::CONTENT_LENGTH);
        }
        Selection::Part(range) => {
            set(headers, &header::CONTENT_RANGE, format!("bytes {}-{}/{length}", range.start, range.end - 1));
            (*status, *body) = (StatusCode::PARTIAL_CONTENT, body.slice(range));
        }
        Selection::Unsatisfiable => {
            set(headers, &header::CONTENT_RANGE, format!("bytes */{length}"));
            (*status, *body) = (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new());
        }
    }
}

/// Sets a header. No value is invalid: values are numbers and constants.
fn set(headers: &mut HeaderMap, name: &HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// The part of an object that a request selects. A range selects a part of a cached object only: the emulator does not
/// ask the origin for ranges, and CloudFront sends the whole object of such an origin on a miss.
fn selection(request: &Request, object: &Object, source: Source) -> Selection {
    let OriginResponse { status, headers, body } = &object.response;
    match *request.method() {
        Method::GET => match conditional::select(request.headers(), headers, *status, body.len()) {
            Selection::Part(_) | Selection::Unsatisfiable if source == Source::Origin => Selection::Whole,
            selection => selection,
        },
        Method::HEAD if *status == StatusCode::OK && conditional::is_not_modified(request.headers(), headers) => {
            Selection::NotModified
        }
        _ => Selection::Whole,
    }
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
