//! More variants than one purge run can delete.

use std::time::Duration;

use aws_adapters::variants_bucket::VariantsBucket;
use domain::Timestamp;
use purging::purge_run::Summary;
use support::LocalS3;
use support::{Environment, NOW, PurgeRun, SETTLE, run_at};

use super::{before, check_failed, settled};

/// The number of keys in a page of these tests.
const KEYS_PER_PAGE: i32 = 2;

/// Six variants of two locations, in the order of their keys.
const VARIANTS: [&str; 6] = [
    "acme/p1/main/default",
    "acme/p1/main/suffix=v2",
    "acme/p1/poster/default",
    "acme/p2/main/default",
    "acme/p3/main/default",
    "acme/p3/poster/default",
];
const POSTERS: [&str; 2] = ["acme/p1/poster/default", "acme/p3/poster/default"];

/// A purge run that has no time for more than the one page that a location always gets.
fn short_of_time(environment: &Environment) -> PurgeRun {
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.variants.keys_per_page = KEYS_PER_PAGE;
    handler.purger.variant_deletion_max = Duration::ZERO;
    handler
}

async fn environment(changed_at: Timestamp) -> Environment {
    let environment = Environment::start().await;
    environment.store_variants(VARIANTS).await;
    environment.enqueue("acme", "location#main", changed_at).await;
    environment
}

/// Expects an unfinished purge run: no entry was removed and no invalidation was created.
async fn check_unfinished(environment: &Environment, handler: &PurgeRun, now: Timestamp, left: &[&str]) {
    let summary = run_at(handler, "run", now).await.unwrap();
    assert_eq!((summary.deletions_unfinished, summary.entries_left, summary.entries_removed), (1, 1, 0));
    assert_eq!(environment.variants().await, left);
    assert_eq!(environment.queued().await, ["acme location#main"]);
}

