//! An S3 that deletes the variants of some entries and not of others.

use aws_adapters::variants_bucket::VariantsBucket;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use support::LocalS3;
use support::{Environment, NOW, PurgeRun, run_at};

use super::{check_failed, settled};

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

/// Two entries of `acme`, and a handler that cannot delete the variants of the second.
async fn prepare(environment: &Environment) -> PurgeRun {
    environment.store_variants(["acme/p1/main/default", "acme/p2/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let mut handler = environment.purge_run();
    let config = environment.s3().config().to_builder().interceptor(NoListingOfP2).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    handler.purger.executor.ports.variants = VariantsBucket::new(client, LocalS3::VARIANTS_BUCKET.to_owned());
    handler
}

/// Runs `handler`, and then a handler whose S3 works.
async fn check_only_the_deleted_is_invalidated(environment: &Environment, handler: &PurgeRun) {
    check_failed(run_at(handler, "run-1", NOW).await, &["listing acme/p2/", "slow down"]);
    assert_eq!(environment.variants().await, ["acme/p2/main/default"]);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, ["acme pack#p2"]);

    run_at(&environment.purge_run(), "run-2", NOW).await.unwrap();
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p2"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_entry_whose_variants_stay_is_not_invalidated_and_the_others_of_its_request_are() {
    let environment = Environment::start().await;
    let handler = prepare(&environment).await;
    check_only_the_deleted_is_invalidated(&environment, &handler).await;
}

#[tokio::test]
async fn a_request_for_the_whole_tenant_shrinks_to_the_entries_whose_variants_are_deleted() {
    let environment = Environment::start().await;
    let mut handler = prepare(&environment).await;
    handler.purger.budgets.items_per_purge_run = 1;
    check_only_the_deleted_is_invalidated(&environment, &handler).await;
}
