//! After an outage: what may have changed unseen is enqueued once.

use std::time::Duration;

use aws_adapters::now;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{AttributeNames, TenantId, Timestamp};
use indicatif::ProgressBar;
use recovery::{Recovery, Resync, Resynced};
use serde_json::{Value, json};
use support::LocalDynamoDb;
use support::{Environment, SETTLE, run_at};

use super::fixture::{clients, installation, recovery};
use super::put_pack;

const NOTHING: [&str; 0] = [];

/// The beginning of an outage, and a time before and in it.
struct Times {
    before: Timestamp,
    since: Timestamp,
    during: Timestamp,
}

/// An outage that began two hours ago.
fn outage() -> Times {
    let ago = |minutes: u64| Timestamp::from_millis(now().as_millis() - minutes * 60 * 1_000);
    Times { before: ago(180), since: ago(120), during: ago(60) }
}

async fn resync_with(recovery: &Recovery, resync: &Resync) -> Resynced {
    recovery.resync(resync, &ProgressBar::hidden()).await.unwrap()
}

/// Runs it for all tenants. Returns how much was enqueued, queued already and purged already.
async fn resync(environment: &Environment, since: Timestamp) -> [u64; 3] {
    let resync = Resync { since, tenant: None, is_dry_run: false };
    let Resynced { enqueued, queued, purged, .. } = resync_with(&recovery(environment).await, &resync).await;
    [enqueued, queued, purged]
}

async fn put_location(environment: &Environment, location: &str, generation: u64, updated_at: Timestamp) {
    let item = json!({
        "tenant": "acme", "entity": format!("location#{location}"), "width": 640, "height": 360,
        "generation": generation, "updatedAt": updated_at,
    });
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
}

/// One of everything, of two tenants: five of them may have changed unseen.
async fn something_of_everything(environment: &Environment, times: &Times) {
    put_pack(environment, "acme", "changed", "v2", Some(times.during)).await;
    put_pack(environment, "acme", "unchanged", "v2", Some(times.before)).await;
    put_pack(environment, "globex", "unknown", "v2", None).await;
    put_location(environment, "forced", 2, times.during).await;
    put_location(environment, "unforced", 0, times.during).await;
    put_location(environment, "settled", 2, times.before).await;
    let order = json!({"tenant": "acme", "entity": "order#9"});
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, order).await;
    environment
        .store_variants([
            "acme/changed/main/default",
            "acme/unchanged/main/default",
            "acme/removed/main/default",
            "acme/removed/main/suffix=v2",
            "globex/unknown/main/default",
            "globex/removed/poster/default",
        ])
        .await;
}

const CHANGED_UNSEEN: [&str; 5] =
    ["acme location#forced", "acme pack#changed", "acme pack#removed", "globex pack#removed", "globex pack#unknown"];

#[tokio::test]
async fn exactly_the_targets_that_may_have_changed_unseen_are_enqueued() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    let recovery = recovery(environment).await;
    let all = Resync { since: times.since, tenant: None, is_dry_run: false };
    let expected = Resynced { items: 7, removed: 2, enqueued: 5, foreign: 1, ..Resynced::default() };
    assert_eq!(resync_with(&recovery, &all).await, expected);
    assert_eq!(environment.queued().await, CHANGED_UNSEEN);
    for row in environment.queue_rows().await {
        let is_removed = row["target"] == "pack#removed";
        let reasons = if is_removed { json!(["pack-removed", "resync"]) } else { json!(["resync"]) };
        assert_eq!(row["reasons"], reasons, "{row}");
        assert_eq!(row["requestedBy"], json!(["resync"]), "{row}");
        // A final purge must begin after this resync, whenever the change was.
        assert!(row["lastEventAt"].as_u64().unwrap() > times.during.as_millis(), "{row}");
    }
}

#[tokio::test]
async fn a_second_run_before_the_purge_leaves_the_queue_alone() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    assert_eq!(resync(environment, times.since).await, [5, 0, 0]);
    let rows = environment.queue_rows().await;
    assert_eq!(resync(environment, times.since).await, [0, 5, 0]);
    assert_eq!(environment.queue_rows().await, rows);
}

