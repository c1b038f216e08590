//! The metrics of purge runs.

use std::time::Duration;

use cloudfront_emulator::FaultPlan;
use contract::Metric;
use purging::purge_run::Trigger;
use support::{Environment, NOW, SETTLE, run_for};

use super::{run, run_in, settled};

#[tokio::test]
async fn a_purge_run_measures_the_queue_before_and_after_it_and_its_purges() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p1/main/f2"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();
    let values = |metric| environment.metrics().values(metric);
    assert_eq!(values(Metric::QueueDepth), [2, 0]);
    let settle_ms = u64::try_from(SETTLE.as_millis()).unwrap();
    assert_eq!(values(Metric::OldestEntryAge), [settle_ms, 0]);
    assert_eq!(values(Metric::Items), [1, 1]);
    assert_eq!(values(Metric::EstimatedPrice), [5_000, 5_000]);
    assert_eq!(values(Metric::VariantsDeleted), [2]);
    let fresh = values(Metric::WriteToFresh);
    assert!(fresh.len() == 2 && fresh.iter().all(|ms| (settle_ms..settle_ms + 10_000).contains(ms)), "{fresh:?}");
}

#[tokio::test]
async fn a_change_that_is_purged_early_and_finally_is_fresh_after_the_early_purge() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    run_in(&environment).await.unwrap();
    assert_eq!(environment.metrics().values(Metric::Items), [1, 1]);
    let fresh = environment.metrics().values(Metric::WriteToFresh);
    assert!(fresh.len() == 1 && u128::from(fresh[0]) < SETTLE.as_millis(), "{fresh:?}");
}

#[tokio::test]
async fn each_call_that_cloudfront_throttles_is_counted_and_its_items_are_not() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.faults.inject(FaultPlan { throttled_per_mille: 1_000, seed: 1, ..FaultPlan::default() });
    let handler = environment.purge_run();
    run_for(&handler, Trigger::Schedule, "run-1", NOW, Duration::from_secs(40)).await.unwrap();
    let values = |metric| environment.metrics().values(metric);
    assert!(!values(Metric::InvalidationsThrottled).is_empty());
    assert!(values(Metric::Items).is_empty());
    environment.faults.stop();
    run(&environment.purge_run()).await.unwrap();
    assert_eq!(values(Metric::Items), [1]);
}
