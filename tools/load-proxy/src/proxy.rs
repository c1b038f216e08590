//! The server.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::answer;
use crate::call::{Call, Kind};
use crate::faults::{Fate, LoadFaults};

/// The most bytes of a request, as DynamoDB takes them.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Headers of one connection, which are not passed on; the client and the server set their own.
const OF_CONNECTION: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

#[derive(Clone, Debug)]
struct Upstream {
    url: String,
    client: reqwest::Client,
    faults: LoadFaults,
}

/// Serves `listener` as long as the tokio runtime lives, and passes calls on to the service at `url`, reached by
/// `client`. Returns the faults that the calls meet.
#[must_use]
pub fn serve(listener: TcpListener, url: String, client: reqwest::Client) -> LoadFaults {
    let faults = LoadFaults::default();
    let upstream = Upstream { url, client, faults: faults.clone() };
    let router = Router::new().fallback(handle).with_state(upstream);
    tokio::spawn(async move { axum::serve(listener, router).await });
    faults
}

async fn handle(State(upstream): State<Upstream>, request: Request) -> Response {
    match upstream.respond(request).await {
        Ok(response) => response,
        Err(error) => answer::response(StatusCode::BAD_GATEWAY, "text/plain", format!("load-proxy: {error}")),
    }
}

impl Upstream {
    async fn respond(&self, request: Request) -> Result<Response, axum::BoxError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, REQUEST_BYTES_MAX).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut forwarded = self.client.request(parts.method.clone(), format!("{}{path}", self.url));
        // `Host` too: it is signed.
        forwarded = forwarded.headers(end_to_end(&parts.headers)).body(body.clone());
        let call =
            if self.faults.is_active() { Call::of(&parts.method, &parts.uri, &parts.headers, &body) } else { None };
        let Some(call) = call else { return send(forwarded).await };
        match self.faults.fate(&call) {
            Fate::Throttled => Ok(answer::throttled(&call)),
            Fate::Conflict(indices) => Ok(answer::conflict(&call, &indices)),
            Fate::Denied => Ok(answer::denied(&call)),
            Fate::Unprocessed(_) if call.kind() == Kind::BatchWrite => Ok(answer::nothing_written(&call)),
            Fate::Unprocessed(_carried) => {
                let response = forwarded.send().await?;
                let status = response.status();
                let body = response.bytes().await?;
                match serde_json::from_slice(&body) {
                    Ok(read) if status.is_success() => Ok(answer::partly_read(&call, read)),
                    _ => Ok(answer::response(status, "application/x-amz-json-1.0", body)),
                }
            }
            Fate::PassedOn(carried) => {
                let response = send(forwarded).await;
                tokio::time::sleep(carried.lasts).await;
                response
            }
        }
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<Response, axum::BoxError> {
    let received = request.send().await?;
    let (status, headers) = (received.status(), end_to_end(received.headers()));
    // The bodies of these services have at most 16 MB.
    let body: Bytes = received.bytes().await?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
    headers
}
