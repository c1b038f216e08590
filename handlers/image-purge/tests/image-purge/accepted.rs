//! A purge that is carried out.

use purging::ports::Leases;
use serde_json::{Value, json};
use support::LocalDynamoDb;
use support::{Environment, NOW, SETTLE, run_at};

use super::admin_request::delete;
use super::{environment, purge_handler, send};

/// The rows of the image-pack table cannot be read in full, but their keys can.
const UNREADABLE_PACK: &str = "p9";

#[tokio::test]
async fn a_purge_is_accepted_before_the_response_which_names_its_invalidation() {
    let environment = environment().await;
    let response = send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;

    assert_eq!(environment.variants().await, ["acme/p10/main/default", "globex/p1/main/default"]);
    let invalidations = environment.invalidations("acme").await;
    let [invalidation] = invalidations.as_slice() else { panic!("{invalidations:?}") };
    assert_eq!(invalidation.items, ["#acme/p1"]);
    assert_eq!(environment.invalidations("globex").await, []);

    assert_eq!(response.status, 202);
    let mut body = response.body;
    assert!(body.as_object_mut().unwrap().remove("finalPurge").unwrap().is_string());
    assert_eq!(
        body,
        json!({
            "tenant": "acme",
            "imagePackId": "p1",
            "joined": false,
            "variantsDeleted": 3,
            "invalidation": {
                "id": invalidation.id,
                "status": "InProgress",
                "distributionId": "EACME",
                "items": ["#acme/p1"],
            },
        })
    );
}

#[tokio::test]
async fn a_purge_reads_the_registration_of_its_tenant_once() {
    let environment = environment().await;
    // Calls are counted from now on.
    environment.ssm_faults.watch_transactions(true);
    let before = environment.ssm_faults.counts().calls;
    assert_eq!(send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await.status, 202);
    assert_eq!(environment.ssm_faults.counts().calls - before, 1);
}

#[tokio::test]
async fn the_ledger_says_which_admin_purged() {
    let environment = environment().await;
    send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;
    let ledger = environment.ledger().await;
    let [row] = ledger.as_slice() else { panic!("{ledger:?}") };
    assert_eq!(row["requestedBy"], json!(["admin:ada"]));
    assert_eq!(row["reasons"], json!(["manual"]));
    assert_eq!((&row["target"], &row["variantsDeleted"]), (&Value::from("pack#p1"), &Value::from(3)));
    assert_eq!(row["startedAt"], NOW.as_millis());
    assert_eq!(row["invalidationId"], environment.invalidations("acme").await[0].id.as_str());
}

#[tokio::test]
async fn the_row_stays_queued_and_the_purge_run_after_the_settle_delay_purges_once_more() {
    let environment = environment().await;
    send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;
    let rows = environment.queue_rows().await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((&row["tenant"], &row["target"]), (&Value::from("acme"), &Value::from("pack#p1")));
    assert_eq!((&row["earlyPurgeVersion"], &row["lastEventAt"]), (&row["version"], &Value::from(NOW.as_millis())));

    // What an invocation of image-processing stores that read the old original before the purge.
    environment.store_variants(["acme/p1/main/default"]).await;
    let summary = run_at(&environment.purge_run(), "run-1", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((summary.entries_removed, summary.variants_deleted), (1, 1));
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p1"]]);
}

#[tokio::test]
async fn a_token_for_several_tenants_covers_each_of_them() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    for tenant in ["acme", "globex"] {
        assert_eq!(send(&handler, &delete(tenant, "p1", "[acme globex]")).await.status, 202, "{tenant}");
    }
}

#[tokio::test]
async fn a_removed_pack_that_left_variants_behind_is_purged() {
    let environment = environment().await;
    let response = send(&purge_handler(&environment), &delete("acme", "p10", "[acme]")).await;
    assert_eq!((response.status, &response.body["variantsDeleted"]), (202, &json!(1)));
    assert!(!environment.variants().await.contains(&"acme/p10/main/default".to_owned()));
}

#[tokio::test]
async fn a_pack_named_with_the_suffix_of_an_images_url_is_purged_with_all_its_suffixes() {
    let environment = environment().await;
    for (named, is_joined) in [("p1-v2", false), ("p1-", true)] {
        let response = send(&purge_handler(&environment), &delete("acme", named, "[acme]")).await;
        let done = (response.status, &response.body["imagePackId"], &response.body["variantsDeleted"]);
        assert_eq!(done, (202, &json!("p1"), &json!(3)), "{named}");
        assert_eq!(response.body["joined"], is_joined, "{named}");
    }
    assert_eq!(environment.variants().await, ["acme/p10/main/default", "globex/p1/main/default"]);
}

#[tokio::test]
async fn a_dash_belongs_to_the_pack_id_where_such_a_pack_exists() {
    let environment = environment().await;
    environment.store_variants(["acme/p1-v2/main/default"]).await;
    let response = send(&purge_handler(&environment), &delete("acme", "p1-v2", "[acme]")).await;
    assert_eq!((response.status, &response.body["imagePackId"]), (202, &json!("p1-v2")));
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1-v2"]]);
}

#[tokio::test]
async fn a_pack_without_variants_is_purged_from_cloudfront() {
    let environment = Environment::start().await;
    let pack = json!({"tenant": "acme", "entity": "pack#p1"});
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
    let response = send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;
    assert_eq!((response.status, &response.body["variantsDeleted"]), (202, &json!(0)));
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

#[tokio::test]
async fn a_pack_whose_record_is_broken_can_be_purged_all_the_same() {
    let environment = Environment::start().await;
    let pack = json!({"tenant": "acme", "entity": format!("pack#{UNREADABLE_PACK}"), "imageLocations": "none"});
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, pack).await;
    let response = send(&purge_handler(&environment), &delete("acme", UNREADABLE_PACK, "[acme]")).await;
    assert_eq!(response.status, 202, "{}", response.text);
}

#[tokio::test]
async fn a_purge_run_that_is_under_way_does_not_hold_up_an_admin() {
    let environment = environment().await;
    environment.queue().take("run-1", NOW, support::LEASE).await.unwrap().unwrap();
    assert_eq!(send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await.status, 202);
}
