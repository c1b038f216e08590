//! `POST …/purges/{tenant}`: purges of packs, of a location or of everything, by the next purge run.

use std::time::Duration;

use purging::ports::Wakeups;
use serde_json::{Value, json};
use support::{Environment, LocalDynamoDb, NOW, SETTLE, run_at};

use super::admin_request::{delete, openapi, purges};
use super::{
    ApiResponse, LIMIT, PurgeHandler, check_error, check_untouched, environment, purge_handler, send, send_at,
};

async fn post(handler: &PurgeHandler, body: &Value) -> ApiResponse {
    send(handler, &purges("POST", "acme", "[acme]", "", &body.to_string())).await
}

/// The targets of a response, each with whether it was joined.
fn targets(response: &ApiResponse) -> Vec<(String, bool)> {
    let target = |target: &Value| (target["target"].as_str().unwrap().to_owned(), target["joined"].as_bool().unwrap());
    response.body["targets"].as_array().unwrap_or_else(|| panic!("{}", response.text)).iter().map(target).collect()
}

/// A pack without variants.
async fn put_pack(environment: &Environment, pack: &str) {
    let pack = json!({"tenant": "acme", "entity": format!("pack#{pack}")});
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
}

/// Requests the purge of `body`, and expects these rows in the queue, and that the next purge runs invalidate `items`
/// early and finally and leave nothing but `variants`.
async fn check(body: Value, queued: &[&str], items: &[&str], variants: &[&str]) {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let response = post(&handler, &body).await;
    assert_eq!((response.status, &response.body["followAt"]), (202, &json!("/purges/acme")), "{}", response.text);
    assert!(targets(&response).iter().all(|(_, joined)| !joined), "{}", response.text);
    assert_eq!(environment.queued().await, queued);
    for row in environment.queue_rows().await {
        assert_eq!((&row["reasons"], &row["requestedBy"]), (&json!(["manual"]), &json!(["admin:ada"])), "{row}");
    }
    assert_eq!((environment.invalidations("acme").await, environment.invocations.count()), (vec![], 1));

    let purge_run = environment.purge_run();
    run_at(&purge_run, "early", NOW).await.unwrap();
    run_at(&purge_run, "final", NOW.plus(SETTLE)).await.unwrap();
    run_at(&purge_run, "end", NOW.plus(SETTLE * 3)).await.unwrap();
    let mut invalidated: Vec<_> = environment.invalidated("acme").await.concat();
    invalidated.sort();
    let twice: Vec<_> = items.iter().flat_map(|item| [item, item]).collect();
    assert_eq!(invalidated.iter().collect::<Vec<_>>(), twice, "{body}");
    assert_eq!(environment.invalidations("globex").await, [], "{body}");
    assert_eq!(environment.variants().await, variants, "{body}");
    assert_eq!(environment.queued().await, Vec::<String>::new(), "{body}");
}

#[tokio::test]
async fn a_list_of_packs_is_purged_early_and_finally_by_the_purge_run() {
    let left = ["globex/p1/main/default"];
    let rows = ["acme pack#p1", "acme pack#p10"];
    // p10 has variants only, and no item in the table.
    check(json!({"imagePacks": ["p10", "p1", "p10"]}), &rows, &["#acme/p1", "#acme/p10"], &left).await;
}

#[tokio::test]
async fn a_location_is_purged_in_all_packs_of_the_tenant() {
    let left = ["acme/p1/poster/default", "globex/p1/main/default"];
    check(json!({"location": "main"}), &["acme location#main"], &["#acme/location/main"], &left).await;
}

#[tokio::test]
async fn everything_is_purged_of_the_tenant_and_of_no_other() {
    check(json!({"everything": true}), &["acme tenant"], &["#acme"], &["globex/p1/main/default"]).await;
}

#[tokio::test]
async fn a_repeated_request_joins_while_the_final_purge_is_still_to_begin_and_costs_nothing() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    post(&handler, &json!({"imagePacks": ["p1"]})).await;
    let (rows, body) = (environment.queue_rows().await, json!({"imagePacks": ["p1", "p10"]}));
    let again = post(&handler, &body).await;
    assert_eq!(targets(&again), [("pack#p10".to_owned(), false), ("pack#p1".to_owned(), true)]);
    assert_eq!(environment.queue_rows().await[0], rows[0]);
    let joined = post(&handler, &body).await;
    assert!(targets(&joined).iter().all(|(_, joined)| *joined), "{}", joined.text);
    assert_eq!(Wakeups::count(&environment.queue()).await.unwrap(), 2, "a request that joins wakes no purge run");

    let settled = purges("POST", "acme", "[acme]", "", &body.to_string());
    let settled = send_at(&handler, &settled, "request-2", NOW.plus(SETTLE)).await;
    assert!(targets(&settled).iter().all(|(_, joined)| !joined), "{}", settled.text);
}

