//! From CloudFront's acceptance to the end of a purge, over several purge runs.

use std::time::Duration;

use aws_adapters::cloudfront::CloudFront;
use serde_json::Value;
use support::{Environment, NOW, SETTLE, nowhere, run_at};

use super::{before, check_failed, settled};

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);

#[tokio::test]
async fn an_entry_leaves_and_the_ledger_says_completed_when_cloudfront_has_completed_it() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();

    let summary = run_at(&handler, "run-1", NOW).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_in_flight, summary.entries_left), (1, 1, 1));
    let ledger = environment.ledger().await;
    assert_eq!((&ledger[0]["invalidationStatus"], &ledger[0]["completedAt"]), (&"InProgress".into(), &Value::Null));

    let meanwhile = run_at(&handler, "run-2", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((meanwhile.invalidations, meanwhile.entries_waiting), (0, 1), "it is on its way");

    environment.let_emulator_time_pass(PROPAGATION);
    let end = NOW.plus(SETTLE * 2);
    let summary = run_at(&handler, "run-3", end).await.unwrap();
    assert_eq!((summary.requests_completed, summary.entries_removed, summary.requests_in_flight), (1, 1, 0));
    assert_eq!(environment.queued().await, Vec::<String>::new());
    assert_eq!(environment.requests().await, Vec::<Value>::new());
    let ledger = environment.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(
        (&ledger[0]["invalidationStatus"], &ledger[0]["completedAt"]),
        (&"Completed".into(), &end.as_millis().into())
    );
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn a_purge_run_that_has_time_waits_for_cloudfront() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.tracking_max = Duration::from_secs(10);
    let pass = async {
        while environment.invalidations("acme").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        environment.let_emulator_time_pass(PROPAGATION);
    };
    let (summary, ()) = tokio::join!(run_at(&handler, "run-1", NOW), pass);
    assert_eq!(summary.unwrap().entries_removed, 1);
}

#[tokio::test]
async fn a_change_behind_the_request_keeps_the_row_and_the_ledger_has_both_purges() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    run_at(&handler, "run-1", NOW).await.unwrap();

    environment.enqueue("acme", "pack#p1", NOW).await;
    environment.let_emulator_time_pass(PROPAGATION);
    let summary = run_at(&handler, "run-2", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((summary.requests_completed, summary.entries_removed, summary.invalidations), (1, 0, 1));
    environment.let_emulator_time_pass(PROPAGATION);
    let summary = run_at(&handler, "run-3", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(summary.entries_removed, 1);
    let completed = environment.ledger().await.iter().filter(|row| row["completedAt"].is_u64()).count();
    assert_eq!(completed, 2);
}

#[tokio::test]
async fn an_early_purge_is_made_once_and_its_row_does_not_say_completed() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let handler = environment.purge_run();
    run_at(&handler, "run-1", NOW).await.unwrap();
    let almost = before(NOW.plus(SETTLE), Duration::from_secs(1));
    let summary = run_at(&handler, "run-2", almost).await.unwrap();
    assert_eq!((summary.invalidations, summary.entries_waiting), (0, 1), "it was purged once and has not settled");
    let ledger = environment.ledger().await;
    assert_eq!(
        (&ledger[0]["isFinal"], &ledger[0]["invalidationStatus"], &ledger[0]["completedAt"]),
        (&false.into(), &"Completed".into(), &Value::Null)
    );
    assert_eq!(run_at(&handler, "run-3", NOW.plus(SETTLE)).await.unwrap().entries_removed, 1);
}

#[tokio::test]
async fn a_variant_that_was_re_rendered_shows_in_the_ledger() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let handler = environment.purge_run();
    run_at(&handler, "run-1", NOW).await.unwrap();
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.let_emulator_time_pass(PROPAGATION);
    run_at(&handler, "run-2", NOW).await.unwrap();
    let refilled: Vec<_> = environment.ledger().await.iter().map(|row| row["refillSeenAt"].is_u64()).collect();
    assert_eq!(refilled, [true, false]);
}

#[tokio::test]
async fn a_request_that_did_not_reach_cloudfront_is_sent_by_the_next_purge_run_as_it_is_in_the_outbox() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut cut_off = environment.purge_run();
    cut_off.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    check_failed(run_at(&cut_off, "run-1", NOW).await, &["invalidating 1 items of distribution EACME"]);
    let requests = environment.requests().await;
    assert_eq!((requests.len(), &requests[0]["invalidationId"]), (1, &Value::Null));

    environment.enqueue("acme", "pack#p2", settled()).await;
    run_at(&environment.purge_run(), "run-2", NOW).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p2"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_request_for_a_distribution_that_is_no_longer_the_tenants_is_planned_again_for_the_new_one() {
    let environment = Environment::start().await;
    environment.register_as("acme", r#"{"distributionId": "EGONE", "cacheTags": true}"#).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    let summary = run_at(&handler, "run-1", NOW).await.unwrap();
    assert_eq!((summary.requests_unavailable, summary.invalidations), (1, 0));

    environment.register("acme", true).await;
    assert_eq!(run_at(&handler, "run-2", NOW).await.unwrap().requests_abandoned, 1);
    run_at(&handler, "run-3", NOW).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_request_that_the_former_distribution_has_accepted_does_not_count_for_the_new_one() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.register_as("acme", r#"{"distributionId": "EGLOBEX", "cacheTags": true}"#).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    assert_eq!(run_at(&handler, "run-1", NOW).await.unwrap().invalidations, 1);

    environment.register("acme", true).await;
    environment.let_emulator_time_pass(PROPAGATION);
    let summary = run_at(&handler, "run-2", NOW).await.unwrap();
    assert_eq!((summary.requests_abandoned, summary.entries_removed), (1, 0));
    assert_eq!(environment.queued().await, ["acme pack#p1"]);

    run_at(&handler, "run-3", NOW).await.unwrap();
    environment.let_emulator_time_pass(PROPAGATION);
    assert_eq!(run_at(&handler, "run-4", NOW).await.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    let completed = environment.ledger().await.iter().filter(|row| row["completedAt"].is_u64()).count();
    assert_eq!(completed, 1, "only the purge of the new distribution");
}