/// Purges what is queued, by a purge run, as if it came a settle delay from now. Nothing waits then.
async fn purge(environment: &Environment) {
    let settled = now().plus(SETTLE).plus(Duration::from_secs(1));
    run_at(&environment.purge_run(), "run", settled).await.unwrap();
    assert_eq!(environment.queued().await, NOTHING);
}

#[tokio::test]
async fn a_run_after_the_purge_enqueues_nothing() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    assert_eq!(resync(environment, times.since).await, [5, 0, 0]);
    purge(environment).await;
    // The removed packs have no variants any more: nothing of them is left to find.
    assert_eq!(resync(environment, times.since).await, [0, 0, 3]);
    assert_eq!(environment.queued().await, NOTHING);
}

#[tokio::test]
async fn a_change_after_the_purge_is_enqueued_by_the_next_resync() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    resync(environment, times.since).await;
    purge(environment).await;
    put_pack(environment, "acme", "changed", "v3", Some(now().plus(SETTLE))).await;
    put_pack(environment, "globex", "young", "v1", Some(now())).await;
    environment.store_variants(["acme/removed-since/main/default"]).await;
    assert_eq!(resync(environment, times.since).await, [3, 0, 2]);
    assert_eq!(environment.queued().await, ["acme pack#changed", "acme pack#removed-since", "globex pack#young"]);
}

#[tokio::test]
async fn entries_of_the_stream_queued_or_purged_are_not_enqueued_again() {
    let environment = &Environment::start().await;
    let times = outage();
    put_pack(environment, "acme", "queued", "v2", Some(times.during)).await;
    put_pack(environment, "acme", "purged", "v2", Some(times.during)).await;
    put_pack(environment, "acme", "older", "v2", Some(times.during)).await;
    environment.enqueue("acme", "pack#purged", times.during).await;
    purge(environment).await;
    environment.enqueue("acme", "pack#queued", times.during).await;
    environment.enqueue("acme", "pack#older", times.before).await;
    assert_eq!(resync(environment, times.since).await, [1, 1, 1]);
    let rows = environment.queue_rows().await;
    let reasons: Vec<_> = rows.iter().map(|row| (row["target"].clone(), row["changes"].clone())).collect();
    assert_eq!(reasons, [(json!("pack#older"), json!(2)), (json!("pack#queued"), json!(1))]);
}

#[tokio::test]
async fn a_dry_run_counts_the_targets_to_enqueue_and_writes_nothing() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    let dry = Resync { since: times.since, tenant: None, is_dry_run: true };
    let expected = Resynced { items: 7, removed: 2, enqueued: 5, foreign: 1, ..Resynced::default() };
    assert_eq!(resync_with(&recovery(environment).await, &dry).await, expected);
    assert_eq!(environment.queued().await, NOTHING);
}

#[tokio::test]
async fn another_tenant_is_not_touched() {
    let environment = &Environment::start().await;
    let times = outage();
    something_of_everything(environment, &times).await;
    put_pack(environment, "acme2", "changed", "v2", Some(times.during)).await;
    environment.store_variants(["acme2/removed/main/default"]).await;
    let tenant = Some(TenantId::parse("acme").unwrap());
    let acme = Resync { since: times.since, tenant, is_dry_run: false };
    let expected = Resynced { items: 6, removed: 1, enqueued: 3, foreign: 1, ..Resynced::default() };
    assert_eq!(resync_with(&recovery(environment).await, &acme).await, expected);
    assert_eq!(environment.queued().await, CHANGED_UNSEEN[..3]);
}

#[tokio::test]
async fn a_table_of_several_pages_is_read_to_its_end() {
    let environment = &Environment::start().await;
    let times = outage();
    // A page has at most a megabyte.
    let title = "x".repeat(100_000);
    for pack in 0..25 {
        let item = json!({
            "tenant": "acme", "entity": format!("pack#p{pack:02}"), "title": title, "updatedAt": times.during,
        });
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    }
    for tenant in [None, Some(TenantId::parse("acme").unwrap())] {
        let resync = Resync { since: times.since, tenant, is_dry_run: true };
        assert_eq!(resync_with(&recovery(environment).await, &resync).await.enqueued, 25);
    }
    assert_eq!(resync(environment, times.since).await, [25, 0, 0]);
}

