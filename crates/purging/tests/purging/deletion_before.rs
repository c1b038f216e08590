//! The deletion of variants before the invalidation: where another program fills the variants bucket, and for an admin's
//! purge.

use std::time::Duration;

use aws_adapters::variants_bucket::VariantsBucket;
use domain::change::detection::Reason;
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::{Target, TenantId, Timestamp};
use purging::ports::Queue;
use support::{Environment, LocalS3, NOW, PurgeRun, SETTLE, nowhere, run_at};

use super::{check_failed, purges, run, settled};

fn deleting_first(environment: &Environment) -> PurgeRun {
    let mut handler = environment.purge_run();
    handler.purger.rules.deletes_variants_first = true;
    handler
}

/// Expects the kinds and times of purges. A deletion takes real time, in which seconds of the purge run's clock pass.
fn check_times(found: &[(String, &str, u64)], expected: &[(&str, u64)]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((_, kind, secs), (expected_kind, at_least)) in found.iter().zip(expected) {
        assert!(kind == expected_kind && (*at_least..=at_least + 20).contains(secs), "{found:?}");
    }
}

/// Runs once for a change at `changed_at`, and expects the purges; the final one follows its deletion by the settle delay.
async fn check(changed_at: Timestamp, expected: &[(&str, u64)]) {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p1/main/f2"]).await;
    environment.enqueue("acme", "pack#p1", changed_at).await;
    run(&deleting_first(&environment)).await.unwrap();
    check_times(&purges(&environment).await, expected);
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let ledger = environment.ledger().await;
    let deleted: u64 = ledger.iter().map(|row| row["variantsDeleted"].as_u64().unwrap()).sum();
    assert_eq!(deleted, 2);
}

#[tokio::test]
async fn the_final_purge_follows_the_deletion_by_the_settle_delay() {
    let settle = SETTLE.as_secs();
    check(settled(), &[("final", settle)]).await;
    check(NOW, &[("early", 0), ("final", 2 * settle)]).await;
}

#[tokio::test]
async fn variants_that_are_stored_during_the_settle_delay_are_deleted_by_the_final_purge() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let handler = deleting_first(&environment);
    // Another program read the old original before the change.
    let store = async {
        super::until(async || !environment.invalidated("acme").await.is_empty()).await;
        environment.store_variants(["acme/p1/main/stale"]).await;
    };
    let (summary, ()) = tokio::join!(run(&handler), store);
    assert_eq!(summary.unwrap().variants_deleted, 1);
    assert_eq!(environment.variants().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_admins_purge_deletes_a_variant_that_is_current() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/current"]).await;
    let long_ago = Timestamp::from_millis(1_000_000_000_000);
    let upsert = Enqueue {
        tenant: TenantId::parse("acme").unwrap(),
        target: Target::parse("pack#p1").unwrap(),
        version: "1@admin".to_owned(),
        last_event_at: long_ago,
        cause: PurgeCause {
            first_event_at: long_ago,
            changes: 1,
            reasons: [Reason::Manual].into(),
            requested_by: ["admin:ada".to_owned()].into(),
        },
        is_purged_at_once: true,
        sequences: Vec::new(),
    };
    environment.queue().upsert(&upsert).await.unwrap();
    run(&environment.purge_run()).await.unwrap();
    assert_eq!(environment.variants().await, Vec::<String>::new());
    check_times(&purges(&environment).await, &[("final", SETTLE.as_secs())]);
}

#[tokio::test]
async fn while_the_variants_cannot_be_deleted_cloudfront_gets_no_request() {
    for (is_reachable, expected) in [(false, "bucket variants failed"), (true, "NoSuchBucket")] {
        let environment = Environment::start().await;
        environment.store_variants(["acme/p1/main/f1"]).await;
        environment.enqueue("acme", "pack#p1", settled()).await;
        let mut handler = deleting_first(&environment);
        let client = if is_reachable { environment.s3() } else { aws_sdk_s3::Client::new(&nowhere()) };
        let name = if is_reachable { "no-such-bucket" } else { LocalS3::VARIANTS_BUCKET };
        handler.purger.executor.ports.variants = VariantsBucket::new(client, name.to_owned());
        check_failed(run(&handler).await, &[expected]);
        assert_eq!(environment.invalidated("acme").await, Vec::<Vec<String>>::new(), "{expected}");
        assert_eq!(environment.queued().await, ["acme pack#p1"], "{expected}");

        run_at(&deleting_first(&environment), "run-2", NOW.plus(Duration::from_mins(5))).await.unwrap();
        assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
        assert_eq!(environment.queued().await, Vec::<String>::new());
    }
}
