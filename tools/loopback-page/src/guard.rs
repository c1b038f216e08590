//! Access control: only the console's own page may use it.
//!
//! Any web page can make a browser send requests to loopback. To read the responses, it needs a host name that resolves
//! to loopback (DNS rebinding), which the `Host` header reveals; a request that writes has an `Origin` header.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The page loads only from the console and runs no inline script, regardless of the content of titles.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
/// No page of another origin may embed a response of the console.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Passes a request to the console on `port`, or rejects it.
pub(crate) async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    let mut response = match rejection(request.method(), request.headers(), port) {
        Some(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The reason to reject a request.
fn rejection(method: &Method, headers: &HeaderMap, port: u16) -> Option<&'static str> {
    let hosts = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).and_then(|host| hosts.iter().find(|own| *own == host));
    let Some(host) = host else {
        return Some("The console responds only to 127.0.0.1 and localhost.");
    };
    let is_read = method == Method::GET || method == Method::HEAD;
    let is_own = text(ORIGIN).is_some_and(|origin| origin == format!("http://{host}"));
    (!is_read && !is_own).then_some("Only the console's own page may send this request.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_served_and_only_the_own_page_may_write() {
        let own = Some("http://127.0.0.1:4400");
        let cases = [
            (Method::GET, Some("127.0.0.1:4400"), None, true),
            (Method::GET, Some("localhost:4400"), None, true),
            (Method::GET, Some("rebound.example:4400"), None, false),
            (Method::GET, Some("127.0.0.1:4401"), None, false),
            (Method::GET, Some("127.0.0.1.rebound.example:4400"), None, false),
            (Method::GET, None, None, false),
            (Method::POST, Some("127.0.0.1:4400"), own, true),
            (Method::POST, Some("localhost:4400"), Some("http://localhost:4400"), true),
            (Method::POST, Some("localhost:4400"), own, false),
            (Method::POST, Some("127.0.0.1:4400"), Some("http://elsewhere.example"), false),
            (Method::POST, Some("127.0.0.1:4400"), Some("null"), false),
            (Method::POST, Some("127.0.0.1:4400"), None, false),
            (Method::DELETE, Some("127.0.0.1:4400"), None, false),
            (Method::POST, Some("rebound.example:4400"), Some("http://rebound.example:4400"), false),
        ];
        for (method, host, origin, is_let_through) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let rejected = rejection(&method, &headers, 4400);
            assert_eq!(rejected.is_none(), is_let_through, "{method} to {host:?} from {origin:?}: {rejected:?}");
        }
    }
}
