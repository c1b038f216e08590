//! A queue that takes some writes only, or none.

use std::time::Duration;

use aws_adapters::invalidation_queue::InvalidationQueue;
use dynamodb_imagepacks_stream::Handler;
use purging::stream::Enqueuer;
use serde_json::{Value, json};
use support::{Environment, LocalDynamoDb, NOW, TestClock};

use super::event::{malformed, pack_with_original, record, replaced, sequence};
use super::unreliable_queue::UnreliableQueue;
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
        malformed(4),
        replaced(5, "p5"),
    ];
    let response = deliver(&handler, &records).await;
    assert_eq!(response, failed(&[&sequence(1), &sequence(3), &sequence(5)]));
    // The stream delivers the malformed record again, after the first one.
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_changes_of_a_row_that_rejects_them_become_dead_letters_and_delay_no_other() {
    let environment = Environment::start().await;
    // Nothing can be added to a text, so that DynamoDB rejects the upsert of this row.
    let broken = json!({"tenant": "acme", "target": "pack#p2", "changes": "many"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, broken).await;
    let records = [replaced(1, "p1"), replaced(2, "p2"), replaced(3, "p3"), replaced(4, "p2")];
    let response = deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await;
    assert_eq!(response, nothing_failed());
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2", "acme pack#p3"]);
    let dead_letters = environment.dead_letters().await;
    assert_eq!(dead_letters.iter().map(|letter| &letter["payload"]).collect::<Vec<_>>(), [&records[1], &records[3]]);
    assert!(dead_letters[0]["reason"].as_str().unwrap().contains("pack#p2 of acme"), "{dead_letters:?}");
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

/// Delivers one change of each of `packs` to a queue whose writes take `write_time`, of the four minutes of the
/// invocation, and fail for `failing`. Compares the targets of the writes that are tried, and the numbers of the failed
/// records.
async fn check_stops(
    packs: &[&str],
    write_time: Duration,
    failing: &'static str,
    attempted: &[&str],
    expected: &[u32],
) {
    let environment = Environment::start().await;
    let situation = format!("{packs:?}, {write_time:?} for each, {failing} fails");
    let clock = TestClock::at(NOW);
    let queue = UnreliableQueue::new(&environment, &clock, write_time, failing);
    let Enqueuer { dead_letters, purge_runs, names, with_existing_distribution, .. } = environment.enqueuer();
    let enqueuer = Enqueuer { queue, dead_letters, clock, purge_runs, names, with_existing_distribution };
    let handler = Handler { enqueuer };
    let records: Vec<_> = (1..).zip(packs).map(|(number, pack)| replaced(number, pack)).collect();
    let response = deliver(&handler, &records).await;
    let attempted: Vec<_> = attempted.iter().map(|pack| format!("pack#{pack}")).collect();
    assert_eq!(handler.enqueuer.queue.attempts(), attempted, "{situation}");
    let expected: Vec<_> = expected.iter().copied().map(sequence).collect();
    assert_eq!(response, failed(&expected.iter().map(String::as_str).collect::<Vec<_>>()), "{situation}");
}

#[tokio::test]
async fn the_handler_stops_at_the_first_write_that_fails_and_reports_all_that_are_not_written() {
    let at_once = Duration::ZERO;
    check_stops(&["p1", "p2", "p3"], at_once, "none", &["p1", "p2", "p3"], &[]).await;
    check_stops(&["p1", "p2", "p3"], at_once, "pack#p1", &["p1"], &[1, 2, 3]).await;
    check_stops(&["p1", "p2", "p3"], at_once, "pack#p3", &["p1", "p2", "p3"], &[3]).await;
    // In the order of the records, not of the targets: what is written before need not be delivered again.
    check_stops(&["p3", "p2", "p1"], at_once, "pack#p2", &["p3", "p2"], &[2, 3]).await;
    check_stops(&["p1", "p2", "p1", "p3", "p2"], at_once, "pack#p2", &["p1", "p2"], &[2, 4, 5]).await;
    check_stops(&["p2", "p1", "p2"], at_once, "pack#p1", &["p2", "p1"], &[2]).await;
}

#[tokio::test]
async fn the_handler_stops_before_its_time_limit_and_reports_all_that_are_not_written() {
    let packs = &["p1", "p2", "p3"];
    check_stops(packs, Duration::from_secs(1), "none", packs, &[]).await;
    // The time of one write and of waking a purge run is left.
    check_stops(packs, Duration::from_secs(224), "none", &["p1", "p2"], &[3]).await;
    check_stops(packs, Duration::from_secs(225), "none", &["p1"], &[2, 3]).await;
}

#[tokio::test]
async fn a_dead_letter_that_there_is_no_time_for_is_left_to_the_next_delivery() {
    let environment = Environment::start().await;
    let handler = Handler { enqueuer: environment.enqueuer() };
    handler.enqueuer.clock.set(NOW.plus(Duration::from_mins(4)));
    assert_eq!(deliver(&handler, &[malformed(1)]).await, failed(&[&sequence(1)]));
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new());
    handler.enqueuer.clock.set(NOW);
    assert_eq!(deliver(&handler, &[malformed(1)]).await, nothing_failed());
    assert_eq!(environment.dead_letters().await.len(), 1);
}
