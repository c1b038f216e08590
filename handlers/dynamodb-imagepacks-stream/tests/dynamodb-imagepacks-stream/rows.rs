//! The content of the queue's rows.

use std::time::Duration;

use domain::Timestamp;
use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::{Environment, NOW};

use super::event::{WRITTEN_AT_SECS, pack_with_original, record, record_of, replaced, sequence};
use super::{deliver, deliver_as, nothing_failed};

#[tokio::test]
async fn a_row_has_the_target_times_number_and_reasons_of_its_changes() {
    let environment = Environment::start().await;
    let removed = record(2, "pack#p1", &pack_with_original("v2"), &Value::Null);
    deliver(&Handler { enqueuer: environment.enqueuer() }, &[replaced(1, "p1"), removed]).await;
    assert_eq!(
        environment.queue_rows().await,
        [json!({
            "tenant": "acme",
            "target": "pack#p1",
            "version": format!("{}@delivery-1", sequence(2)),
            "firstEventAt": WRITTEN_AT_SECS * 1000,
            "lastEventAt": NOW.as_millis(),
            "changes": 2,
            "reasons": ["image-locations-changed", "pack-removed"],
            "requestedBy": ["stream"],
        })]
    );
}

#[tokio::test]
async fn a_later_change_keeps_when_the_first_one_was_and_adds_to_the_row() {
    let environment = Environment::start().await;
    let handler = Handler { enqueuer: environment.enqueuer() };
    deliver(&handler, &[replaced(1, "p1")]).await;
    let later = NOW.plus(Duration::from_mins(1));
    let mut removed = record(2, "pack#p1", &pack_with_original("v2"), &Value::Null);
    removed["dynamodb"]["ApproximateCreationDateTime"] = json!(later.as_secs());
    deliver_as(&handler, &[removed], later, "delivery-2").await;

    let rows = environment.queue_rows().await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["firstEventAt"], WRITTEN_AT_SECS * 1000);
    assert_eq!(row["lastEventAt"], later.as_millis());
    assert_eq!(row["changes"], 2);
    assert_eq!(row["reasons"], json!(["image-locations-changed", "pack-removed"]));
}

#[tokio::test]
async fn a_change_that_is_enqueued_late_does_not_make_a_newer_one_look_older() {
    let environment = Environment::start().await;
    let handler = Handler { enqueuer: environment.enqueuer() };
    let later = NOW.plus(Duration::from_mins(1));
    deliver_as(&handler, &[replaced(2, "p1")], later, "delivery-2").await;
    deliver_as(&handler, &[replaced(1, "p1")], NOW, "delivery-1").await;

    let rows = environment.queue_rows().await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["lastEventAt"], later.as_millis());
    assert_eq!(row["version"], format!("{}@delivery-1", sequence(1)));
    assert_eq!(row["changes"], 2);
}

#[tokio::test]
async fn a_batch_delivered_twice_is_one_row_with_another_version() {
    let environment = Environment::start().await;
    let handler = Handler { enqueuer: environment.enqueuer() };
    let mut versions = Vec::new();
    for delivery in ["delivery-1", "delivery-2"] {
        assert_eq!(deliver_as(&handler, &[replaced(1, "p1")], NOW, delivery).await, nothing_failed());
        let rows = environment.queue_rows().await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        versions.push(row["version"].clone());
    }
    assert_ne!(versions[0], versions[1]);
}

#[tokio::test]
async fn the_same_pack_id_of_two_tenants_is_two_rows() {
    let environment = Environment::start().await;
    let of =
        |tenant, number| record_of(tenant, number, "pack#p1", &pack_with_original("v1"), &pack_with_original("v2"));
    deliver(&Handler { enqueuer: environment.enqueuer() }, &[of("acme", 1), of("globex", 2)]).await;
    assert_eq!(environment.queued().await, ["acme pack#p1", "globex pack#p1"]);
}

#[tokio::test]
async fn a_record_without_a_time_counts_from_its_delivery() {
    let environment = Environment::start().await;
    let mut timeless = replaced(1, "p1");
    timeless["dynamodb"].as_object_mut().unwrap().remove("ApproximateCreationDateTime");
    deliver(&Handler { enqueuer: environment.enqueuer() }, &[timeless]).await;
    assert_eq!(environment.queue_rows().await[0]["firstEventAt"], NOW.as_millis());
}

#[tokio::test]
async fn a_write_that_lands_behind_a_later_change_gives_the_row_a_version_and_does_not_make_it_older() {
    let environment = Environment::start().await;
    let earlier = Timestamp::from_millis(NOW.as_millis() - 10_000);
    let late = environment.enqueue("acme", "pack#p1", NOW).await;
    let landed = environment.enqueue("acme", "pack#p1", earlier).await;
    assert_ne!(landed.version, late.version);
    assert_eq!((landed.last_event_at, landed.cause.changes), (NOW, 2));
}
