//! `GET …/images/{tenant}/{imagePackId}`: the status of the purges of a pack.

use std::time::Duration;

use serde_json::{Value, json};
use support::{Environment, NOW, SETTLE, run_at};

use super::admin_request::{delete, get};
use super::{ApiResponse, VARIANTS, check_error, check_untouched, environment, purge_handler, send};

async fn purge_status(environment: &Environment, pack: &str) -> Value {
    let ApiResponse { status, body, text, .. } =
        send(&purge_handler(environment), &get("acme", pack, "[acme]", "")).await;
    assert_eq!(status, 200, "{text}");
    body
}

fn check_verdict(body: &Value, expected: &str) {
    let verdict = body["verdict"].as_str().unwrap();
    assert!(verdict.contains(expected), "{verdict}");
}

#[tokio::test]
async fn the_status_of_a_pack_that_was_never_purged_is_empty_and_changes_nothing() {
    let environment = environment().await;
    let body = purge_status(&environment, "p1").await;
    check_verdict(&body, "No purge is pending, and none is recorded");
    assert_eq!((&body["pending"], &body["running"], &body["lastCompleted"]), (&json!([]), &json!([]), &Value::Null));
    check_untouched(&environment, "GET").await;
}

#[tokio::test]
async fn a_purge_is_reported_from_its_request_to_its_completion() {
    let environment = environment().await;
    send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;
    let body = purge_status(&environment, "p1").await;
    check_verdict(&body, "has had its early purge");
    let pending = &body["pending"][0];
    assert_eq!((&pending["target"], &pending["requestedBy"]), (&json!("pack#p1"), &json!(["admin:ada"])));
    assert_eq!((&pending["reasons"], &pending["changes"]), (&json!(["manual"]), &json!(1)));
    assert!(pending["settlesAt"].as_str().unwrap().starts_with("2099-01-01T"), "{pending}");
    let running = &body["running"][0];
    assert_eq!((&running["isFinalPurge"], &running["variantsDeleted"]), (&json!(false), &json!(3)));
    assert_eq!(running["invalidation"]["id"], environment.invalidations("acme").await[0].id.as_str());

    let handler = environment.purge_run();
    let later = NOW.plus(SETTLE);
    run_at(&handler, "run-1", later).await.unwrap();
    run_at(&handler, "run-2", later.plus(Duration::from_mins(5))).await.unwrap();
    let body = purge_status(&environment, "p1").await;
    check_verdict(&body, "No purge is pending. The last purge of pack p1 completed");
    let last = &body["lastCompleted"];
    assert_eq!((&last["target"], &last["reasons"]), (&json!("pack#p1"), &json!(["manual"])));
    assert!(last["completedAt"].is_string() && last["invalidationId"].is_string(), "{last}");
    assert_eq!((&body["pending"], &body["running"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn entries_of_the_packs_locations_and_tenant_are_pending_for_the_pack() {
    let environment = environment().await;
    for (target, counts) in [("location#main", true), ("location#banner", false), ("tenant", true), ("pack#p10", false)]
    {
        environment.enqueue("acme", target, NOW).await;
        let body = purge_status(&environment, "p1").await;
        let targets: Vec<_> = body["pending"].as_array().unwrap().iter().map(|row| row["target"].clone()).collect();
        assert_eq!(targets.contains(&json!(target)), counts, "{body}");
    }
}

#[tokio::test]
async fn a_removed_pack_is_known_by_its_pending_entries() {
    let environment = environment().await;
    environment.enqueue("acme", "pack#p7", NOW).await;
    check_verdict(&purge_status(&environment, "p7-v2").await, "The change of pack p7");
    let unknown = send(&purge_handler(&environment), &get("acme", "p8", "[acme]", "")).await;
    check_error(&unknown, 404, "unknown-image-pack", "\"p8\"");
}

#[tokio::test]
async fn only_a_caller_who_may_purge_may_read_the_status() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    for (tenants, tenant, query, status, code) in [
        ("[globex]", "acme", "", 403, "tenant-not-covered"),
        ("[acme]", "acme2", "", 403, "tenant-not-covered"),
        ("[acme umbrella]", "umbrella", "", 404, "unknown-tenant"),
        ("[acme]", "ACME", "", 422, "invalid-identifier"),
        ("[acme]", "acme", "dryRun=true", 400, "unknown-parameter"),
    ] {
        check_error(&send(&handler, &get(tenant, "p1", tenants, query)).await, status, code, "");
    }
}

#[tokio::test]
async fn while_a_table_does_not_respond_the_request_is_to_be_sent_again() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.ledger =
        aws_adapters::purge_ledger::PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    let response = send(&handler, &get("acme", "p1", "[acme]", "")).await;
    check_error(&response, 502, "unavailable", "send it again");
}

#[tokio::test]
async fn a_get_request_never_purges_whatever_its_query_and_the_state_of_the_pack() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    for (pack, query) in [
        ("p1", ""),
        ("p1-v2", ""),
        ("p10", ""),
        ("unknown", ""),
        ("p1", "dryRun=false"),
        ("p1", "dryRun=true"),
        ("p1", "action=purge"),
    ] {
        let response = send(&handler, &get("acme", pack, "[acme]", query)).await;
        assert_ne!(response.status, 202, "{pack} {query}");
        check_untouched(&environment, &format!("GET {pack}?{query}")).await;
    }
    environment.enqueue("acme", "pack#p1", NOW).await;
    let rows = environment.queue_rows().await;
    assert_eq!(send(&handler, &get("acme", "p1", "[acme]", "")).await.status, 200);
    assert_eq!(environment.queue_rows().await, rows);
    assert_eq!(environment.invalidations("acme").await, []);
    assert_eq!(environment.variants().await, VARIANTS);
}