#[tokio::test]
async fn purge_runs_that_are_short_of_time_go_on_where_the_last_one_stopped_and_invalidate_at_the_end() {
    let environment = environment(settled()).await;
    let handler = short_of_time(&environment);

    check_unfinished(&environment, &handler, NOW, &VARIANTS[2..]).await;
    let rows = environment.queue_rows().await;
    assert_eq!(rows[0]["deletionCursor"]["afterKey"], "acme/p1/main/suffix=v2");
    assert_eq!(environment.invalidated("acme").await.len(), 0, "an edge would refill from what is not deleted yet");
    let left = ["acme/p1/poster/default", "acme/p3/main/default", "acme/p3/poster/default"];
    check_unfinished(&environment, &handler, NOW.plus(SETTLE), &left).await;
    assert_eq!(environment.invalidated("acme").await.len(), 0);

    let summary = run_at(&handler, "run", NOW.plus(SETTLE * 2)).await.unwrap();
    assert_eq!((summary.deletions_unfinished, summary.entries_removed, summary.variants_deleted), (0, 1, 1));
    assert_eq!(environment.variants().await, POSTERS);
    assert_eq!(environment.invalidated("acme").await, [["#acme/location/main"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let ledger = environment.ledger().await;
    assert_eq!((ledger.len(), &ledger[0]["variantsDeleted"]), (1, &4.into()), "all purge runs together");
    assert_eq!(ledger[0]["startedAt"], NOW.as_millis(), "when the first purge run began");
}

#[tokio::test]
async fn a_change_during_a_long_deletion_restarts_it() {
    let environment = environment(settled()).await;
    let handler = short_of_time(&environment);
    check_unfinished(&environment, &handler, NOW, &VARIANTS[2..]).await;

    // Forced again: what was rendered meanwhile from the first forced configuration is stale too.
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "location#main", NOW).await;
    let summary = run_at(&environment.purge_run(), "run", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((summary.entries_removed, summary.variants_deleted), (1, 3));
    assert_eq!(environment.variants().await, POSTERS);
}

#[tokio::test]
async fn a_deletion_begun_before_the_settle_delay_restarts_after_it() {
    let environment = environment(before(NOW, SETTLE / 2)).await;
    let handler = short_of_time(&environment);
    check_unfinished(&environment, &handler, NOW, &VARIANTS[2..]).await;

    // Stored, behind the place where the deletion stands, by a rendering that read the old configuration.
    environment.store_variants(["acme/p1/main/default"]).await;
    let whole = environment.purge_run();
    let summary = run_at(&whole, "run", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((summary.entries_removed, summary.variants_deleted), (1, 3), "from the first variant on");
    assert_eq!(environment.variants().await, POSTERS);
    assert_eq!(environment.invalidated("acme").await.len(), 1);
}

#[tokio::test]
async fn a_pack_does_not_wait_for_a_locations_variants() {
    let environment = environment(settled()).await;
    environment.store_variants(["acme/p9/poster/default"]).await;
    environment.enqueue("acme", "pack#p9", settled()).await;
    let mut handler = short_of_time(&environment);
    // Over when the pack's purge has paused, and long enough to begin it.
    handler.purger.variant_deletion_max = Duration::from_millis(500);
    handler.purger.executor.edge_fetch_max = Duration::from_millis(600);
    let summary = run_at(&handler, "run", NOW).await.unwrap();
    assert_eq!(
        summary,
        Summary {
            entries: 2,
            entries_removed: 1,
            entries_left: 1,
            deletions_unfinished: 1,
            invalidations: 1,
            items: 1,
            ..summary.clone()
        }
    );
    assert_eq!(environment.invalidated("acme").await, [["#acme/p9"]]);
    assert_eq!(environment.queued().await, ["acme location#main"]);
}

#[tokio::test]
async fn without_cache_tags_a_location_is_the_tenants_wildcard_and_only_its_own_variants_are_deleted() {
    let environment = Environment::start().await;
    environment.register("initech", false).await;
    environment.store_variants(["initech/p1/main/default", "initech/p1/poster/default"]).await;
    environment.enqueue("initech", "location#main", settled()).await;
    run_at(&environment.purge_run(), "run", NOW).await.unwrap();
    assert_eq!(environment.invalidated("initech").await, [["/api/v2/img/*"]]);
    assert_eq!(environment.variants().await, ["initech/p1/poster/default"]);
}

#[tokio::test]
async fn one_variant_that_cannot_be_deleted_keeps_only_itself_and_cloudfront_waits_for_it() {
    let environment = environment(settled()).await;
    environment.store_variants(["acme/p1/main/suffix=undeletable"]).await;
    let left = ["acme/p1/main/suffix=undeletable", POSTERS[0], POSTERS[1]];
    let message = "1 variants were not deleted, the first acme/p1/main/suffix=undeletable";
    // All at once, and in steps: the step with the failure is repeated by each purge run.
    for handler in [environment.purge_run(), short_of_time(&environment)] {
        for _ in 0..2 {
            check_failed(run_at(&handler, "run", NOW).await, &[message]);
            assert_eq!(environment.invalidated("acme").await.len(), 0);
            assert_eq!(environment.queued().await, ["acme location#main"]);
        }
        assert_eq!(environment.variants().await, left);
    }
}

#[tokio::test]
async fn in_a_bucket_with_versions_no_viewer_is_served_an_older_one_and_the_next_deletion_finds_nothing() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    // The bucket of originals has versions.
    let bucket = LocalS3::ORIGINALS_BUCKET;
    let key = "acme/p1/main/default";
    for image in ["older", "newer"] {
        let put = environment.s3().put_object().bucket(bucket).key(key).body(image.as_bytes().to_vec().into());
        put.send().await.unwrap();
    }
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.variants = VariantsBucket::new(environment.s3(), bucket.to_owned());
    assert_eq!(run_at(&handler, "run", NOW).await.unwrap().variants_deleted, 1);
    let served = handler.purger.executor.ports.variants.read(key).await.unwrap();
    assert_eq!(served, None);

    environment.enqueue("acme", "pack#p1", settled()).await;
    assert_eq!(run_at(&handler, "run", NOW).await.unwrap().variants_deleted, 0);
}
