use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// An origin that responds with the number of the request and the tags `<tenant>, <tenant>/<pack>`. The pack is the
/// last segment of the path; the first segment selects the response:
///
/// - `/img/…`: cacheable for 600 seconds
/// - `/silent/…`: no `Cache-Control`
/// - `/private/…`: `no-store`
/// - `/missing/…`: 404, cacheable for 60 seconds
/// - below a distribution `EDENIED` or `EUNKNOWN`: an error of a control plane, `AccessDenied` or `NoSuchDistribution`
/// - `/held/…` and `/held-private/…`: like `/img` and `/private`, delayed until [`release`](TestOrigin::release)
#[derive(Clone)]
pub(crate) struct TestOrigin {
    pub(crate) url: String,
    requests: Arc<watch::Sender<Vec<Parts>>>,
    gate: Arc<Semaphore>,
}

impl TestOrigin {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let origin = Self { url, requests: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
        let app = Router::new().fallback(respond).with_state(origin.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        origin
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

    let segments: Vec<&str> = path.split('/').collect();
    let (kind, pack) = (segments[1], segments[segments.len() - 1]);
    if kind.starts_with("held") {
        origin.gate.acquire().await.unwrap().forget();
    }
    let (status, cache_control) = match kind {
        "silent" => (200, None),
        "private" | "held-private" => (200, Some("no-store")),
        "missing" => (404, Some("max-age=60")),
        _ => (200, Some("max-age=600")),
    };
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("image-cache-tag", format!("{tenant}, {tenant}/{pack}"));
    if let Some(cache_control) = cache_control {
        response = response.header("cache-control", cache_control);
    }
    response.body(Body::from(format!("response {number}"))).unwrap()
}
