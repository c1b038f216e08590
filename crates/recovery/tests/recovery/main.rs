//! The command `imagecache` over the services of `support`.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod batches;
mod crash;
mod dead_letters;
mod fixture;
mod last_write;
mod resync;
mod trimmed_stream;
mod twice;

use domain::Timestamp;
use indicatif::ProgressBar;
use recovery::{Recovery, Replayed};
use serde_json::{Value, json};
use support::Environment;
use support::LocalDynamoDb;

use crate::fixture::recovery;

/// Replays, and returns how many dead letters were replayed and why the others stay.
async fn replay(recovery: &Recovery) -> (u64, Vec<String>) {
    let Replayed { replayed, left } = recovery.replay(&ProgressBar::hidden()).await.unwrap();
    (replayed, left.into_iter().map(|left| left.why).collect())
}

/// Replays what can be replayed as a whole.
async fn replay_all(environment: &Environment, expected: u64) {
    assert_eq!(replay(&recovery(environment).await).await, (expected, Vec::new()));
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new());
}

/// Writes a pack whose main image is version `version` of its original.
async fn put_pack(environment: &Environment, tenant: &str, pack: &str, version: &str, updated_at: Option<Timestamp>) {
    let mut item = json!({
        "tenant": tenant,
        "entity": format!("pack#{pack}"),
        "imageLocations": {"main": {"original": {"key": "key", "version": version}}},
        "mainImageLocation": "main",
    });
    if let Some(updated_at) = updated_at {
        item["updatedAt"] = json!(updated_at);
    }
    environment.put_item(LocalDynamoDb::IMAGE_PACK_TABLE, item).await;
}

/// A stream record, as Lambda delivers it: pack `pack` of `acme` got another original.
fn replaced(pack: &str) -> Value {
    let image = |version: &str| {
        json!({
            "tenant": {"S": "acme"},
            "entity": {"S": format!("pack#{pack}")},
            "imageLocations": {"M": {"main": {"M": {"original": {"M": {"version": {"S": version}}}}}}},
        })
    };
    json!({
        "eventID": "1",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_764_000_000,
            "Keys": {"tenant": {"S": "acme"}, "entity": {"S": format!("pack#{pack}")}},
            "OldImage": image("v1"),
            "NewImage": image("v2"),
            "SequenceNumber": "4421584500000000017450439001",
            "SizeBytes": 300,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/image-packs/stream/2026-11-22T00:00:00.000",
    })
}

/// The stream handler's dead letter about `record`.
fn dead_letter_about(record: &Value) -> Value {
    json!({"source": "dynamodb-imagepacks-stream", "reason": "it could not be read", "payload": record})
}

/// `record` with a new image that cannot be read.
fn replace_image(mut record: Value) -> Value {
    record["dynamodb"]["NewImage"] = json!({"title": {"Z": "?"}});
    record
}