#[tokio::test]
async fn an_edit_that_waits_is_not_joined_and_a_delete_of_the_pack_purges_at_once() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    environment.enqueue("acme", "pack#p1", NOW).await;
    let response = post(&handler, &json!({"imagePacks": ["p1"]})).await;
    assert_eq!(targets(&response), [("pack#p1".to_owned(), false)]);
    let row = &environment.queue_rows().await[0];
    assert_eq!((&row["changes"], &row["requestedBy"]), (&json!(2), &json!(["admin:ada", "stream"])));
    let deleted = send(&handler, &delete("acme", "p1", "[acme]")).await;
    assert_eq!((deleted.status, &deleted.body["joined"]), (202, &json!(false)), "{}", deleted.text);
}

#[tokio::test]
async fn a_dry_run_shows_the_effect_and_writes_nothing() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let dry_run = async |body: Value| {
        let request = purges("POST", "acme", "[acme]", "dryRun=true", &body.to_string());
        let response = send(&handler, &request).await;
        assert_eq!((response.status, &response.body["dryRun"]), (200, &json!(true)), "{}", response.text);
        response
    };
    for (body, target, item, variants) in [
        (json!({"imagePacks": ["p1"]}), "pack#p1", "#acme/p1", 3),
        (json!({"location": "main"}), "location#main", "#acme/location/main", 3),
        (json!({"everything": true}), "tenant", "#acme", 4),
    ] {
        let response = dry_run(body).await;
        assert_eq!(targets(&response), [(target.to_owned(), false)]);
        assert_eq!(response.body["wouldInvalidate"], json!({"distributionId": "EACME", "items": [item]}));
        assert_eq!(response.body["wouldDelete"]["variants"], json!(variants), "{target}");
        assert_eq!(response.body["hasMoreVariants"], json!(false));
        assert_eq!(response.body["priceUsd"]["together"], json!(0.01));
        check_untouched(&environment, target).await;
    }
    assert_eq!(environment.invocations.count(), 0);

    post(&handler, &json!({"imagePacks": ["p1"]})).await;
    let joining = dry_run(json!({"imagePacks": ["p1"]})).await;
    assert_eq!(targets(&joining), [("pack#p1".to_owned(), true)]);
    assert_eq!(joining.body["wouldInvalidate"]["items"], json!([]));
}

/// Expects that a request with this query and body is rejected, and that nothing was written.
async fn check_rejected(query: &str, body: &str, status: u16, code: &str, message: &str) -> ApiResponse {
    let environment = environment().await;
    let request = purges("POST", "acme", "[acme]", query, body);
    let mut response = send(&purge_handler(&environment), &request).await;
    let details = response.body["error"].as_object_mut().and_then(|error| error.remove("details"));
    check_error(&response, status, code, message);
    check_untouched(&environment, body).await;
    response.body["details"] = details.unwrap_or_default();
    response
}