#[tokio::test]
async fn a_table_that_calls_its_attributes_otherwise_is_understood() {
    let environment = &Environment::start().await;
    let times = outage();
    for (pack, at) in [("changed", times.during), ("unchanged", times.before)] {
        let item = json!({
            "tenant": "acme", "entity": format!("pack#{pack}"), "changedOn": at, "updatedAt": "by an old system",
        });
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    }
    let mut installation = installation(environment).await;
    installation.image_pack_attributes =
        AttributeNames { updated_at: "changedOn".to_owned(), ..AttributeNames::default() };
    let recovery = Recovery::new(clients(environment), installation);
    let all = Resync { since: times.since, tenant: None, is_dry_run: false };
    assert_eq!(resync_with(&recovery, &all).await.enqueued, 1);
    assert_eq!(environment.queued().await, ["acme pack#changed"]);
}

#[tokio::test]
async fn an_item_of_another_program_is_counted_and_passed_over() {
    let environment = &Environment::start().await;
    let times = outage();
    for (tenant, entity) in [
        ("acme", "pack#*"),
        ("ACME", "pack#p1"),
        ("acme", "order#9"),
        ("acme", "pack#p1#comment#7"),
        ("acme", "pack#p1"),
    ] {
        let item = json!({"tenant": tenant, "entity": entity, "updatedAt": times.during});
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    }
    let all = Resync { since: times.since, tenant: None, is_dry_run: false };
    let resynced = resync_with(&recovery(environment).await, &all).await;
    assert_eq!((resynced.items, resynced.enqueued, resynced.foreign), (5, 1, 4));
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn a_null_attribute_of_an_item_is_absent() {
    let environment = &Environment::start().await;
    let times = outage();
    for (entity, updated_at) in
        [("pack#unknown", Value::Null), ("pack#unchanged", json!(times.before)), ("location#unforced", Value::Null)]
    {
        let item = json!({
            "tenant": "acme", "entity": entity, "updatedAt": updated_at, "imageLocations": null,
            "mainImageLocation": null, "generation": null,
        });
        environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    }
    assert_eq!(resync(environment, times.since).await, [1, 0, 0]);
    assert_eq!(environment.queued().await, ["acme pack#unknown"]);
}

#[tokio::test]
async fn a_value_that_cannot_be_read_hides_no_other_change() {
    let environment = &Environment::start().await;
    let times = outage();
    put_pack(environment, "acme", "cat", "v2", Some(times.during)).await;
    let binary = || AttributeValue::B(Blob::new("binary"));
    for attribute in ["imageLocations", "updatedAt", "title"] {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = environment.dynamodb().put_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE);
        let put = put.item("tenant", text("acme")).item("entity", text(&format!("pack#{attribute}")));
        put.item(attribute, binary()).send().await.unwrap();
    }
    let row =
        json!({"tenant": "acme", "purge": "pack#cat#0000000000001#r", "target": "pack#cat", "startedAt": "never"});
    environment.put_item(LocalDynamoDb::PURGE_LEDGER_TABLE, row).await;
    environment.store_variants(["acme/imageLocations/main/default"]).await;
    assert_eq!(resync(environment, times.since).await, [4, 0, 0]);
    let expected = ["acme pack#cat", "acme pack#imageLocations", "acme pack#title", "acme pack#updatedAt"];
    assert_eq!(environment.queued().await, expected);
}

#[tokio::test]
async fn an_unreadable_row_is_rewritten() {
    let environment = &Environment::start().await;
    let times = outage();
    put_pack(environment, "acme", "p1", "v2", Some(times.during)).await;
    let row = json!({"tenant": "acme", "target": "pack#p1", "version": "1@d"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, row).await;
    assert_eq!(resync(environment, times.since).await, [1, 0, 0]);
    assert_eq!(resync(environment, times.since).await, [0, 1, 0]);
    let rows: Vec<Value> = environment.queue_rows().await;
    assert_eq!(rows[0]["reasons"], json!(["resync"]));
}
