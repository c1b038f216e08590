//! Batches of the stream that Lambda gave up delivering.

use std::slice;

use recovery::{Clients, Recovery};
use serde_json::{Value, json};
use support::{Environment, LocalDynamoDb};

use super::fixture::{Stream, clients, installation, recovery, stream};
use super::trimmed_stream::TrimmedStream;
use super::{put_pack, replay, replay_all};

/// The time of the first record of a batch.
const FIRST_RECORD_AT: &str = "2026-11-24T09:58:00Z";

/// The dead letter of Lambda about the records of `stream` from the `first` to the `last`.
fn dead_letter_about(stream: &Stream, first: usize, last: usize) -> Value {
    let number = |index: usize| stream.records[index].dynamodb.as_ref().unwrap().sequence_number.clone();
    json!({
        "requestContext": {
            "requestId": "316aa6d0-8154-4b1f-8e9b-ae4bc5d8e1f2",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:stream",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 11,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-24T10:00:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": stream.shard_id,
            "startSequenceNumber": number(first),
            "endSequenceNumber": number(last),
            "approximateArrivalOfFirstRecord": FIRST_RECORD_AT,
            "approximateArrivalOfLastRecord": "2026-11-24T09:59:00Z",
            "batchSize": last - first + 1,
            "streamArn": stream.arn,
        },
    })
}

/// Packs `p0` to `p<packs - 1>` of `acme`, and an edit of each: twice as many records.
async fn edited_packs(environment: &Environment, packs: usize) -> Stream {
    for version in ["v1", "v2"] {
        for pack in 0..packs {
            put_pack(environment, "acme", &format!("p{pack}"), version, None).await;
        }
    }
    stream(environment).await
}

#[tokio::test]
async fn exactly_its_records_are_read_again_and_handled() {
    let environment = &Environment::start().await;
    let stream = edited_packs(environment, 5).await;
    environment.send_dead_letter(&dead_letter_about(&stream, 6, 8)).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2", "acme pack#p3"]);
    for (row, record) in environment.queue_rows().await.iter().zip(&stream.records[6..=8]) {
        let number = record.dynamodb.as_ref().unwrap().sequence_number.as_ref().unwrap();
        assert!(row["version"].as_str().unwrap().starts_with(&format!("{number}@imagecache-")), "{row}");
        assert_eq!(row["reasons"], json!(["image-locations-changed"]));
    }
}

#[tokio::test]
async fn a_batch_of_one_record_is_read_again() {
    let environment = &Environment::start().await;
    let stream = edited_packs(environment, 2).await;
    environment.send_dead_letter(&dead_letter_about(&stream, 3, 3)).await;
    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn a_batch_of_several_pages_is_read_to_its_end() {
    let environment = &Environment::start().await;
    let stream = edited_packs(environment, 130).await;
    environment.send_dead_letter(&dead_letter_about(&stream, 0, 258)).await;
    replay_all(environment, 1).await;
    let queued = environment.queued().await;
    assert_eq!(queued.len(), 129);
    assert!(!queued.contains(&"acme pack#p129".to_owned()));
}

#[tokio::test]
async fn a_record_of_it_whose_row_rejects_it_becomes_a_dead_letter_of_its_own() {
    let environment = &Environment::start().await;
    let broken = json!({"tenant": "acme", "target": "pack#p2", "changes": "many"});
    environment.put_item(LocalDynamoDb::INVALIDATION_QUEUE_TABLE, broken).await;
    for version in ["v1", "v2"] {
        put_pack(environment, "acme", "p2", version, None).await;
        put_pack(environment, "acme", "p1", version, None).await;
    }
    let stream = stream(environment).await;
    environment.send_dead_letter(&dead_letter_about(&stream, 0, 3)).await;
    // The new dead letter is found in the same replay, and stays.
    let (replayed, left) = replay(&recovery(environment).await).await;
    assert_eq!(replayed, 1);
    assert!(left[0].contains("enqueueing pack#p2 of acme in table "), "{left:?}");
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2"]);
    let [dead_letter] = environment.dead_letters().await.try_into().unwrap();
    assert_eq!(dead_letter["payload"]["dynamodb"]["Keys"]["entity"], json!({"S": "pack#p2"}));
}

/// Replays `dead_letter`, which stays and says from when on a resync must look.
async fn check_lost(environment: &Environment, recovery: &Recovery, dead_letter: &Value, expected: &str) {
    environment.send_dead_letter(dead_letter).await;
    let replayed = recovery.replay(&indicatif::ProgressBar::hidden()).await.unwrap();
    assert_eq!((replayed.replayed, replayed.left.len()), (0, 1), "{replayed:?}");
    assert!(replayed.left[0].why.contains(expected), "{replayed:?}");
    assert!(replayed.left[0].why.contains("run a resync, then delete this dead letter"), "{replayed:?}");
    assert_eq!(replayed.left[0].resync_since.as_deref(), Some(FIRST_RECORD_AT));
    assert_eq!(environment.dead_letters().await, slice::from_ref(dead_letter));
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_batch_that_the_stream_has_forgotten_stays_and_says_which_resync_to_run() {
    let environment = &Environment::start().await;
    let trimmed = TrimmedStream::start().await;
    let mut installation = installation(environment).await;
    installation.image_pack_stream_arn = TrimmedStream::ARN.to_owned();
    let recovery = Recovery::new(Clients { streams: trimmed.client(), ..clients(environment) }, installation);
    let written = edited_packs(environment, 1).await;
    let mut dead_letter = dead_letter_about(&written, 0, 1);
    dead_letter["DDBStreamBatchInfo"]["streamArn"] = json!(TrimmedStream::ARN);
    dead_letter["DDBStreamBatchInfo"]["shardId"] = json!(TrimmedStream::SHARD_ID);
    check_lost(environment, &recovery, &dead_letter, "24 hours").await;
    dead_letter["DDBStreamBatchInfo"]["shardId"] = json!("shardId-00000000000000000000-gone");
    check_lost(environment, &recovery, &dead_letter, "24 hours").await;
}

#[tokio::test]
async fn a_batch_whose_records_are_there_in_part_only_counts_as_forgotten() {
    let environment = &Environment::start().await;
    let mut stream = edited_packs(environment, 2).await;
    let recovery = &recovery(environment).await;
    let whole = stream.records.clone();
    for (changed, by, expected) in [(0, -1, "the first record is missing"), (1, 1, "the last record is missing")] {
        stream.records.clone_from(&whole);
        let number = &mut stream.records[changed].dynamodb.as_mut().unwrap().sequence_number;
        let another = number.as_ref().unwrap().parse::<i128>().unwrap() + by;
        *number = Some(another.to_string());
        check_lost(environment, recovery, &dead_letter_about(&stream, 0, 1), expected).await;
        environment.empty_the_queue().await;
    }
}

#[tokio::test]
async fn a_batch_of_another_stream_stays() {
    let environment = &Environment::start().await;
    let mut stream = edited_packs(environment, 2).await;
    stream.arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/other/stream/2026-01-01T00:00:00.000".to_owned();
    let expected = "the batch is of stream arn:aws:dynamodb:eu-west-1:123456789012:table/other/stream/";
    check_lost(environment, &recovery(environment).await, &dead_letter_about(&stream, 0, 1), expected).await;
}
