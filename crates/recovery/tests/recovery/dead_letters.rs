//! Dead letters that our own functions wrote.

use std::collections::BTreeSet;
use std::slice;

use indicatif::ProgressBar;
use purging::ports::Queue;
use recovery::{Clients, Kind, Recovery};
use serde_json::{Value, json};
use support::LocalDynamoDb;
use support::{Environment, NOW, SETTLE, context, nowhere, run_at};

use super::fixture::{clients, installation, recovery};
use super::{dead_letter_about, put_pack, replace_image, replaced, replay, replay_all};

#[tokio::test]
async fn a_record_that_has_become_readable_is_enqueued() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replaced("p1"))).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.queue_rows().await[0]["reasons"], json!(["image-locations-changed"]));
}

#[tokio::test]
async fn a_record_that_is_not_meaningful_any_more_is_deleted() {
    let environment = &Environment::start().await;
    let mut record = replaced("p1");
    record["dynamodb"]["OldImage"] = record["dynamodb"]["NewImage"].clone();
    environment.send_dead_letter(&dead_letter_about(&record)).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_corrected_item_of_an_unreadable_record_is_enqueued() {
    let environment = &Environment::start().await;
    put_pack(environment, "acme", "p1", "v2", None).await;
    environment.send_dead_letter(&dead_letter_about(&replace_image(replaced("p1")))).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.queue_rows().await[0]["reasons"], json!(["resync"]));
}

#[tokio::test]
async fn a_removed_item_of_an_unreadable_record_is_enqueued() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replace_image(replaced("p1")))).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

/// Replays twice, and both times the dead letter stays and says why.
async fn check_stays(environment: &Environment, dead_letter: &Value, expected: &[&str]) {
    environment.send_dead_letter(dead_letter).await;
    for _ in 0..2 {
        let (replayed, left) = replay(&recovery(environment).await).await;
        let [why] = left.as_slice() else { panic!("{dead_letter}: {left:?}") };
        for expected in expected {
            assert!(why.contains(expected), "{dead_letter}: {why}");
        }
        assert_eq!(replayed, 0);
        assert_eq!(environment.queued().await, Vec::<String>::new(), "{dead_letter}");
    }
    assert_eq!(environment.dead_letters().await, slice::from_ref(dead_letter));
}

#[tokio::test]
async fn a_dead_letter_whose_record_and_item_are_unreadable_stays() {
    let environment = &Environment::start().await;
    let item = json!({"tenant": "acme", "entity": "pack#p1", "imageLocations": "none"});
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
    let expected =
        ["not a DynamoDB stream record", "item pack#p1 of table image-packs cannot be read", "correct the item"];
    check_stays(environment, &dead_letter_about(&replace_image(replaced("p1"))), &expected).await;
}

/// A record without keys.
fn nameless() -> Value {
    let mut record = replaced("p1");
    record["dynamodb"]["Keys"] = json!({});
    record
}

#[tokio::test]
async fn a_record_that_names_no_item_stays() {
    let environment = &Environment::start().await;
    let expected = ["it has no keys", "it names no item of table image-packs", "check the attribute names"];
    check_stays(environment, &dead_letter_about(&nameless()), &expected).await;
}

