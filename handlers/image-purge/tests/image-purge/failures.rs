//! A purge that may be carried out and cannot be.

use aws_adapters::cloudfront::CloudFront;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::tenant_registry::TenantRegistry;
use aws_adapters::variants_bucket::VariantsBucket;
use domain::AttributeNames;

use support::{Environment, NOW, SETTLE, nowhere, run_at};

use super::admin_request::delete;
use super::{PurgeHandler, VARIANTS, check_error, check_untouched, environment, purge_handler, send};

/// Purges `p1` of `acme` with a broken handler, and expects that the response says that it is queued.
async fn check_queued(environment: &Environment, handler: &PurgeHandler) {
    let response = send(handler, &delete("acme", "p1", "[acme]")).await;
    check_error(&response, 502, "purge-failed", "It is in the queue");
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

/// Purges `p1` of `acme` with a broken handler, and expects that the response says that nothing was done.
async fn check_not_started(environment: &Environment, handler: &PurgeHandler, situation: &str) {
    let response = send(handler, &delete("acme", "p1", "[acme]")).await;
    check_error(&response, 502, "purge-failed", "Nothing was purged");
    check_untouched(environment, situation).await;
}

#[tokio::test]
async fn while_cloudfront_is_down_the_row_stays_queued_and_the_next_purge_run_completes_the_purge() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.cloudfront =
        CloudFront::new(aws_sdk_cloudfront::Client::new(&nowhere()));
    check_queued(&environment, &handler).await;
    assert_eq!(environment.ledger().await.len(), 0);

    run_at(&environment.purge_run(), "run-1", NOW.plus(SETTLE)).await.unwrap();
    let both = [["#acme/p1"], ["#acme/p1"]];
    assert_eq!(environment.invalidated("acme").await, both, "the one of the outbox, and the final one");
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn while_the_variants_cannot_be_deleted_cloudfront_gets_no_request() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.variants =
        VariantsBucket::new(environment.s3(), "no-such-bucket".to_owned());
    check_queued(&environment, &handler).await;
    assert_eq!(environment.variants().await, VARIANTS);
    assert_eq!(environment.invalidated("acme").await.len(), 0);
}

#[tokio::test]
async fn without_the_ledger_the_purge_is_repeated_by_the_next_purge_run() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.ledger =
        PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    check_queued(&environment, &handler).await;
    run_at(&environment.purge_run(), "run-1", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_failure_before_the_purge_is_enqueued_is_reported_and_nothing_is_written() {
    let environment = environment().await;
    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.queue =
        InvalidationQueue::new(environment.dynamodb(), "no-such-table".to_owned());
    check_not_started(&environment, &handler, "no queue").await;

    let mut handler = purge_handler(&environment);
    handler.manual_purge.packs =
        ImagePackTable::new(environment.dynamodb(), "no-such-table".to_owned(), AttributeNames::default());
    check_not_started(&environment, &handler, "no image-pack table").await;

    let mut handler = purge_handler(&environment);
    handler.manual_purge.purger.executor.ports.tenants =
        TenantRegistry::new(aws_sdk_ssm::Client::new(&nowhere()), "/tenants".to_owned());
    check_not_started(&environment, &handler, "no registry").await;
}
