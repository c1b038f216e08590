use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use cloudfront_emulator::VirtualClock;
use http::request::Parts;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// An origin that responds with the number of the request and the tags `<tenant>, <tenant>/<pack>`. The pack is the
/// last segment of the path; the first segment selects the response:
///
/// - `/img/…`: cacheable for 600 seconds
/// - `/silent/…`: no `Cache-Control`
/// - `/private/…`: `no-store`
/// - `/never-stale/…`: cacheable for 600 seconds, `stale-if-error=0`
/// - `/status/<status>/<Cache-Control>/…`: this status, and this `Cache-Control` unless it is `none`
/// - `/etag/…`: cacheable for 600 seconds, with the `ETag` `"v1"`; a 304 if the request has it
/// - `/lengthless/…`: like `/img`, without a body of known length
/// - `/slow/…`: like `/img`, after 3 seconds of the emulator's time
/// - below a distribution `EDENIED` or `EUNKNOWN`: an error of a control plane, `AccessDenied` or `NoSuchDistribution`
/// - `/held/…` and `/held-private/…`: like `/img` and `/private`, delayed until [`release`](TestOrigin::release)
#[derive(Clone)]
pub(crate) struct TestOrigin {
    pub(crate) url: String,
    clock: VirtualClock,
    requests: Arc<watch::Sender<Vec<Parts>>>,
    gate: Arc<Semaphore>,
    failure: Arc<Mutex<Option<Failure>>>,
}

/// A failure of the origin, in response to every request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// This status.
    Status(u16),
    /// No response.
    Silence,
}

impl TestOrigin {
    pub(crate) async fn start() -> Self {
        Self::start_at(VirtualClock::at(Timestamp::UNIX_EPOCH)).await
    }

    pub(crate) async fn start_at(clock: VirtualClock) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (gate, failure) = (Arc::new(Semaphore::new(0)), Arc::default());
        let origin = Self { url, clock, requests: Arc::default(), gate, failure };
        let app = Router::new().fallback(respond).with_state(origin.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        origin
    }

    /// Fails from now on, or no longer.
    pub(crate) fn fail(&self, failure: Option<Failure>) {
        *self.failure.lock().unwrap() = failure;
    }

    pub(crate) fn requests(&self) -> Vec<Parts> {
        self.requests.borrow().clone()
    }

    pub(crate) async fn wait_for_requests(&self, times: usize) {
        self.requests.subscribe().wait_for(|requests| requests.len() >= times).await.unwrap();
    }

    /// Responds to all held requests, current and future.
    pub(crate) fn release(&self) {
        self.gate.add_permits(1_000);
    }
}

async fn respond(State(origin): State<TestOrigin>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let tenant = request.headers.get("x-image-tenant").map_or("none", |tenant| tenant.to_str().unwrap());
    let path = request.uri.path();
    let mut number = 0;
    origin.requests.send_modify(|requests| {
        requests.push(request.clone());
        number = requests.len();
    });

    let denied = path.contains("/EDENIED/");
    if denied || path.contains("/EUNKNOWN/") {
        let (status, code) = if denied { (403, "AccessDenied") } else { (404, "NoSuchDistribution") };
        // The XML of S3, which the local AWS uses for each service.
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        return Response::builder().status(status).body(Body::from(body)).unwrap();
    }

    let failure = *origin.failure.lock().unwrap();
    match failure {
        Some(Failure::Silence) => return std::future::pending().await,
        Some(Failure::Status(status)) => {
            return Response::builder().status(status).body(Body::from("the origin failed")).unwrap();
        }
        None => {}
    }

    let segments: Vec<&str> = path.split('/').collect();
    let (kind, pack) = (segments[1], segments[segments.len() - 1]);
    if kind.starts_with("held") {
        origin.gate.acquire().await.unwrap().forget();
    }
    if kind == "slow" {
        origin.clock.sleep(Duration::from_secs(3)).await;
    }
    let (mut status, cache_control) = match kind {
        "silent" => (200, None),
        "private" | "held-private" => (200, Some("no-store")),
        "never-stale" => (200, Some("max-age=600, stale-if-error=0")),
        "status" => (segments[2].parse().unwrap(), Some(segments[3]).filter(|directive| *directive != "none")),
        _ => (200, Some("max-age=600")),
    };
    if kind == "etag" && request.headers.get("if-none-match").is_some_and(|etag| etag == "\"v1\"") {
        status = 304;
    }
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("image-cache-tag", format!("{tenant}, {tenant}/{pack}"));
    if let Some(cache_control) = cache_control {
        response = response.header("cache-control", cache_control);
    }
    if kind == "etag" {
        response = response.header("etag", "\"v1\"");
    }
    let body = match kind {
        _ if status == 304 => Body::empty(),
        "lengthless" => Body::from_stream(futures_util::stream::empty::<Result<bytes::Bytes, std::io::Error>>()),
        _ => Body::from(format!("response {number}")),
    };
    response.body(body).unwrap()
}
