//! Lambda's runtime API on loopback, for one process.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error::{BenchError, Doing};

/// Longest time until a process polls or responds.
const SIGNAL_MAX: Duration = Duration::from_mins(1);
/// Time that an invocation has.
const INVOCATION_MAX: Duration = Duration::from_mins(5);

/// The runtime API. It stops when it is dropped.
pub(crate) struct RuntimeApi {
    /// Value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: String,
    events: mpsc::UnboundedSender<Value>,
    signals: mpsc::UnboundedReceiver<Signal>,
    server: JoinHandle<()>,
}

/// A call of the process.
enum Signal {
    /// It polls for an event.
    Polled(Instant),
    /// It responds.
    Responded(Instant, Bytes),
    /// It reports an error.
    Failed(Bytes),
}

struct Queues {
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
    signals: mpsc::UnboundedSender<Signal>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self, BenchError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen on loopback".to_owned())?;
        let address = listener.local_addr().doing(|| "listen on loopback".to_owned())?.to_string();
        let (events, waiting) = mpsc::unbounded_channel();
        let (sender, signals) = mpsc::unbounded_channel();
        let queues = Arc::new(Queues { events: Mutex::new(waiting), signals: sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .fallback(fail)
            .with_state(queues);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, signals, server })
    }

    /// Waits until the process polls for its next event.
    pub(crate) async fn polled(&mut self) -> Result<Instant, BenchError> {
        match self.signal().await? {
            Signal::Polled(at) => Ok(at),
            Signal::Responded(_, body) | Signal::Failed(body) => Err(unexpected(&body)),
        }
    }

    /// Gives the process an event, for which it polls, and waits for its response.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<(Instant, Value), BenchError> {
        self.events.send(event).doing(|| "queue an event".to_owned())?;
        match self.signal().await? {
            Signal::Responded(at, body) => {
                let response = serde_json::from_slice(&body).doing(|| "read the function's response".to_owned())?;
                Ok((at, response))
            }
            Signal::Polled(_) => Err(unexpected(b"a poll instead of a response")),
            Signal::Failed(body) => Err(unexpected(&body)),
        }
    }

    async fn signal(&mut self) -> Result<Signal, BenchError> {
        let signal = timeout(SIGNAL_MAX, self.signals.recv()).await.doing(|| "wait for the function".to_owned())?;
        signal.ok_or("the runtime API stopped").doing(|| "wait for the function".to_owned())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn unexpected(body: &[u8]) -> BenchError {
    let body = String::from_utf8_lossy(body).into_owned();
    Err::<(), _>(body).doing(|| "invoke the function".to_owned()).expect_err("an error")
}

async fn next(State(queues): State<Arc<Queues>>) -> Response {
    let _ = queues.signals.send(Signal::Polled(Instant::now()));
    let Some(event) = queues.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", (now + INVOCATION_MAX).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench".to_owned()),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

async fn respond(State(queues): State<Arc<Queues>>, body: Bytes) -> StatusCode {
    let _ = queues.signals.send(Signal::Responded(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn fail(State(queues): State<Arc<Queues>>, body: Bytes) -> StatusCode {
    let _ = queues.signals.send(Signal::Failed(body));
    StatusCode::ACCEPTED
}
