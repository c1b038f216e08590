//! Variants first, CloudFront second, the queue last.

use aws_adapters::cloudfront::CloudFront;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::variants_bucket::VariantsBucket;
use purging::purge_run::{PurgeRunError, Summary};
use support::LocalS3;
use support::{Environment, nowhere};

use super::{check_failed, run, run_in, settled};

#[tokio::test]
async fn a_purge_run_deletes_the_variants_and_invalidates_exactly_the_tags_of_the_entries() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default", "acme/p1/main/suffix=v2", "acme/p2/poster/default"]).await;
    environment.store_variants(["globex/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "location#poster", settled()).await;
    environment.enqueue("globex", "tenant", settled()).await;

    let summary = run_in(&environment).await.unwrap();

    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/location/poster"]]);
    assert_eq!(environment.invalidated("globex").await, [["#globex"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let expected = Summary {
        entries: 3,
        entries_removed: 3,
        invalidations: 3,
        requests_completed: 3,
        items: 3,
        variants_deleted: 4,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
}

#[tokio::test]
async fn while_cloudfront_is_down_the_variants_go_and_the_entries_stay_for_the_next_purge_run() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));

    check_failed(run(&handler).await, &["invalidating 1 items of distribution EACME failed"]);
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.ledger().await.len(), 0, "nothing is done that the ledger could say");

    run_in(&environment).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

async fn check_cloudfront_gets_no_request(environment: &Environment, variants: VariantsBucket, expected: &str) {
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.variants = variants;
    check_failed(run(&handler).await, &[expected]);
    assert_eq!(environment.invalidated("acme").await, Vec::<Vec<String>>::new(), "{expected}");
    assert_eq!(environment.queued().await, ["acme pack#p1"], "{expected}");
    assert_eq!(environment.ledger().await.len(), 0, "{expected}");
}

#[tokio::test]
async fn while_the_variants_cannot_be_deleted_cloudfront_gets_no_request() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;

    let unreachable = VariantsBucket::new(aws_sdk_s3::Client::new(&nowhere()), LocalS3::VARIANTS_BUCKET.to_owned());
    check_cloudfront_gets_no_request(&environment, unreachable, "bucket variants failed").await;
    let missing = VariantsBucket::new(environment.s3(), "no-such-bucket".to_owned());
    check_cloudfront_gets_no_request(&environment, missing, "NoSuchBucket").await;

    run_in(&environment).await.unwrap();
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_tenant_whose_distribution_was_deleted_delays_no_other_tenant() {
    let environment = Environment::start().await;
    environment.register_as("acme", r#"{"distributionId": "EGONE", "cacheTags": true}"#).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;

    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.requests_unavailable, summary.requests_in_flight, summary.entries_removed), (1, 1, 1));
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.invalidated("globex").await, [["#globex/p1"]]);
}

#[tokio::test]
async fn a_distribution_that_was_deleted_gets_no_further_requests_while_one_waits_for_it() {
    let environment = Environment::start().await;
    environment.register_as("acme", r#"{"distributionId": "EGONE", "cacheTags": true}"#).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();

    environment.store_variants(["acme/p2/main/default"]).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.requests_unavailable, summary.entries_waiting), (1, 2));
    assert_eq!(environment.requests().await.len(), 1, "the outbox does not grow");
    assert_eq!(environment.variants().await, ["acme/p2/main/default"]);
}

#[tokio::test]
async fn while_the_tenants_are_unknown_nothing_is_touched() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.tenants =
        TenantRegistry::new(aws_sdk_ssm::Client::new(&nowhere()), "/tenants".to_owned());

    let error = run(&handler).await.unwrap_err();
    assert!(matches!(error, PurgeRunError::Call(_)), "{error:?}");
    assert_eq!(environment.variants().await, ["acme/p1/main/default"]);
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn an_empty_queue_reads_no_tenants_and_calls_no_cloudfront() {
    let environment = Environment::start().await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.tenants =
        TenantRegistry::new(aws_sdk_ssm::Client::new(&nowhere()), "/tenants".to_owned());
    handler.purger.executor.ports.cloudfront = CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    assert_eq!(run(&handler).await.unwrap(), Summary::default());
}