#[tokio::test]
async fn a_record_of_another_program_is_deleted() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replaced("*"))).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_record_whose_row_rejects_it_stays_until_the_row_is_deleted() {
    let environment = &Environment::start().await;
    let broken = json!({"tenant": "acme", "target": "pack#p1", "changes": "many"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, broken).await;
    let handler = environment.enqueuer();
    handler.enqueue(&json!({"Records": [replaced("p1")]}), &context("delivery-1", NOW)).await;
    let (replayed, left) = replay(&recovery(environment).await).await;
    assert_eq!((replayed, left.len()), (0, 1));
    assert!(left[0].contains("enqueueing pack#p1 of acme in table "), "{left:?}");
    environment.empty_the_queue().await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn a_dead_letter_of_an_unknown_writer_stays() {
    let environment = &Environment::start().await;
    check_stays(environment, &json!({"hello": "world"}), &["the source is unknown"]).await;
}

#[tokio::test]
async fn one_dead_letter_that_stays_delays_no_other() {
    let environment = &Environment::start().await;
    for record in [replaced("p1"), nameless(), replaced("p2")] {
        environment.send_dead_letter(&dead_letter_about(&record)).await;
    }
    let (replayed, left) = replay(&recovery(environment).await).await;
    assert_eq!((replayed, left.len()), (2, 1));
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2"]);
    assert_eq!(environment.dead_letters().await, [dead_letter_about(&nameless())]);
}

#[tokio::test]
async fn an_entry_that_cloudfront_rejected_is_enqueued_again_with_all_that_it_stands_for() {
    let environment = &Environment::start().await;
    let before = environment.enqueue("acme", "pack#p1", NOW).await;
    environment.enqueue("acme", "pack#p2", NOW).await;
    environment.faults.reject_items(&["#acme/p1"]);
    let handler = environment.purge_run();
    run_at(&handler, "run-1", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.queued().await, Vec::<String>::new());

    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    let after = environment.queue().find(&before.tenant, &before.target).await.unwrap().unwrap();
    assert_eq!((&after.cause.reasons, after.cause.changes), (&before.cause.reasons, before.cause.changes));
    assert_eq!(after.cause.first_event_at, before.cause.first_event_at);
    assert_ne!(after.version, before.version);
    assert_ne!(after.last_event_at, before.last_event_at);

    // CloudFront takes it by now.
    environment.faults.reject_items(&[]);
    run_at(&handler, "run-2", after.last_event_at.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.queued().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/p2"], ["#acme/p1"]]);
}

#[tokio::test]
async fn without_a_queue_to_write_to_every_dead_letter_stays() {
    let environment = &Environment::start().await;
    let clients = Clients { dynamodb: aws_sdk_dynamodb::Client::new(&nowhere()), ..clients(environment) };
    let recovery = Recovery::new(clients, installation(environment).await);
    environment.send_dead_letter(&dead_letter_about(&replaced("p1"))).await;
    let (replayed, left) = replay(&recovery).await;
    assert_eq!(replayed, 0);
    assert!(left[0].contains("writing to table invalidation-queue failed"), "{left:?}");
    // What it waits for is there again.
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn dead_letters_are_listed_with_their_kind_and_reason_and_stay() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replaced("p1"))).await;
    environment.send_dead_letter(&json!({"source": "another program"})).await;
    let recovery = recovery(environment).await;
    for _ in 0..2 {
        let mut listed = recovery.list(&ProgressBar::hidden()).await.unwrap();
        listed.sort_by_key(|listed| listed.kind == Kind::Unknown);
        let [record, unknown] = listed.as_slice() else { panic!("{listed:?}") };
        let subject = record.subject.as_ref().map(|(tenant, target)| format!("{tenant} {target}"));
        assert_eq!((record.kind, subject.as_deref()), (Kind::Record, Some("acme pack#p1")));
        assert_eq!((unknown.kind, &unknown.subject), (Kind::Unknown, &None));
        assert!(unknown.reason.contains("the source is unknown"), "{unknown:?}");
    }
    assert_eq!(environment.dead_letters().await.len(), 2);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn only_named_dead_letters_are_discarded_unless_all_are() {
    let environment = &Environment::start().await;
    let recovery = recovery(environment).await;
    for pack in ["p1", "p2", "p3"] {
        environment.send_dead_letter(&dead_letter_about(&replaced(pack))).await;
    }
    let no_progress = ProgressBar::hidden();
    let listed = recovery.list(&no_progress).await.unwrap();
    let ids = BTreeSet::from([listed[1].id.clone(), "another".to_owned()]);
    let discarded = recovery.discard(Some(&ids), &no_progress).await.unwrap();
    assert_eq!(discarded, [listed[1].clone()]);
    let others = recovery.discard(None, &no_progress).await.unwrap();
    assert_eq!(others, [listed[0].clone(), listed[2].clone()]);
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new());
    assert_eq!(environment.queued().await, Vec::<String>::new());
}
