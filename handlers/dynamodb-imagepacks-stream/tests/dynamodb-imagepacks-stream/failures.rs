//! A queue that takes no writes.

use aws_adapters::invalidation_queue::InvalidationQueue;
use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::Environment;
use support::LocalDynamoDb;

use super::event::{pack_with_original, record, replaced, sequence};
use super::{deliver, failed, nothing_failed};

#[tokio::test]
async fn without_the_queue_the_meaningful_records_and_no_others_are_delivered_again() {
    let environment = Environment::start().await;
    let mut handler = Handler { enqueuer: environment.enqueuer() };
    handler.enqueuer.queue = InvalidationQueue::new(environment.dynamodb(), "no-such-table".to_owned());
    let records = [
        replaced(1, "p1"),
        record(2, "pack#p2", &Value::Null, &pack_with_original("v1")),
        replaced(3, "p1"),
        record(4, "pack#*", &pack_with_original("v1"), &Value::Null),
        replaced(5, "p5"),
    ];
    let response = deliver(&handler, &records).await;
    assert_eq!(response, failed(&[&sequence(1), &sequence(3), &sequence(5)]));
    assert_eq!(environment.dead_letters().await.len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_written_concerns_the_records_of_its_own_target_only() {
    let environment = Environment::start().await;
    // Nothing can be added to a text, so that DynamoDB rejects the upsert of this row.
    let broken = json!({"tenant": "acme", "target": "pack#p2", "changes": "many"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, broken).await;
    let records = [replaced(1, "p1"), replaced(2, "p2"), replaced(3, "p3"), replaced(4, "p2")];
    let response = deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await;
    assert_eq!(response, failed(&[&sequence(2), &sequence(4)]));
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2", "acme pack#p3"]);
}

#[tokio::test]
async fn records_delivered_again_are_enqueued_as_soon_as_the_queue_is_there() {
    let environment = Environment::start().await;
    let mut handler = Handler { enqueuer: environment.enqueuer() };
    handler.enqueuer.queue = InvalidationQueue::new(environment.dynamodb(), "no-such-table".to_owned());
    let records = [replaced(1, "p1")];
    assert_eq!(deliver(&handler, &records).await, failed(&[&sequence(1)]));
    assert_eq!(deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await, nothing_failed());
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn a_change_to_an_unreadable_row_is_enqueued_and_delays_no_other() {
    let environment = Environment::start().await;
    let broken = json!({"tenant": "acme", "target": "pack#p1", "earlyPurgeCount": "many"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, broken).await;
    assert_eq!(deliver(&Handler { enqueuer: environment.enqueuer() }, &[replaced(1, "p1")]).await, nothing_failed());
    assert_eq!(environment.queue_rows().await[0]["changes"], 1);
}
