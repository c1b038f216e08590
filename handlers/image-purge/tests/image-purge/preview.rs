//! `DELETE …?dryRun=true`: the preview of a purge.

use purging::ports::Leases;
use serde_json::{Value, json};
use support::LocalDynamoDb;
use support::{Environment, LEASE, NOW};

use super::admin_request::{delete, delete_with};
use super::{check_error, check_untouched, environment, purge_handler, send};

/// Everything that is kept beside the queue's rows too.
async fn everything(environment: &Environment) -> [Vec<Value>; 3] {
    let [packs, queue, ledger] =
        [LocalDynamoDb::IMAGE_PACK_TABLE, LocalDynamoDb::INVALIDATION_QUEUE_TABLE, LocalDynamoDb::PURGE_LEDGER_TABLE];
    [environment.rows(packs).await, environment.rows(queue).await, environment.rows(ledger).await]
}

#[tokio::test]
async fn a_dry_run_returns_the_effect_of_a_purge_and_writes_nothing() {
    let environment = environment().await;
    let before = everything(&environment).await;
    let response = send(&purge_handler(&environment), &delete_with("dryRun=true", "")).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let mut body = response.body;
    assert!(body.as_object_mut().unwrap().remove("note").unwrap().as_str().unwrap().starts_with("Nothing was purged"));
    let price = json!({
        "perItem": 0.005, "earlyPurge": 0.005, "finalPurge": 0.005, "together": 0.01,
        "note": "The first 1,000 items of an account in a month are free.",
    });
    assert_eq!(
        body,
        json!({
            "dryRun": true,
            "tenant": "acme",
            "imagePackId": "p1",
            "wouldJoin": null,
            "wouldDelete": {
                "variants": 3,
                "firstKeys": ["acme/p1/main/default", "acme/p1/main/suffix=v2", "acme/p1/poster/default"],
            },
            "wouldInvalidate": {"distributionId": "EACME", "items": ["#acme/p1"]},
            "quota": {
                "exactItems": {"inProgress": 0, "needed": 1, "quota": 3000, "leftAfterwards": 2999},
                "wildcards": {"inProgress": 0, "needed": 0, "quota": 15, "leftAfterwards": 15},
            },
            "priceUsd": price,
        })
    );
    check_untouched(&environment, "a dry run").await;
    assert_eq!(everything(&environment).await, before);
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn a_dry_run_while_a_purge_and_a_purge_run_are_under_way_leaves_both_as_they_are_and_costs_nothing() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let purged = send(&handler, &delete("acme", "p1", "[acme]")).await;
    environment.queue().take("run-1", NOW, LEASE).await.unwrap().unwrap();
    let (before, invalidations) = (everything(&environment).await, environment.invalidations("acme").await);
    let body = send(&handler, &delete_with("dryRun=true", "")).await.body;
    assert_eq!(body["wouldJoin"], json!({"invalidationId": purged.body["invalidation"]["id"]}));
    let exact = json!({"inProgress": 1, "needed": 0, "quota": 3000, "leftAfterwards": 2999});
    assert_eq!(body["quota"]["exactItems"], exact);
    assert_eq!(body["wouldInvalidate"], json!({"distributionId": "EACME", "items": []}));
    assert_eq!(body["wouldDelete"], json!({"variants": 0, "firstKeys": []}));
    assert_eq!(body["priceUsd"]["together"], json!(0.0));
    assert_eq!(everything(&environment).await, before);
    assert_eq!(environment.invalidations("acme").await, invalidations);
}

#[tokio::test]
async fn a_dry_run_counts_the_items_of_other_purges() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    assert_eq!(send(&handler, &delete("acme", "p10", "[acme]")).await.status, 202);
    let body = send(&handler, &delete_with("dryRun=true", "")).await.body;
    let exact = json!({"inProgress": 1, "needed": 1, "quota": 3000, "leftAfterwards": 2998});
    assert_eq!((&body["wouldJoin"], &body["quota"]["exactItems"]), (&Value::Null, &exact));
}

#[tokio::test]
async fn a_tenant_without_cache_tags_is_shown_the_wildcard() {
    let environment = environment().await;
    environment.register("acme", false).await;
    let response = send(&purge_handler(&environment), &delete_with("dryRun=true", "")).await;
    assert_eq!(response.body["wouldInvalidate"]["items"], json!(["/api/v2/img/p1*"]));
    let wildcards = &response.body["quota"]["wildcards"];
    assert_eq!(wildcards, &json!({"inProgress": 0, "needed": 1, "quota": 15, "leftAfterwards": 14}));
}

#[tokio::test]
async fn of_many_variants_the_first_keys_are_named() {
    let environment = environment().await;
    let keys: Vec<_> = (0..30).map(|number| format!("acme/p1/main/suffix={number:02}")).collect();
    environment.store_variants(keys.iter().map(String::as_str)).await;
    let body = send(&purge_handler(&environment), &delete_with("dryRun=true", "")).await.body;
    assert_eq!(
        (&body["wouldDelete"]["variants"], body["wouldDelete"]["firstKeys"].as_array().unwrap().len()),
        (&json!(33), 10)
    );
}

#[tokio::test]
async fn only_false_purges_and_only_true_does_not() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    for query in [
        "dryRun",
        "dryRun=",
        "dryRun=TRUE",
        "dryRun=1",
        "dryRun=yes",
        "dryRun=true&dryRun=false",
        "dryRun=false&dryRun=true",
    ] {
        let response = send(&handler, &delete_with(query, "")).await;
        check_error(&response, 400, "invalid-dry-run", "\"dryRun\" takes true or false");
        check_untouched(&environment, query).await;
    }
    assert_eq!(send(&handler, &delete_with("dryRun=false", "")).await.status, 202);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}
