//! Recovery: the stream gives up one edit, an outage hides another, and `imagecache` enqueues both.

use std::time::{Instant, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue as Key;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, ShardIteratorType};
use domain::Timestamp;
use indicatif::ProgressBar;
use recovery::{Clients, Installation, Recovery, Replayed, Resync, Resynced, read_installation};
use serde_json::{Value, json};

use crate::figures;
use local_cloud::cause::Cause;
use local_cloud::checkout::Checkout;
use local_cloud::clients::sdk_config;
use local_cloud::report::millis;
use local_cloud::test_image::{Colour, Encoding};
use local_cloud::timeline::Part;

use super::fixture::{FETCHED, Fixture, LOCATION, PURGED_MANUALLY, SIZE};
use super::observed_edit::{Look, ObservedEdit};
use super::upload::original;
use super::{accounts, purge};
use local_cloud::expectation::expect_eq;

/// The environment that is deployed.
const ENVIRONMENT: &str = "dev";

/// Step: two edits are lost. Without wake-ups, their rows stay in the queue until the schedule's next purge run, and are
/// removed there. One edit is replayed from the stream and one found by a resync; both done twice.
pub(super) async fn lose_and_recover(
    fixture: &Fixture<'_>,
    checkout: &Checkout,
) -> Result<([ObservedEdit; 2], String), Cause> {
    let ministack = &fixture.cloud.parts.ministack;
    let sdk = sdk_config(&ministack.certificate().aws_client()?, &ministack.endpoint());
    let installation = read_installation(&aws_sdk_ssm::Client::new(&sdk), ENVIRONMENT).await?;
    let clients = Clients::new(&sdk);
    let recovery = Recovery::new(clients.clone(), installation.clone());
    let no_progress = ProgressBar::hidden();

    accounts::until_purged(fixture).await?;
    purge::after_a_purge_run(fixture).await?;
    let since = now();
    let given_up = lose(fixture, FETCHED, Colour::Blue, Colour::Red, "given up by the stream, replayed").await?;
    let hidden = lose(fixture, PURGED_MANUALLY, Colour::Amber, Colour::Green, "hidden by an outage, resynced").await?;
    expect_eq("the queue when both edits are lost", &fixture.observer.queue().await?, &vec![])?;

    let dead_letter = on_failure_message(&clients, &installation, &format!("pack#{FETCHED}")).await?;
    let send = clients.sqs.send_message().queue_url(&installation.dead_letter_queue_url);
    send.message_body(dead_letter.to_string()).send().await.map_err(aws_sdk_sqs::Error::from)?;
    let replayed = recovery.replay(&no_progress).await?;
    expect_eq("the first replay", &replayed, &Replayed { replayed: 1, left: Vec::new() })?;
    fixture.queued(&format!("pack#{FETCHED}")).await?;
    let replayed_again = recovery.replay(&no_progress).await?;
    expect_eq("the second replay", &replayed_again, &Replayed::default())?;
    expect_eq("the dead letters", &fixture.observer.dead_letters().await?, &0)?;
    fixture.timeline.add(Part::Stream, "replayed the dead letter: acme/fox");

    let resync = Resync { since, tenant: None, is_dry_run: false };
    let resynced = recovery.resync(&resync, &no_progress).await?;
    expect_eq("the enqueued and the skipped targets of the first resync", &counts(&resynced), &(1, 1))?;
    fixture.queued(&format!("pack#{PURGED_MANUALLY}")).await?;
    let resynced_again = recovery.resync(&resync, &no_progress).await?;
    expect_eq("the enqueued and the skipped targets of the second resync", &counts(&resynced_again), &(0, 2))?;
    fixture.timeline.add(Part::Stream, "resynced the edit that the outage hid: acme/dog");

    let queue = fixture.observer.queue().await?;
    let doubled = replayed_again.replayed + resynced_again.enqueued + (queue.len() as u64).saturating_sub(2);
    let figures = json!({
        "replayed": replayed.replayed, "resynced": resynced.enqueued, "lost": 2_u64.saturating_sub(queue.len() as u64),
        "doubled": doubled,
    });
    figures::write(checkout, "recovery", &figures)?;
    let items = resynced.items;
    Ok(([given_up, hidden], format!("1 batch replayed, 1 of {items} items resynced; nothing again by a second resync")))
}

