//! `image-purge`: the purge API.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod accepted;
mod admin_request;
mod allowance;
mod enqueued;
mod failures;
mod preview;
mod rejected;
mod repeated;
mod status;
mod tenant_status;
mod throttled;
mod waking;

use std::num::NonZeroU32;

use aws_adapters::AwsPorts;
use aws_adapters::image_pack_table::ImagePackTable;
use contract::Authorizer;
use domain::Timestamp;
use domain::access::allowance::AllowanceLimit;
use image_purge::Handler;
use lambda_http::{Body, Request, Response};
use purging::manual_purge::ManualPurge;
use serde_json::{Value, json};
use support::{Environment, Invocations, LocalDynamoDb, NOW, TestClock, context};

/// A response.
#[derive(Debug)]
struct ApiResponse {
    status: u16,
    retry_after: Option<String>,
    body: Value,
    text: String,
}

/// The handler over the real SDK.
type PurgeHandler = Handler<AwsPorts<TestClock>, ImagePackTable, Invocations>;

/// A token returns every six seconds.
const LIMIT: AllowanceLimit =
    AllowanceLimit { per_minute: NonZeroU32::new(10).unwrap(), burst: NonZeroU32::new(10).unwrap() };

fn purge_handler(environment: &Environment) -> PurgeHandler {
    let purge_runs = Some(environment.invocations.clone());
    let (packs, purger) = (environment.image_packs(), environment.purger());
    let manual_purge = ManualPurge { packs, purger, limit: LIMIT, purge_runs };
    Handler { manual_purge, authorizer: Authorizer::Jwt { tenant_claim: "tenants".to_owned() } }
}

/// Sends `request`, at [`support::NOW`].
async fn send(handler: &PurgeHandler, request: &Request) -> ApiResponse {
    api_response(&handler.handle(request, &context("request-1", NOW)).await)
}

/// Sends `request` as the invocation `id`, at `now`.
async fn send_at(handler: &PurgeHandler, request: &Request, id: &str, now: Timestamp) -> ApiResponse {
    handler.manual_purge.purger.executor.ports.clock.set(now);
    api_response(&handler.handle(request, &context(id, now)).await)
}

fn api_response(response: &Response<Body>) -> ApiResponse {
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let Body::Text(text) = response.body() else { panic!("{response:?}") };
    let body = serde_json::from_str(text).unwrap();
    let retry_after = response.headers().get("retry-after").map(|secs| secs.to_str().unwrap().to_owned());
    ApiResponse { status: response.status().as_u16(), retry_after, body, text: text.clone() }
}

/// The internals that no response may contain.
const INTERNALS: [&str; 7] = [
    LocalDynamoDb::IMAGE_PACK_TABLE,
    LocalDynamoDb::INVALIDATION_QUEUE_TABLE,
    LocalDynamoDb::PURGE_LEDGER_TABLE,
    "no-such-",
    "127.0.0.1",
    "Exception",
    "http",
];

/// Expects an error in JSON, with this status, this code and a message that contains `message` and no internals.
fn check_error(response: &ApiResponse, status: u16, code: &str, message: &str) {
    assert_eq!((response.status, response.body["error"]["code"].as_str()), (status, Some(code)), "{}", response.text);
    let said = response.body["error"]["message"].as_str().unwrap();
    assert_eq!(response.body, json!({"error": {"code": code, "message": said}}));
    assert!(said.contains(message), "{said}");
    for internal in INTERNALS {
        assert!(!said.contains(internal), "{internal:?} in {said}");
    }
}

/// A pack of `acme` and one of `globex` with variants of both.
async fn environment() -> Environment {
    filled(Environment::start().await).await
}

/// `environment` with the packs and variants of [`environment`](fn@environment).
async fn filled(environment: Environment) -> Environment {
    for tenant in ["acme", "globex"] {
        let pack = json!({
            "tenant": tenant,
            "entity": "pack#p1",
            "imageLocations": {"main": {"original": {"key": format!("{tenant}/p1/main"), "version": "v1"}}},
            "mainImageLocation": "main",
        });
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
    }
    environment.store_variants(VARIANTS).await;
    environment
}

/// The variants that [`environment`] stores, sorted.
const VARIANTS: [&str; 5] = [
    "acme/p1/main/default",
    "acme/p1/main/suffix=v2",
    "acme/p1/poster/default",
    "acme/p10/main/default",
    "globex/p1/main/default",
];

/// Expects that nothing was purged, queued or written.
async fn check_untouched(environment: &Environment, situation: &str) {
    assert_eq!(environment.variants().await, VARIANTS, "{situation}");
    assert_eq!(environment.queued().await, Vec::<String>::new(), "{situation}");
    assert_eq!(environment.ledger().await, Vec::<Value>::new(), "{situation}");
    for tenant in ["acme", "globex"] {
        assert_eq!(environment.invalidations(tenant).await, [], "{situation}");
    }
}
