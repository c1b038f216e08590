//! A `DELETE` of a pack that is repeated.

use std::time::Duration;

use aws_adapters::cloudfront::CloudFront;
use aws_adapters::variants_bucket::VariantsBucket;
use domain::Timestamp;
use purging::ports::Clock;
use purging::purge_run::Trigger;
use serde_json::{Value, json};
use support::{Environment, LocalDynamoDb, NOW, SETTLE, nowhere, run_at, run_for};
use tokio::task::JoinSet;

use super::admin_request::{delete, get};
use super::{ApiResponse, PurgeHandler, check_error, environment, filled, purge_handler, send, send_at};

/// The emulator's time from an invalidation to its completion.
const PROPAGATION: Duration = Duration::from_mins(1);

async fn slow_environment() -> Environment {
    filled(Environment::with_propagation_delay(PROPAGATION).await).await
}

fn after(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

/// Purges `p1` of `acme`, `secs` after the first `DELETE`. Returns the id of the invalidation and whether it was joined.
async fn purge(handler: &PurgeHandler, secs: u64) -> (Value, Value) {
    let response = send_at(handler, &delete("acme", "p1", "[acme]"), &format!("request-{secs}"), after(secs)).await;
    assert_eq!(response.status, 202, "after {secs} s: {}", response.text);
    (response.body["invalidation"]["id"].clone(), response.body["joined"].clone())
}

/// Sends `requests` in parallel.
pub(super) async fn send_all(handler: &PurgeHandler, packs: Vec<String>) -> Vec<ApiResponse> {
    let mut tasks = JoinSet::new();
    for (number, pack) in packs.into_iter().enumerate() {
        let handler = handler.clone();
        tasks.spawn(async move {
            let context = support::context(&format!("request-{number}"), NOW);
            super::api_response(&handler.handle(&delete("acme", &pack, "[acme]"), &context).await)
        });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_parallel_requests_are_one_row_and_one_invalidation_and_later_one_final_purge() {
    let environment = slow_environment().await;
    let responses = send_all(&purge_handler(&environment), vec!["p1".to_owned(); 10]).await;
    let invalidations = environment.invalidations("acme").await;
    let [invalidation] = invalidations.as_slice() else { panic!("{invalidations:?}") };
    for response in &responses {
        assert_eq!((response.status, &response.body["variantsDeleted"]), (202, &json!(3)), "{}", response.text);
        assert_eq!(response.body["invalidation"]["id"], invalidation.id.as_str());
    }
    let joined = responses.iter().filter(|response| response.body["joined"] == true).count();
    assert_eq!(joined, 9);
    let rows = environment.queue_rows().await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["changes"], 1);
    assert_eq!(environment.ledger().await.len(), 1);

    run_at(&environment.purge_run(), "run-1", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p1"]]);
}

#[tokio::test]
async fn a_request_joins_the_purge_as_long_as_cloudfront_reports_it_in_progress() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    let (first, is_joined) = purge(&handler, 0).await;
    assert_eq!(is_joined, false);
    for secs in [0, 1, 20, 200] {
        assert_eq!(purge(&handler, secs).await, (first.clone(), json!(true)), "after {secs} s");
    }
    assert_eq!(environment.queue_rows().await[0]["changes"], 1);

    environment.let_emulator_time_pass(PROPAGATION);
    let (second, is_joined) = purge(&handler, 201).await;
    assert_eq!(is_joined, false);
    assert_ne!(second, first);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p1"]]);
}

#[tokio::test]
async fn a_request_joins_a_purge_of_the_last_seconds_even_if_that_is_completed() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let (first, _) = purge(&handler, 0).await;
    assert_eq!(purge(&handler, 4).await, (first, json!(true)));
    let (_, is_joined) = purge(&handler, 5).await;
    assert_eq!(is_joined, false);
}

#[tokio::test]
async fn a_request_after_the_early_purge_has_left_the_outbox_joins_it_or_purges_again_and_waits_for_nothing() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let (first, _) = purge(&handler, 0).await;
    run_for(&environment.purge_run(), Trigger::Schedule, "run-1", after(1), Duration::from_secs(1)).await.unwrap();
    let earlier = send(&handler, &get("acme", "p1", "[acme]", "")).await.body;
    assert_eq!((&earlier["running"], &earlier["pending"][0]["earlyPurges"]), (&json!([]), &json!(1)));

    let joined = send_at(&handler, &delete("acme", "p1", "[acme]"), "request-2", after(2)).await;
    assert_eq!((joined.status, &joined.body["joined"]), (202, &json!(true)), "{}", joined.text);
    assert_eq!((&joined.body["invalidation"]["id"], &joined.body["variantsDeleted"]), (&first, &json!(3)));
    assert_eq!(joined.body["invalidation"]["items"], json!(["#acme/p1"]));

    let (second, is_joined) = purge(&handler, 6).await;
    assert_eq!(is_joined, false);
    assert_ne!(second, first);
    assert_eq!(handler.manual_purge.purger.executor.ports.clock.now(), after(6), "it has waited");
}