fn counts(resynced: &Resynced) -> (u64, u64) {
    (resynced.enqueued, resynced.queued + resynced.purged)
}

/// Replaces an image and removes its row from the queue, as if the stream handler had never written it.
async fn lose(
    fixture: &Fixture<'_>,
    pack: &'static str,
    old: Colour,
    new: Colour,
    name: &'static str,
) -> Result<ObservedEdit, Cause> {
    fixture.acme.viewer.fetch(pack, LOCATION).await?;
    let upload = original(new, Encoding::Jpeg)?;
    let made_at = Instant::now();
    fixture.editor.upload_original(pack, LOCATION, upload, Encoding::Jpeg.content_type()).await?.succeeded()?;
    let target = format!("pack#{pack}");
    fixture.queued(&target).await?;
    let delete = fixture.observer.clients.dynamodb.delete_item().table_name(&fixture.observer.queue_table);
    let key = [("tenant", fixture.acme.id.to_string()), ("target", target)];
    let delete = key.into_iter().fold(delete, |delete, (name, value)| delete.key(name, Key::S(value)));
    delete.send().await.map_err(aws_sdk_dynamodb::Error::from)?;
    let look = |colour| Look { colour, size: SIZE };
    let edit = ObservedEdit { name, image: pack, location: Some(LOCATION), old: look(old), new: look(new), made_at };
    let seen = edit.expect_old(&fixture.acme).await?;
    fixture.timeline.add(Part::Editor, format!("replaced the original of acme/{pack}, and the queue lost it: {seen}"));
    Ok(edit)
}

/// The message that Lambda sends when it gives up on the newest record of `entity`.
pub(crate) async fn on_failure_message(
    clients: &Clients,
    installation: &Installation,
    entity: &str,
) -> Result<Value, Cause> {
    let arn = &installation.image_pack_stream_arn;
    let described = clients.streams.describe_stream().stream_arn(arn).send().await;
    let described = described.map_err(aws_sdk_dynamodbstreams::Error::from)?.stream_description;
    let shard = described.and_then(|stream| stream.shards?.pop()?.shard_id).ok_or("the stream has no shard")?;
    let from_the_start = clients.streams.get_shard_iterator().stream_arn(arn).shard_id(&shard);
    let found = from_the_start.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
    let mut iterator = found.map_err(aws_sdk_dynamodbstreams::Error::from)?.shard_iterator;
    let mut newest = None;
    while let Some(at) = iterator {
        let page = clients.streams.get_records().shard_iterator(at).send().await;
        let page = page.map_err(aws_sdk_dynamodbstreams::Error::from)?;
        let records = page.records.unwrap_or_default();
        iterator = page.next_shard_iterator.filter(|_| !records.is_empty());
        newest = records.into_iter().rfind(|record| is_about(record, entity)).or(newest);
    }
    let number = newest.and_then(|record| record.dynamodb?.sequence_number).ok_or("the stream has no such record")?;
    let arrived_at = "2026-11-24T10:00:00Z";
    Ok(json!({
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11},
        "version": "1.0",
        "timestamp": arrived_at,
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "approximateArrivalOfFirstRecord": arrived_at,
            "approximateArrivalOfLastRecord": arrived_at,
            "batchSize": 1,
            "streamArn": arn,
        },
    }))
}

fn is_about(record: &Record, entity: &str) -> bool {
    let keys = record.dynamodb.as_ref().and_then(|change| change.keys.as_ref());
    keys.is_some_and(|keys| keys.values().any(|key| *key == AttributeValue::S(entity.to_owned())))
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(millis(since_1970))
}
