//! The deletion of old variants after the final purge, which no purge waits for.

use std::time::Duration;

use aws_adapters::variants_bucket::VariantsBucket;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use domain::Timestamp;
use domain::purge::deletion::{Deletion, DeletionPurpose};
use purging::ports::Queue;
use purging::purge_run::Trigger;
use purging::variant_deletion::delete_variants;
use serde_json::Value;
use support::{Environment, LocalS3, NOW, run_at, run_for};

use super::{check_failed, run, run_in, settled};

/// A change from before the variants of a test are stored: its final purge keeps them.
const LONG_AGO: Timestamp = Timestamp::from_millis(1_000_000_000_000);

#[tokio::test]
async fn variants_from_before_the_change_are_deleted_and_newer_ones_stay() {
    for (changed_at, left) in [(settled(), vec![]), (LONG_AGO, vec!["acme/p1/main/f1"])] {
        let environment = Environment::start().await;
        environment.store_variants(["acme/p1/main/f1"]).await;
        environment.enqueue("acme", "pack#p1", changed_at).await;
        let summary = run_in(&environment).await.unwrap();
        assert_eq!(environment.variants().await, left, "{changed_at:?}");
        assert_eq!((summary.entries_removed, summary.variants_deleted), (1, 1 - left.len() as u64));
        let row = &environment.ledger().await[0];
        assert_eq!(row["variantsDeleted"], 1 - left.len());
        assert!(row["variantsDeletedAt"].as_u64() >= row["completedAt"].as_u64(), "{row}");
    }
}

#[tokio::test]
async fn nothing_is_deleted_before_cloudfront_has_completed_the_purge() {
    let propagation = Duration::from_mins(1);
    let environment = Environment::with_propagation_delay(propagation).await;
    environment.store_variants(["acme/p1/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    run_for(&handler, Trigger::Schedule, "run-1", NOW, propagation / 2).await.unwrap();
    assert_eq!(environment.variants().await, ["acme/p1/main/f1"]);

    run_at(&handler, "run-2", NOW.plus(propagation / 2)).await.unwrap();
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
}

/// Four variants of a location, in the order of their keys, and one of another.
const VARIANTS: [&str; 5] =
    ["acme/p1/main/f1", "acme/p1/main/f2", "acme/p1/poster/f1", "acme/p2/main/f1", "acme/p3/main/f1"];

#[tokio::test]
async fn a_deletion_without_time_makes_at_least_one_page_and_the_next_one_goes_on_at_the_cursor() {
    let environment = Environment::start().await;
    environment.store_variants(VARIANTS).await;
    let mut ports = environment.purger().executor.ports;
    ports.variants.keys_per_page = 2;
    let mut entry = environment.enqueue("acme", "location#main", settled()).await;
    let mut left = vec![VARIANTS.len()];
    let mut cursors = vec![];
    let mut is_finished = false;
    while !is_finished {
        let deletion = Deletion {
            entry: entry.clone(),
            began_at: NOW,
            purpose: DeletionPurpose::Expired,
            stored_before: Some(NOW),
        };
        is_finished = delete_variants(&ports, &deletion, NOW).await.unwrap().is_finished;
        entry = environment.queue().entries_of(&entry.tenant).await.unwrap().rows.remove(0);
        left.push(environment.variants().await.len());
        if !is_finished {
            let cursor = entry.deletion_cursor.clone().expect("the place to go on from");
            assert_eq!(cursor.started_at, NOW);
            cursors.push((cursor.after_key, cursor.variants_deleted));
        }
    }
    assert_eq!(cursors.first(), Some(&("acme/p1/main/f2".to_owned(), 2)), "a page has two keys");
    assert!(cursors.is_sorted_by(|(before, _), (after, _)| before < after), "{cursors:?}");
    // The pages behind the first one may be deleted, too: they are deleted concurrently.
    assert!((2..=4).contains(&left.len()) && left.is_sorted_by(|before, after| before >= after), "{left:?}");
    assert_eq!(environment.variants().await, ["acme/p1/poster/f1"]);
}

/// Purges the location of [`VARIANTS`], whose deletion fails.
async fn purge_without_s3(environment: &Environment) {
    environment.store_variants(VARIANTS).await;
    environment.enqueue("acme", "location#main", settled()).await;
    let mut without_s3 = environment.purge_run();
    without_s3.purger.executor.ports.variants = VariantsBucket::new(environment.s3(), "no-such-bucket".to_owned());
    check_failed(run(&without_s3).await, &["NoSuchBucket"]);
}

#[tokio::test]
async fn a_purge_run_goes_on_with_the_deletion_of_one_that_ended_and_purges_nothing_again() {
    let environment = Environment::start().await;
    purge_without_s3(&environment).await;
    let row = environment.queue_rows().await.remove(0);
    assert_eq!(row["finalPurge"]["version"], row["version"]);
    assert_eq!(environment.invalidated("acme").await, [["#acme/location/main"]]);

    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.variants_deleted, summary.invalidations, summary.entries_removed), (4, 0, 1));
    assert_eq!(environment.variants().await, ["acme/p1/poster/f1"]);
    let ledger = environment.ledger().await;
    assert_eq!((ledger.len(), &ledger[0]["variantsDeleted"]), (1, &Value::from(4)));
}

