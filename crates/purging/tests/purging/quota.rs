//! More than CloudFront takes at a time.

use std::time::Duration;

use cloudfront_emulator::Quotas;
use support::{Environment, NOW, SETTLE, run_at};

use super::settled;

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);

#[tokio::test]
async fn while_too_much_is_in_progress_the_request_waits_and_a_later_run_sends_it() {
    let quotas = Quotas::InProgress { items: 2, wildcards: 1 };
    let environment = Environment::with(quotas, PROPAGATION).await;
    let handler = environment.purge_run();
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    run_at(&handler, "run-1", NOW).await.unwrap();

    environment.store_variants(["acme/p3/main/default"]).await;
    environment.enqueue("acme", "pack#p3", settled()).await;
    environment.enqueue("globex", "pack#p3", settled()).await;
    let summary = run_at(&handler, "run-2", NOW).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_in_flight), (1, 3), "acme's second request waits");
    assert_eq!(
        environment.invalidated("globex").await.len(),
        1,
        "another tenant's distribution has a quota of its own"
    );
    assert_eq!(environment.queued().await.len(), 4, "nothing is completed yet");

    environment.let_emulator_time_pass(PROPAGATION);
    run_at(&handler, "run-3", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.queued().await, ["acme pack#p3"], "it was sent by this purge run");
    environment.let_emulator_time_pass(PROPAGATION);
    run_at(&handler, "run-4", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [vec!["#acme/p1", "#acme/p2"], vec!["#acme/p3"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_purge_run_that_has_time_sends_a_request_again_that_cloudfront_had_no_room_for() {
    let quotas = Quotas::InProgress { items: 1, wildcards: 1 };
    let environment = Environment::with(quotas, PROPAGATION).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();

    environment.enqueue("acme", "pack#p2", settled()).await;
    let mut handler = environment.purge_run();
    handler.tracking_max = Duration::from_secs(10);
    let pass = async {
        while environment.requests().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        environment.let_emulator_time_pass(PROPAGATION);
        while environment.invalidations("acme").await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        environment.let_emulator_time_pass(PROPAGATION);
    };
    let (summary, ()) = tokio::join!(run_at(&handler, "run-2", NOW), pass);
    assert_eq!(summary.unwrap().entries_removed, 2);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p2"]]);
}

#[tokio::test]
async fn more_entries_than_one_request_takes_are_several_requests() {
    let environment = Environment::start().await;
    let mut handler = environment.purge_run();
    handler.purger.budgets.items_per_request = 2;
    for pack in ["p1", "p2", "p3"] {
        environment.enqueue("acme", &format!("pack#{pack}"), settled()).await;
    }
    let summary = run_at(&handler, "run-1", NOW).await.unwrap();
    assert_eq!((summary.invalidations, summary.items, summary.entries_removed), (2, 3, 3));
    assert_eq!(environment.invalidated("acme").await, [vec!["#acme/p1", "#acme/p2"], vec!["#acme/p3"]]);
}

#[tokio::test]
async fn more_items_than_a_purge_run_may_send_become_the_tenants_one_while_the_deletes_stay_exact() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default", "acme/p2/main/default", "acme/p3/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.budgets.items_per_purge_run = 1;
    let summary = run_at(&handler, "run-1", NOW).await.unwrap();
    assert_eq!((summary.items, summary.entries_removed), (2, 3));
    assert_eq!(environment.invalidated("acme").await, [["#acme"]]);
    assert_eq!(environment.invalidated("globex").await, [["#globex/p1"]]);
    assert_eq!(environment.variants().await, ["acme/p3/main/default"]);
}
