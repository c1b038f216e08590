//! The allowance of a tenant's purges.

use std::num::NonZeroU32;
use std::time::Duration;

use contract::Metric;
use domain::access::allowance::AllowanceLimit;
use serde_json::json;
use support::{Environment, LocalDynamoDb, NOW};

use super::admin_request::{delete, delete_with, get};
use super::repeated::send_all;
use super::{ApiResponse, LIMIT, PurgeHandler, check_error, purge_handler, send, send_at};

/// The names of more packs than [`LIMIT`] allows to purge at once.
fn packs() -> Vec<String> {
    (1..=30).map(|number| format!("p{number}")).collect()
}

/// An environment in which each tenant has these packs.
async fn environment() -> Environment {
    let environment = Environment::start().await;
    for tenant in ["acme", "globex"] {
        for pack in packs() {
            let pack = json!({"tenant": tenant, "entity": format!("pack#{pack}")});
            environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
        }
    }
    environment
}

/// Purges packs of `acme` until its allowance is empty.
async fn use_up(handler: &PurgeHandler) {
    for pack in packs().iter().take(LIMIT.burst.get() as usize) {
        assert_eq!(send(handler, &delete("acme", pack, "[acme]")).await.status, 202, "{pack}");
    }
}

async fn purge_p11_after(handler: &PurgeHandler, secs: u64) -> ApiResponse {
    let now = NOW.plus(Duration::from_secs(secs));
    send_at(handler, &delete("acme", "p11", "[acme]"), "request-2", now).await
}

fn check_rejected(response: &ApiResponse, retry_after: &str) {
    check_error(response, 429, "too-many-purges", "Tenant \"acme\" has begun too many purges");
    assert_eq!(response.retry_after.as_deref(), Some(retry_after));
}

#[tokio::test]
async fn a_tenant_that_used_up_its_allowance_is_rejected_until_a_token_returns() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    use_up(&handler).await;
    check_rejected(&purge_p11_after(&handler, 0).await, "6");
    check_rejected(&purge_p11_after(&handler, 3).await, "3");
    assert_eq!(environment.metrics().values(Metric::PurgesRejected), [1, 1]);
    assert_eq!(environment.queued().await.len(), 10);
    assert_eq!(environment.invalidations("acme").await.len(), 10);
    let response = purge_p11_after(&handler, 6).await;
    assert_eq!((response.status, response.retry_after), (202, None));
}

#[tokio::test]
async fn the_allowance_of_one_tenant_is_not_that_of_another() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    use_up(&handler).await;
    assert_eq!(send(&handler, &delete("globex", "p11", "[globex]")).await.status, 202);
}

#[tokio::test]
async fn requests_that_begin_no_purge_take_no_token() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    assert_eq!(send(&handler, &delete("acme", "p1", "[acme]")).await.status, 202);
    for _ in 0..12 {
        let joined = send(&handler, &delete("acme", "p1", "[acme]")).await;
        assert_eq!((joined.status, &joined.body["joined"]), (202, &json!(true)));
        assert_eq!(send(&handler, &delete_with("dryRun=true", "")).await.status, 200);
        assert_eq!(send(&handler, &get("acme", "p2", "[acme]", "")).await.status, 200);
        assert_eq!(send(&handler, &delete("acme", "unknown", "[acme]")).await.status, 404);
        assert_eq!(send(&handler, &delete("acme", "p2", "[globex]")).await.status, 403);
    }
    for pack in &packs()[1..10] {
        assert_eq!(send(&handler, &delete("acme", pack, "[acme]")).await.status, 202, "{pack}");
    }
    check_rejected(&purge_p11_after(&handler, 0).await, "6");
}

#[tokio::test]
async fn a_tenant_that_used_up_its_allowance_joins_purges_and_reads_their_status() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    use_up(&handler).await;
    assert_eq!(send(&handler, &delete("acme", "p1", "[acme]")).await.status, 202);
    assert_eq!(send(&handler, &delete_with("dryRun=true", "")).await.status, 200);
    assert_eq!(send(&handler, &get("acme", "p1", "[acme]", "")).await.status, 200);
}

/// A handler with `burst` tokens that do not return during a test.
fn handler_with(environment: &Environment, burst: u32) -> PurgeHandler {
    let mut handler = purge_handler(environment);
    let burst = NonZeroU32::new(burst).unwrap();
    handler.manual_purge.limit = AllowanceLimit { per_minute: NonZeroU32::MIN, burst };
    handler
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_requests_begin_exactly_as_many_purges_as_the_allowance_has_tokens() {
    let environment = environment().await;
    let responses = send_all(&handler_with(&environment, 10), packs()).await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(202), of_status(429)), (10, 20));
    assert_eq!(environment.invalidations("acme").await.len(), 10);
    assert_eq!(environment.queued().await.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_requests_for_one_pack_take_one_token_together() {
    for burst in [10, 1] {
        let environment = environment().await;
        let handler = handler_with(&environment, burst);
        for response in send_all(&handler, vec!["p30".to_owned(); 10]).await {
            assert_eq!(response.status, 202, "{}", response.text);
        }
        let mut begun = 0;
        for pack in packs().iter().take(burst as usize) {
            begun += u32::from(send(&handler, &delete("acme", pack, "[acme]")).await.status == 202);
        }
        assert_eq!(begun, burst - 1);
    }
}

#[tokio::test]
async fn an_allowance_that_cannot_be_read_stops_no_purge() {
    let environment = environment().await;
    let unreadable = json!({"tenant": "#allowance/acme", "target": "manual-purges", "fullAt": "soon"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, unreadable).await;
    let handler = purge_handler(&environment);
    use_up(&handler).await;
    assert_eq!(purge_p11_after(&handler, 0).await.status, 202);
}