#[tokio::test]
async fn a_change_before_the_deletion_is_purged_first() {
    let environment = Environment::start().await;
    purge_without_s3(&environment).await;

    environment.enqueue("acme", "location#main", settled()).await;
    run_in(&environment).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/location/main"], ["#acme/location/main"]]);
    assert_eq!(environment.variants().await, ["acme/p1/poster/f1"]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_variant_that_cannot_be_deleted_keeps_its_row_and_delays_no_other() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p1/main/f=undeletable", "acme/p2/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    for _ in 0..2 {
        check_failed(
            run_in(&environment).await,
            &["1 variants were not deleted, the first acme/p1/main/f=undeletable"],
        );
        assert_eq!(environment.variants().await, ["acme/p1/main/f=undeletable"]);
        assert_eq!(environment.queued().await, ["acme pack#p1"]);
        assert_eq!(environment.invalidated("acme").await, [["#acme/p1", "#acme/p2"]], "viewers wait for nothing");
    }
}

/// Lets the real client fail on its way to S3 when it lists the variants of pack `p2`.
#[derive(Debug)]
struct NoListingOfP2;

impl Intercept for NoListingOfP2 {
    fn name(&self) -> &'static str {
        "NoListingOfP2"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.request().uri().contains("prefix=acme%2Fp2%2F") { Err("slow down".into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_listing_that_fails_concerns_its_own_row() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p2/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let mut handler = environment.purge_run();
    let config = environment.s3().config().to_builder().interceptor(NoListingOfP2).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    handler.purger.executor.ports.variants = VariantsBucket::new(client, LocalS3::VARIANTS_BUCKET.to_owned());
    check_failed(run(&handler).await, &["listing acme/p2/", "slow down"]);
    assert_eq!(environment.queued().await, ["acme pack#p2"]);
    assert_eq!(environment.variants().await, ["acme/p2/main/f1"]);
}

#[tokio::test]
async fn in_a_bucket_with_versions_no_viewer_is_served_an_older_one_and_the_next_deletion_finds_nothing() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    // The bucket of originals has versions.
    let bucket = LocalS3::ORIGINALS_BUCKET;
    let key = "acme/p1/main/f1";
    for image in ["older", "newer"] {
        let put = environment.s3().put_object().bucket(bucket).key(key).body(image.as_bytes().to_vec().into());
        put.send().await.unwrap();
    }
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.variants = VariantsBucket::new(environment.s3(), bucket.to_owned());
    assert_eq!(run(&handler).await.unwrap().variants_deleted, 1);
    let served = handler.purger.executor.ports.variants.read(key).await.unwrap();
    assert_eq!(served, None);

    environment.enqueue("acme", "pack#p1", settled()).await;
    assert_eq!(run(&handler).await.unwrap().variants_deleted, 0);
}
