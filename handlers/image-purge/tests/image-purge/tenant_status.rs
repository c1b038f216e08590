//! `GET …/purges/{tenant}`: the status of the purges of a tenant.

use serde_json::{Value, json};
use support::{Environment, LocalDynamoDb, NOW, SETTLE, run_at};

use super::admin_request::{delete, purges};
use super::{check_error, check_untouched, environment, purge_handler, send};

async fn status(environment: &Environment, tenant: &str) -> Value {
    let request = purges("GET", tenant, "[acme globex]", "", "");
    let response = send(&purge_handler(environment), &request).await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.body
}

#[tokio::test]
async fn the_status_of_an_idle_tenant_is_empty_and_changes_nothing() {
    let environment = environment().await;
    let body = status(&environment, "acme").await;
    let expected = json!({
        "tenant": "acme",
        "waiting": {"count": 0, "oldestChangeAt": null, "targets": [], "more": 0, "unreadable": 0},
        "inFlight": {"early": 0, "final": 0},
        "quota": {
            "distributionId": "EACME",
            "itemsInProgress": {"used": 0, "quota": 3000, "left": 3000},
            "wildcardsInProgress": {"used": 0, "quota": 15, "left": 15},
            "itemsPerSecond": {"used": 0, "quota": 150, "left": 150},
            "wildcardsPerSecond": {"used": 0, "quota": 1, "left": 1},
            "manualPurges": {"left": 10, "burst": 10, "perMinute": 10},
        },
        "lastCompleted": [],
    });
    assert_eq!(body, expected);
    check_untouched(&environment, "GET").await;
}

#[tokio::test]
async fn purges_are_reported_from_the_queue_to_their_completion_for_their_tenant_only() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let body = json!({"imagePacks": ["p10"]}).to_string();
    assert_eq!(send(&handler, &purges("POST", "acme", "[acme]", "", &body)).await.status, 202);
    assert_eq!(send(&handler, &delete("acme", "p1", "[acme]")).await.status, 202);
    let body = status(&environment, "acme").await;
    let targets = body["waiting"]["targets"].as_array().unwrap();
    let waits: Vec<_> = targets.iter().map(|target| (&target["target"], &target["waitsFor"])).collect();
    let deletion = json!("the deletion of its variants, which comes before the invalidation");
    let settling = json!("the end of the settle delay");
    assert_eq!(waits, [(&json!("pack#p1"), &settling), (&json!("pack#p10"), &deletion)]);
    assert_eq!((&body["waiting"]["count"], &body["inFlight"]), (&json!(2), &json!({"early": 1, "final": 0})));
    assert_eq!(body["quota"]["itemsInProgress"], json!({"used": 1, "quota": 3000, "left": 2999}));
    assert_eq!(body["quota"]["manualPurges"]["left"], json!(8));
    let other = status(&environment, "globex").await;
    assert_eq!((&other["inFlight"], &other["waiting"]["count"]), (&json!({"early": 0, "final": 0}), &json!(0)));

    let purge_run = environment.purge_run();
    for (run, settle_delays) in [("early", 0), ("final", 1), ("end", 3)] {
        run_at(&purge_run, run, NOW.plus(SETTLE * settle_delays)).await.unwrap();
    }
    let body = status(&environment, "acme").await;
    assert_eq!((&body["waiting"]["count"], &body["inFlight"]), (&json!(0), &json!({"early": 0, "final": 0})));
    let completed = body["lastCompleted"].as_array().unwrap();
    let finals: Vec<_> = completed.iter().map(|row| row["isFinalPurge"].as_bool().unwrap()).collect();
    assert_eq!(finals, [true, true, false, false], "{body}");
    assert_eq!(status(&environment, "globex").await["lastCompleted"], json!([]));
}

#[tokio::test]
async fn of_many_targets_the_oldest_are_shown_and_an_unreadable_row_hides_no_other() {
    let environment = environment().await;
    for number in 0..53 {
        environment.enqueue("acme", &format!("pack#q{number}"), NOW).await;
    }
    let unreadable = json!({"tenant": "acme", "target": "pack#bad", "version": 7});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, unreadable).await;
    let waiting = &status(&environment, "acme").await["waiting"];
    assert_eq!((&waiting["count"], &waiting["more"], &waiting["unreadable"]), (&json!(53), &json!(3), &json!(1)));
    assert_eq!(waiting["targets"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn only_a_caller_who_may_purge_the_tenant_may_read_its_status() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    for (tenants, tenant, query, body, status, code) in [
        ("[globex]", "acme", "", "", 403, "tenant-not-covered"),
        ("[acme umbrella]", "umbrella", "", "", 404, "unknown-tenant"),
        ("[acme]", "ACME", "", "", 422, "invalid-identifier"),
        ("[acme]", "acme", "dryRun=true", "", 400, "unknown-parameter"),
        ("[acme]", "acme", "", "{}", 400, "unexpected-body"),
    ] {
        check_error(&send(&handler, &purges("GET", tenant, tenants, query, body)).await, status, code, "");
    }
}