#[tokio::test]
async fn a_request_joins_the_final_purge_too() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    purge(&handler, 0).await;
    // The final purge deletes the variants when the change has settled, and invalidates a settle delay later.
    let (settled, time) = (NOW.plus(SETTLE), SETTLE + Duration::from_secs(10));
    run_for(&environment.purge_run(), Trigger::Schedule, "run-1", settled, time).await.unwrap();
    let last = environment.invalidations("acme").await.pop().unwrap();
    let secs = (SETTLE + time).as_secs() + 2;
    assert_eq!(purge(&handler, secs).await, (json!(last.id), json!(true)));
}

#[tokio::test]
async fn a_request_after_a_write_to_the_pack_purges_again_whether_the_stream_has_delivered_it_or_not() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    purge(&handler, 0).await;
    let pack = json!({
        "tenant": "acme",
        "entity": "pack#p1",
        "imageLocations": {"main": {"original": {"key": "acme/p1/main", "version": "v2"}}},
        "mainImageLocation": "main",
    });
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
    assert_eq!(purge(&handler, 1).await.1, false, "the record is still in the stream");
    environment.enqueue("acme", "pack#p1", after(2)).await;
    assert_eq!(purge(&handler, 3).await.1, false, "the record is in the queue");
    assert_eq!(purge(&handler, 4).await.1, true, "nothing was written since");
    assert_eq!(environment.queue_rows().await[0]["changes"], 4);
}

#[tokio::test]
async fn a_purge_of_the_distribution_that_the_tenant_had_before_is_not_joined() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    purge(&handler, 0).await;
    environment.register_as("acme", r#"{"distributionId": "EACME2", "cacheTags": true}"#).await;
    assert_eq!(purge(&handler, 1).await.1, false);
    assert_eq!(environment.invalidated("acme2").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn a_request_after_one_that_cloudfront_did_not_answer_submits_the_same_purge() {
    let environment = environment().await;
    let mut broken = purge_handler(&environment);
    broken.manual_purge.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    let failed = send(&broken, &delete("acme", "p1", "[acme]")).await;
    check_error(&failed, 502, "purge-failed", "It is in the queue");
    assert_eq!(purge(&purge_handler(&environment), 6).await.1, true);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queue_rows().await[0]["changes"], 1);
    assert_eq!(environment.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_request_after_one_that_failed_before_its_invalidation_waits_for_that_and_then_purges() {
    let environment = environment().await;
    let mut broken = purge_handler(&environment);
    broken.manual_purge.purger.executor.ports.variants =
        VariantsBucket::new(environment.s3(), "no-such-bucket".to_owned());
    let failed = send(&broken, &delete("acme", "p1", "[acme]")).await;
    check_error(&failed, 502, "purge-failed", "It is in the queue");
    let handler = purge_handler(&environment);
    assert_eq!(purge(&handler, 9).await.1, false);
    assert!(handler.manual_purge.purger.executor.ports.clock.now() >= after(10), "it began too early");
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn while_cloudfront_does_not_answer_a_purge_in_the_outbox_is_joined() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    let (first, _) = purge(&handler, 0).await;
    let mut broken = purge_handler(&environment);
    broken.manual_purge.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    assert_eq!(purge(&broken, 60).await, (first, json!(true)));
}

#[tokio::test]
async fn the_status_of_a_joined_purge_is_that_of_the_purge() {
    let environment = slow_environment().await;
    let handler = purge_handler(&environment);
    let status = async || send(&handler, &get("acme", "p1", "[acme]", "")).await.body;
    purge(&handler, 0).await;
    handler.manual_purge.purger.executor.ports.clock.set(NOW);
    let before = status().await;
    purge(&handler, 1).await;
    assert_eq!(status().await, before);
    assert_eq!((before["pending"].as_array().unwrap().len(), before["running"].as_array().unwrap().len()), (1, 1));
}
