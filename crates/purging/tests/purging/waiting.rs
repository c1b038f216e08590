//! Entries that cannot be purged yet, and the others, which need not wait for them.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use support::{CACHED_MAX, Environment, LocalDynamoDb, NOW, SETTLE};

use super::{check_failed, run_in, settled};

#[tokio::test]
async fn an_entry_of_an_unregistered_tenant_is_parked_fails_no_purge_run_and_delays_no_other() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "umbrella/p1/main/f1"]).await;
    environment.enqueue("umbrella", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p1", settled()).await;

    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.entries_parked, summary.entries_expired, summary.entries_left), (1, 0, 1));
    assert_eq!(environment.queued().await, ["umbrella pack#p1"]);
    assert_eq!(environment.variants().await, ["umbrella/p1/main/f1"]);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn a_waiting_entry_is_purged_as_soon_as_its_tenant_is_registered() {
    let environment = Environment::start().await;
    environment.enqueue("initech", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();
    environment.register("initech", true).await;
    assert_eq!(run_in(&environment).await.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("initech").await, [["#initech/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_registration_that_cannot_be_read_concerns_its_own_tenant_only() {
    let environment = Environment::start().await;
    environment.register_as("globex", "EGLOBEX").await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    assert_eq!(run_in(&environment).await.unwrap().entries_parked, 1);
    assert_eq!(environment.queued().await, ["globex pack#p1"]);
}

/// The time of a change from before which no edge has an object at [`NOW`].
fn expired() -> Timestamp {
    NOW.minus(SETTLE + CACHED_MAX)
}

#[tokio::test]
async fn a_parked_entry_is_dropped_with_its_variants_when_no_edge_has_an_object_from_before_its_change() {
    let environment = Environment::start().await;
    let younger = expired().plus(Duration::from_hours(1));
    let variants = ["umbrella/p1/main/f1", "umbrella/p2/main/f1"];
    environment.store_variants(variants).await;
    environment.enqueue("umbrella", "pack#p1", expired()).await;
    environment.enqueue("umbrella", "pack#p2", younger).await;
    environment.enqueue("acme", "pack#p1", expired()).await;

    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.entries_parked, summary.entries_expired, summary.entries_left), (1, 1, 1));
    assert_eq!(environment.queued().await, ["umbrella pack#p2"]);
    assert_eq!(environment.variants().await, ["umbrella/p2/main/f1"]);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn more_tenants_than_one_read_of_the_registry_names_are_found() {
    let environment = Environment::start().await;
    // Systems Manager reads ten parameters at most in one call.
    for number in 0..12 {
        let tenant = format!("aaa-{number:02}");
        environment.register(&tenant, true).await;
        environment.enqueue(&tenant, "pack#p1", settled()).await;
    }
    environment.register("initech", true).await;
    environment.enqueue("initech", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();
    assert_eq!(environment.invalidated("initech").await, [["#initech/p1"]]);
}

#[tokio::test]
async fn a_queue_longer_than_a_page_of_dynamodb_is_read_in_full() {
    let environment = Environment::start().await;
    // A page of DynamoDB is 1 MB, and an item is 400 kB at most. A row of the queue may have attributes that are not read.
    let padding = "x".repeat(300_000);
    for number in 0..5 {
        let row = json!({"tenant": "acme", "target": format!("pack#p{number}"), "version": "1@d", "firstEventAt": 1,
                         "lastEventAt": 1, "changes": 1, "reasons": ["first-image"], "padding": padding});
        environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, row).await;
    }
    assert_eq!(run_in(&environment).await.unwrap().entries_removed, 5);
}

/// Puts `row` into the queue beside a good one, and expects that it stays, is named and delays no other.
async fn check_unreadable(row: Value, expected: &[&str]) {
    let environment = Environment::start().await;
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, row.clone()).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    check_failed(run_in(&environment).await, expected);
    assert_eq!(environment.queue_rows().await, [row]);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn an_unreadable_row_stays_is_named_and_delays_no_other() {
    check_unreadable(json!({"tenant": "acme", "target": "pack#p9"}), &["acme", "pack#p9", "version"]).await;
    let row = |target: &str, changes: Value| {
        json!({"tenant": "acme", "target": target, "version": "1@d", "firstEventAt": 1, "lastEventAt": 1,
               "changes": changes, "reasons": ["first-image"]})
    };
    check_unreadable(row("pack#*", json!(1)), &["pack#*", "not valid"]).await;
    check_unreadable(row("pack#p9", json!("many")), &["pack#p9"]).await;
}
