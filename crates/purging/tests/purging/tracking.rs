//! From CloudFront's acceptance to the end of a purge.

use std::time::Duration;

use aws_adapters::cloudfront::CloudFront;
use domain::Timestamp;
use purging::purge_run::Trigger;
use serde_json::Value;
use support::{Environment, NOW, SETTLE, nowhere, run_at, run_for};

use super::{check_failed, settled};

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);

/// The first look after it: 1 s after the invalidation, and 1, 2 and 4 s after each other.
const SEEN_AFTER: Duration = Duration::from_secs(8);

#[tokio::test]
async fn an_entry_leaves_and_the_ledger_says_completed_when_cloudfront_has_completed_it() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let summary = run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_completed, summary.entries_removed), (1, 1, 1));
    assert_eq!(environment.queued().await, Vec::<String>::new());
    assert_eq!(environment.requests().await, Vec::<Value>::new());
    let ledger = environment.ledger().await;
    let completed_at = Timestamp::from_millis(ledger[0]["completedAt"].as_u64().unwrap());
    assert_eq!((ledger.len(), &ledger[0]["invalidationStatus"]), (1, &"Completed".into()));
    assert_eq!(completed_at.since(NOW).as_secs(), SEEN_AFTER.as_secs());
}

#[tokio::test]
async fn the_next_purge_run_tracks_what_one_without_time_has_sent() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    let time = Duration::from_secs(2);
    let summary = run_for(&handler, Trigger::Schedule, "run-1", NOW, time).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_in_flight, summary.entries_left), (1, 1, 1));
    let ledger = environment.ledger().await;
    assert_eq!((&ledger[0]["invalidationStatus"], &ledger[0]["completedAt"]), (&"InProgress".into(), &Value::Null));

    let summary = run_at(&handler, "run-2", NOW.plus(time)).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_completed, summary.entries_removed), (0, 1, 1));
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn a_variant_that_was_re_rendered_shows_in_the_ledger() {
    let long_ago = Timestamp::from_millis(1_000_000_000_000);
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", long_ago).await;
    environment.enqueue("acme", "pack#p2", long_ago).await;
    environment.store_variants(["acme/p1/main/f1"]).await;
    run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();
    let refilled: Vec<_> = environment.ledger().await.iter().map(|row| row["refillSeenAt"].is_u64()).collect();
    assert_eq!(refilled, [true, false]);
}

#[tokio::test]
async fn a_request_that_did_not_reach_cloudfront_is_sent_by_the_next_purge_run_as_it_is_in_the_outbox() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut cut_off = environment.purge_run();
    cut_off.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    let failed = run_for(&cut_off, Trigger::Schedule, "run-1", NOW, Duration::from_secs(20)).await;
    check_failed(failed, &["invalidating 1 items of distribution EACME"]);
    let requests = environment.requests().await;
    assert_eq!((requests.len(), &requests[0]["invalidationId"]), (1, &Value::Null));
    assert_eq!(environment.ledger().await.len(), 0, "nothing is done that the ledger could say");

    environment.enqueue("acme", "pack#p2", settled()).await;
    run_at(&environment.purge_run(), "run-2", NOW.plus(SETTLE)).await.unwrap();
    let mut sent = environment.invalidated("acme").await;
    sent.sort_unstable();
    assert_eq!(sent, [["#acme/p1"], ["#acme/p2"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}
