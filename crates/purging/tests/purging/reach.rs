//! The reach of a purge: all of its target, and nothing else.

use support::{Environment, NOW, run_at};

use super::{run_in, settled};

/// Purges `target` of `acme` among the variants `gone` and `kept`, and compares the variants that are left and the items of the invalidation.
async fn check_reach(target: &str, gone: &[&str], kept: &[&str], item: &str) {
    let environment = Environment::start().await;
    environment.register("acme2", true).await;
    environment.store_variants(gone.iter().chain(kept).copied()).await;
    environment.enqueue("acme", target, settled()).await;
    let summary = run_in(&environment).await.unwrap();
    assert_eq!(environment.variants().await, kept, "{target}");
    assert_eq!(summary.variants_deleted, gone.len() as u64, "{target}");
    assert_eq!(environment.invalidated("acme").await, [[item]], "{target}");
    for tenant in ["acme2", "globex"] {
        assert_eq!(environment.invalidated(tenant).await.len(), 0, "{target} {tenant}");
    }
}

#[tokio::test]
async fn a_packs_purge_reaches_all_its_variants_and_no_other_packs_or_tenants() {
    check_reach(
        "pack#p1",
        &["acme/p1/main/f1", "acme/p1/main/f2", "acme/p1/poster/f1"],
        &["acme/p1-2/main/f1", "acme/p10/main/f1", "acme2/p1/main/f1", "globex/p1/main/f1"],
        "#acme/p1",
    )
    .await;
}

#[tokio::test]
async fn a_locations_purge_reaches_that_location_over_all_packs_of_the_tenant() {
    check_reach(
        "location#main",
        &["acme/p1/main/f1", "acme/p1/main/f2", "acme/p2/main/f1"],
        &["acme/main/poster/f1", "acme/p1/main2/f1", "acme/p1/poster/f1", "acme2/p1/main/f1"],
        "#acme/location/main",
    )
    .await;
}

#[tokio::test]
async fn a_tenants_purge_reaches_all_of_the_tenant_and_no_other() {
    check_reach(
        "tenant",
        &["acme/p1/main/f1", "acme/p2/poster/f1"],
        &["acme2/p1/main/f1", "globex/p1/main/f1"],
        "#acme",
    )
    .await;
}

#[tokio::test]
async fn a_distribution_without_cache_tags_gets_a_wildcard_path() {
    let environment = Environment::start().await;
    environment.register("initech", false).await;
    environment.store_variants(["initech/p1/main/f1", "initech/p10/main/f1"]).await;
    environment.enqueue("initech", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();
    assert_eq!(environment.invalidated("initech").await, [["/api/v2/img/p1*"]]);
    assert_eq!(environment.variants().await, ["initech/p10/main/f1"]);
}

#[tokio::test]
async fn more_variants_than_a_page_of_s3_are_all_deleted() {
    let environment = Environment::start().await;
    let suffixes = |location: &str, count: u32| {
        (0..count).map(|suffix| format!("acme/p1/{location}/f{suffix}")).collect::<Vec<_>>()
    };
    // One page is 1,000 keys: both locations lie on both sides of its end.
    environment.store_variants(suffixes("main", 900)).await;
    environment.store_variants(suffixes("poster", 250)).await;
    environment.store_variants(["acme/p2/poster/f1", "globex/p1/main/f1"]).await;

    environment.enqueue("acme", "location#poster", settled()).await;
    assert_eq!(run_in(&environment).await.unwrap().variants_deleted, 251);
    assert_eq!(environment.variants().await.len(), 901);

    environment.store_variants(suffixes("poster", 250)).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    assert_eq!(run_at(&handler, "run-2", NOW).await.unwrap().variants_deleted, 1_150);
    assert_eq!(environment.variants().await, ["globex/p1/main/f1"]);
}
