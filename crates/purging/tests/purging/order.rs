//! CloudFront first, the ledger second, S3 third, the queue last.

use aws_adapters::cloudfront::CloudFront;
use aws_adapters::tenant_registry::TenantRegistry;
use purging::purge_run::{PurgeRunError, Summary};
use support::{Environment, nowhere};

use super::{run, run_in, settled};

#[tokio::test]
async fn a_purge_run_invalidates_exactly_the_tags_of_the_entries_and_deletes_their_variants() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p1/main/f2", "acme/p2/poster/f1"]).await;
    environment.store_variants(["globex/p1/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "location#poster", settled()).await;
    environment.enqueue("globex", "tenant", settled()).await;

    let summary = run_in(&environment).await.unwrap();

    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/location/poster", "#acme/p1"]]);
    assert_eq!(environment.invalidated("globex").await, [["#globex"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let expected = Summary {
        entries: 3,
        entries_removed: 3,
        invalidations: 2,
        requests_completed: 2,
        items: 3,
        variants_deleted: 4,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
}

#[tokio::test]
async fn while_the_tenants_are_unknown_nothing_is_touched() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.tenants =
        TenantRegistry::new(aws_sdk_ssm::Client::new(&nowhere()), "/tenants".to_owned());

    let error = run(&handler).await.unwrap_err();
    assert!(matches!(error, PurgeRunError::Call(_)), "{error:?}");
    assert_eq!(environment.variants().await, ["acme/p1/main/f1"]);
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
