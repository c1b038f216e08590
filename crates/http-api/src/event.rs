//! Events of a function behind HTTP: converts each to a request, or answers 400.
//!
//! `lambda_http` builds the request's URI of parts that the client chose, and panics if they are no URI: the invocation
//! fails, and the client gets 500 or 502. [`run`] checks these parts before the conversion, so that all functions reject
//! such a request in the same way.

use std::future::Future;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::header::{CACHE_CONTROL, HOST, HeaderName, HeaderValue};
use lambda_http::http::{Response, StatusCode};
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Error, Request, Service, service_fn};
use serde::Serialize;

use crate::ApiError;

/// The longest path and query, in bytes together. CloudFront accepts URLs of 8,192 bytes ("Quotas", developer guide), and
/// API Gateway request lines and headers of 10,240 together ("Quotas for HTTP APIs"). Percent-encoding makes a byte
/// three, and a URI of the crate `http` has less than 65,536.
const URL_BYTES_MAX: usize = 20_000;

/// A header of the proxy in front of the function. `lambda_http` uses it as the URI's scheme.
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Runs a function behind API Gateway or behind a function URL: `handler` answers each request whose URL is valid, and
/// all others get 400.
///
/// # Errors
/// The runtime API of Lambda does not respond.
pub async fn run<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event| respond(event, handler))).await
}

/// The response to one event, as Lambda expects it.
async fn respond<H, F>(
    event: LambdaEvent<ApiGatewayV2httpRequest>,
    handler: &H,
) -> Result<impl Serialize + use<H, F>, Error>
where
    H: Fn(Request) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let LambdaEvent { mut payload, context } = event;
    let checked = check_url(&mut payload);
    let mut service = Adapter::from(service_fn(async |request: Request| {
        let response = match &checked {
            Ok(()) => handler(request).await,
            Err(error) => rejected(error.clone()),
        };
        Ok::<_, Error>(response)
    }));
    service.call(LambdaEvent::new(LambdaRequest::ApiGatewayV2(payload), context)).await
}

/// Checks the parts of `event` that become the request's URI. 400: they are no URL; the event then has an empty one.
///
/// `Host` and `X-Forwarded-Proto` leave the event: the URI has the domain name that AWS knows, and no function reads
/// these headers.
fn check_url(event: &mut ApiGatewayV2httpRequest) -> Result<(), ApiError> {
    event.headers.remove(HOST);
    event.headers.remove(X_FORWARDED_PROTO);
    let path = event.raw_path.as_deref().unwrap_or_default();
    let query = event.raw_query_string.as_deref().unwrap_or_default();
    let result = check_path_and_query(path, query);
    if result.is_err() {
        event.raw_path = None;
        event.raw_query_string = None;
    }
    result
}

fn check_path_and_query(path: &str, query: &str) -> Result<(), ApiError> {
    let invalid = |message| Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid-url", message));
    if path.len() + query.len() > URL_BYTES_MAX {
        return invalid(format!("The URL's path and query are longer than {URL_BYTES_MAX} bytes."));
    }
    if !path.is_empty() && !path.starts_with('/') {
        return invalid("The URL's path does not begin with a slash.".to_owned());
    }
    match query.chars().find(|&character| must_be_encoded(character)) {
        None => Ok(()),
        Some(character) => {
            let bytes = character.to_string().into_bytes();
            let encoded = bytes.iter().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"));
            invalid(format!("The URL's query contains the character {character:?} as it is. Send it as {encoded}."))
        }
    }
}

/// Whether `character` never stands in a query as it is: the query percent-encode set of the URL Standard, which every
/// browser and HTTP library encodes. In a path such characters are allowed here, because API Gateway decodes it.
fn must_be_encoded(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_control() || matches!(character, ' ' | '"' | '#' | '<' | '>')
}

/// The response to an invalid URL. image-processing answers through a CDN, which must not keep it.
fn rejected(error: ApiError) -> Response<Body> {
    let mut response = error.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store, stale-if-error=0"));
    response
}

#[cfg(test)]
mod tests;
