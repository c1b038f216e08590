//! Records that cannot be read.

use aws_adapters::dead_letter_queue::DeadLetterQueue;
use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::{Environment, NOW, context, nowhere};

use super::event::{malformed, replaced, sequence};
use super::{deliver, failed, nothing_failed};

/// Delivers `malformed` between two good records, and compares the reason of its dead letter.
async fn check_dead_letter(environment: &Environment, malformed: Value, expected_reason: &str) {
    let records = [replaced(1, "p1"), malformed.clone(), replaced(3, "p3")];
    assert_eq!(deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await, nothing_failed(), "{malformed}");
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p3"], "{malformed}");

    let dead_letters = environment.dead_letters().await;
    let [dead_letter] = dead_letters.as_slice() else { panic!("{malformed}: {dead_letters:?}") };
    assert_eq!(dead_letter["source"], "dynamodb-imagepacks-stream");
    assert_eq!(dead_letter["payload"], malformed);
    let reason = dead_letter["reason"].as_str().unwrap();
    assert!(reason.contains(expected_reason), "{malformed}: {reason}");
    environment.empty_the_queue().await;
}

/// A good record with one field of its change set.
fn with(field: &str, value: Value) -> Value {
    let mut record = replaced(2, "p2");
    record["dynamodb"][field] = value;
    record
}

#[tokio::test]
async fn a_malformed_record_becomes_a_dead_letter_and_the_good_ones_around_it_are_enqueued() {
    let environment = &Environment::start().await;
    check_dead_letter(environment, with("Keys", json!({"tenant": {"S": "acme"}})), "\"entity\" is missing").await;
    check_dead_letter(environment, with("Keys", json!({"entity": {"S": "pack#p2"}})), "\"tenant\" is missing").await;
    check_dead_letter(environment, with("Keys", Value::Null), "it has no keys").await;
    check_dead_letter(environment, with("NewImage", json!({"title": {"Z": "?"}})), "not a DynamoDB stream record")
        .await;
    check_dead_letter(environment, malformed(2), "NEW_AND_OLD_IMAGES").await;
}

#[tokio::test]
async fn a_record_without_a_sequence_number_becomes_a_dead_letter() {
    let environment = &Environment::start().await;
    check_dead_letter(environment, with("SequenceNumber", Value::Null), "sequence number").await;
}

#[tokio::test]
async fn a_value_that_is_not_a_stream_record_becomes_a_dead_letter() {
    let environment = &Environment::start().await;
    for malformed in [json!("pack#p2"), json!(7), Value::Null, json!([]), json!({}), json!({"body": "from SQS"})] {
        check_dead_letter(environment, malformed, "not a DynamoDB stream record").await;
    }
}

#[tokio::test]
async fn an_event_without_records_becomes_a_dead_letter_as_a_whole() {
    let environment = Environment::start().await;
    let event = json!({"detail-type": "Scheduled Event"});
    Handler { enqueuer: environment.enqueuer() }.handle(&event, &context("delivery-1", NOW)).await;
    let dead_letters = environment.dead_letters().await;
    let [dead_letter] = dead_letters.as_slice() else { panic!("{dead_letters:?}") };
    assert_eq!(dead_letter["payload"], event);
}

async fn deliver_without_dead_letter_queue(environment: &Environment, malformed: Value) -> Value {
    let mut handler = Handler { enqueuer: environment.enqueuer() };
    let unreachable = aws_sdk_sqs::Client::new(&nowhere());
    handler.enqueuer.dead_letters = DeadLetterQueue::new(unreachable, "http://127.0.0.1:1/dead-letters".to_owned());
    deliver(&handler, &[replaced(1, "p1"), malformed, replaced(3, "p3")]).await
}

#[tokio::test]
async fn without_a_dead_letter_queue_exactly_the_malformed_record_is_delivered_again() {
    let environment = Environment::start().await;
    let response = deliver_without_dead_letter_queue(&environment, malformed(2)).await;
    assert_eq!(response, failed(&[&sequence(2)]));
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p3"]);
}

#[tokio::test]
async fn without_a_dead_letter_queue_a_record_that_cannot_be_named_fails_the_batch() {
    let environment = Environment::start().await;
    let response = deliver_without_dead_letter_queue(&environment, json!("pack#p2")).await;
    // An empty identifier makes the poller repeat the whole batch.
    assert_eq!(response, failed(&[""]));
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p3"]);
}
