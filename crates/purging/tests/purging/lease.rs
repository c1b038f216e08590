//! One purge run at a time.

use std::time::Duration;

use aws_adapters::purge_ledger::PurgeLedger;
use purging::ports::Leases;
use purging::purge_run::Summary;
use support::{Environment, LEASE, NOW, SETTLE, run_at};

use super::{before, check_failed, run, run_in, settled, until_all_variants_are_deleted};

#[tokio::test]
async fn while_another_purge_run_has_the_lease_nothing_is_touched() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.queue().take("another purge run", NOW, LEASE).await.unwrap().unwrap();

    let summary = run_in(&environment).await.unwrap();
    assert_eq!(summary, Summary { is_leased_elsewhere: true, ..Summary::default() });
    assert_eq!(environment.variants().await, ["acme/p1/main/default"]);
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.queue_rows().await[0].get("earlyPurgeCount"), None);
    assert_eq!(environment.invalidated("acme").await.len(), 0);
    assert!(environment.has_lease().await, "it is still the other purge run's");
}

#[tokio::test]
async fn a_lease_is_taken_over_from_the_moment_it_expires() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let first = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    let expiry = NOW.plus(LEASE);
    let just_before = before(expiry, Duration::from_millis(1));
    assert_eq!(queue.take("run-2", just_before, LEASE).await.unwrap(), None);
    let second = queue.take("run-2", expiry, LEASE).await.unwrap().unwrap();
    assert!(second.token > first.token);
    assert_eq!(queue.take("run-3", expiry, LEASE).await.unwrap(), None, "it is run-2's now");
    queue.release(&second).await.unwrap();
    let third = queue.take("run-3", expiry, LEASE).await.unwrap().unwrap();
    assert!(third.token > second.token, "also after the lease was given back");
}

#[tokio::test]
async fn a_purge_run_whose_lease_was_taken_over_does_not_release_the_new_lease() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let first = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    let second = queue.take("run-2", NOW.plus(LEASE), LEASE).await.unwrap().unwrap();
    queue.release(&first).await.unwrap();
    assert!(environment.has_lease().await);
    queue.release(&second).await.unwrap();
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn the_lease_is_released_after_a_success_and_after_a_failure() {
    let environment = Environment::start().await;
    run_in(&environment).await.unwrap();
    assert!(!environment.has_lease().await);

    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    check_failed(run(&handler).await, &["no-such-table"]);
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn a_purge_run_that_outlives_its_lease_sends_nothing_once_another_has_taken_it() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut held_up = environment.purge_run();
    held_up.purger.executor.edge_fetch_max = Duration::from_secs(3);

    // The second purge run has one more entry, so that its request is another one than the first purge run's would be.
    let overtake = async {
        until_all_variants_are_deleted(&environment).await;
        environment.enqueue("acme", "pack#p2", settled()).await;
        run_at(&environment.purge_run(), "run-2", NOW.plus(LEASE)).await
    };
    let (first, second) = tokio::join!(run_at(&held_up, "run-1", NOW), overtake);
    let first = first.unwrap();
    assert!(first.is_superseded);
    assert_eq!((first.invalidations, first.entries_removed), (0, 0));
    assert_eq!(second.unwrap().entries_removed, 2);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1", "#acme/p2"]], "p1 is billed once");
}

#[tokio::test]
async fn a_repetition_of_the_request_for_the_lease_whose_response_was_lost_gets_it() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let first = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    let again = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    assert!(again.token > first.token);
    assert_eq!(queue.take("run-2", NOW.plus(SETTLE), LEASE).await.unwrap(), None);
}
