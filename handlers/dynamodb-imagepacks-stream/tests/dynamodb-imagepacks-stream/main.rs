//! `dynamodb-imagepacks-stream`: from the image-pack table's stream to the invalidation queue.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod dead_letters;
mod dynamodb_stream;
mod event;
mod failures;
mod foreign;
mod meaningful;
mod rows;
mod unreliable_queue;
mod waking;

use aws_adapters::dead_letter_queue::DeadLetterQueue;
use domain::Timestamp;
use dynamodb_imagepacks_stream::Handler;
use purging::ports::{PurgeRuns, Queue, Wakeups};
use serde_json::{Value, json};
use support::{Environment, Invocations, NOW, TestClock, context};

/// The handler over the real SDK and a test's clock.
type StreamHandler<Q, R = Invocations> = Handler<Q, DeadLetterQueue, TestClock, R>;

/// Delivers `records` as one event. Returns what Lambda's poller reads: the records that are to be delivered again.
async fn deliver<Q: Queue + Wakeups, R: PurgeRuns>(handler: &StreamHandler<Q, R>, records: &[Value]) -> Value {
    deliver_as(handler, records, NOW, "delivery-1").await
}

async fn deliver_as<Q: Queue + Wakeups, R: PurgeRuns>(
    handler: &StreamHandler<Q, R>,
    records: &[Value],
    now: Timestamp,
    request_id: &str,
) -> Value {
    let response = handler.handle(&json!({"Records": records}), &context(request_id, now)).await;
    serde_json::to_value(response).unwrap()
}

/// The response that lets the poller go on.
fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

/// The response that lets the poller deliver these records again.
fn failed(sequences: &[&str]) -> Value {
    let failures: Vec<_> = sequences.iter().map(|sequence| json!({"itemIdentifier": sequence})).collect();
    json!({"batchItemFailures": failures})
}

/// Delivers `record`, compares what waits in the queue then, and empties it for the next case.
async fn check_queued(environment: &Environment, situation: &str, record: Value, expected: &[&str]) {
    let response = deliver(&Handler { enqueuer: environment.enqueuer() }, &[record]).await;
    assert_eq!(response, nothing_failed(), "{situation}");
    assert_eq!(environment.queued().await, expected, "{situation}");
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new(), "{situation}");
    environment.empty_the_queue().await;
}
