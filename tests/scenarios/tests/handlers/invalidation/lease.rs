//! One run at a time.

use std::time::Duration;

use aws_adapters::purge_ledger::PurgeLedger;
use image_invalidation::Summary;
use scenarios::{Environment, LEASE, NOW};

use super::{before, check_failed, run, run_in, settled};

#[tokio::test]
async fn while_another_run_holds_the_lease_nothing_is_touched() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    assert!(environment.queue().take_lease("another run", NOW, LEASE).await.unwrap());

    let summary = run_in(&environment).await.unwrap();
    assert_eq!(summary, Summary { is_leased_elsewhere: true, ..Summary::default() });
    assert_eq!(environment.variants().await, ["acme/p1/main/default"]);
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.queue_rows().await[0].get("attempts"), None);
    assert_eq!(environment.invalidated("acme").await.len(), 0);
    assert!(environment.has_lease().await, "it is still the other run's");
}

#[tokio::test]
async fn a_lease_is_taken_over_from_the_moment_it_expires() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    assert!(queue.take_lease("run-1", NOW, LEASE).await.unwrap());
    let expiry = NOW.plus(LEASE);
    let just_before = before(expiry, Duration::from_millis(1));
    assert!(!queue.take_lease("run-2", just_before, LEASE).await.unwrap());
    assert!(queue.take_lease("run-2", expiry, LEASE).await.unwrap());
    assert!(!queue.take_lease("run-3", expiry, LEASE).await.unwrap(), "it is run-2's now");
}

#[tokio::test]
async fn a_run_whose_lease_was_taken_over_does_not_give_back_what_is_not_its_own() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    queue.take_lease("run-1", NOW, LEASE).await.unwrap();
    queue.take_lease("run-2", NOW.plus(LEASE), LEASE).await.unwrap();
    queue.release_lease("run-1").await.unwrap();
    assert!(environment.has_lease().await);
    queue.release_lease("run-2").await.unwrap();
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn the_lease_is_given_back_after_a_success_and_after_a_failure() {
    let environment = Environment::start().await;
    run_in(&environment).await.unwrap();
    assert!(!environment.has_lease().await);

    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.invalidation_handler();
    handler.purger.executor.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    check_failed(run(&handler).await, &["no-such-table"]);
    assert!(!environment.has_lease().await);
}