#[tokio::test]
async fn a_body_that_names_not_exactly_one_extent_is_rejected() {
    for body in [
        "{}",
        r#"{"imagePacks": ["p1"], "everything": true}"#,
        r#"{"location": "main", "everything": true}"#,
        r#"{"location": null}"#,
    ] {
        check_rejected("", body, 422, "invalid-body", "name exactly one of").await;
    }
    check_rejected("", r#"{"everything": false}"#, 422, "invalid-body", "\"everything\" takes true only").await;
    check_rejected("", r#"{"imagePacks": []}"#, 422, "invalid-body", "the list has 0 image packs").await;
    let many = json!({"imagePacks": vec!["p1"; 101]}).to_string();
    check_rejected("", &many, 422, "invalid-body", "the list has 101 image packs; allowed are 1 to 100").await;
    for body in [r#"{"imagePack": "p1"}"#, r#"{"imagePacks": "p1"}"#, r#"{"everything": "yes"}"#, "[]", "true"] {
        check_rejected("", body, 422, "invalid-body", "body").await;
    }
    for body in ["", "{", "p1"] {
        check_rejected("", body, 400, "unreadable-body", "body").await;
    }
    check_rejected("", &"x".repeat(20_000), 413, "too-large", "20000 bytes").await;
}

#[tokio::test]
async fn every_invalid_and_every_unknown_pack_is_named_and_no_other_is_purged() {
    let body = r#"{"imagePacks": ["p1", "*", "p1/main", "../globex"]}"#;
    let response = check_rejected("", body, 422, "invalid-identifier", "3 of the image packs are invalid").await;
    let details: Vec<_> = response.body["details"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(details.len(), 3);
    for (detail, id) in details.iter().zip(["*", "p1/main", "../globex"]) {
        assert!(detail.contains(&format!("\\\"{id}\\\"")), "{detail}");
    }
    let body = r#"{"imagePacks": ["p1", "p2", "p3"]}"#;
    let response = check_rejected("", body, 404, "unknown-image-pack", "2 of the image packs").await;
    assert_eq!(response.body["details"], json!(["no image pack \"p2\"", "no image pack \"p3\""]));
    check_rejected("", r#"{"location": "ma*in"}"#, 422, "invalid-identifier", "ma*in").await;
}

#[tokio::test]
async fn a_misspelt_or_unclear_dry_run_and_unknown_parameters_purge_nothing() {
    let body = r#"{"everything": true}"#;
    for query in ["dryrun=true", "dry_run=true", "tenant=globex", "force=true"] {
        check_rejected(query, body, 400, "unknown-parameter", "There is no parameter").await;
    }
    for query in ["dryRun=yes", "dryRun", "dryRun=true&dryRun=false"] {
        check_rejected(query, body, 400, "invalid-dry-run", "true or false").await;
    }
}

#[tokio::test]
async fn only_a_caller_who_may_purge_the_tenant_may_enqueue() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let body = r#"{"everything": true}"#;
    for (tenant, tenants, status, code) in [
        ("acme", "[globex]", 403, "tenant-not-covered"),
        ("acme", "[]", 403, "tenant-not-covered"),
        ("umbrella", "[umbrella]", 404, "unknown-tenant"),
        ("ACME", "[acme]", 422, "invalid-identifier"),
        ("", "[acme]", 422, "invalid-identifier"),
    ] {
        check_error(&send(&handler, &purges("POST", tenant, tenants, "", body)).await, status, code, "");
        check_untouched(&environment, tenant).await;
    }
    // `DELETE /images/acme/` has an empty pack id, and `DELETE /purges/acme` is no route.
    check_error(&send(&handler, &delete("acme", "", "[acme]")).await, 422, "invalid-identifier", "image pack id");
    let delete = purges("DELETE", "acme", "[acme]", "", "");
    check_error(&send(&handler, &delete).await, 404, "unknown-route", "no such route");
    check_untouched(&environment, "an empty pack id").await;
}

#[tokio::test]
async fn ten_packs_take_a_token_of_the_allowance_and_without_enough_tokens_nothing_is_written() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let packs: Vec<_> = (0..95).map(|number| format!("q{number}")).collect();
    for pack in &packs {
        put_pack(&environment, pack).await;
    }
    let (ten, more) = packs.split_at(10);
    for _ in 0..3 {
        // The second and the third join.
        assert_eq!(post(&handler, &json!({"imagePacks": ten})).await.status, 202);
    }
    let left = async |handler: &PurgeHandler| {
        let status = send(handler, &purges("GET", "acme", "[acme]", "", "")).await;
        status.body["quota"]["manualPurges"]["left"].clone()
    };
    assert_eq!(left(&handler).await, json!(LIMIT.burst.get() - 1));
    assert_eq!(post(&handler, &json!({"location": "main"})).await.status, 202);
    assert_eq!(left(&handler).await, json!(LIMIT.burst.get() - 2));

    let queued = environment.queued().await;
    let rejected = post(&handler, &json!({"imagePacks": more})).await;
    check_error(&rejected, 429, "too-many-purges", "Tenant \"acme\" has begun too many purges");
    assert_eq!(rejected.retry_after.as_deref(), Some("6"));
    assert_eq!(environment.queued().await, queued);
    let later = purges("POST", "acme", "[acme]", "", &json!({"imagePacks": more}).to_string());
    let later = send_at(&handler, &later, "request-2", NOW.plus(Duration::from_secs(6))).await;
    assert_eq!((later.status, targets(&later).len()), (202, 85));
}

#[tokio::test]
async fn while_the_queue_does_not_respond_the_request_is_to_be_sent_again() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.queue =
        aws_adapters::invalidation_queue::InvalidationQueue::new(environment.dynamodb(), "no-such-table".to_owned());
    check_error(&post(&handler, &json!({"everything": true})).await, 502, "unavailable", "Nothing was purged");
    check_untouched(&environment, "no queue").await;
}

#[tokio::test]
async fn the_openapi_document_is_served_to_callers_with_a_token_only() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    let authorizer = json!({"jwt": {"claims": {"sub": "ada"}, "scopes": ["images:purge"]}});
    let response = send(&handler, &openapi(&authorizer, "")).await;
    assert_eq!((response.status, &response.body["openapi"]), (200, &json!("3.1.0")));
    check_error(&send(&handler, &openapi(&Value::Null, "")).await, 401, "unauthorized", "bearer token");
    check_error(&send(&handler, &openapi(&authorizer, "a=1")).await, 400, "unknown-parameter", "no parameter");
}
