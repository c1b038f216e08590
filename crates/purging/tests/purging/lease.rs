//! One purge run at a time.

use std::time::Duration;

use aws_adapters::purge_ledger::PurgeLedger;
use purging::ports::Leases;
use purging::purge_run::{Summary, Trigger};
use support::{Environment, LEASE, NOW, SETTLE, run_at, run_for};

use super::{check_failed, run, run_in, settled, until};

#[tokio::test]
async fn while_another_purge_run_has_the_lease_nothing_is_touched() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.queue().take("another purge run", NOW, LEASE).await.unwrap().unwrap();

    let summary = run_in(&environment).await.unwrap();
    assert_eq!(summary, Summary { is_leased_elsewhere: true, ..Summary::default() });
    assert_eq!(environment.variants().await, ["acme/p1/main/f1"]);
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
    assert_eq!(environment.invalidated("acme").await.len(), 0);
    assert!(environment.has_lease().await, "it is still the other purge run's");
}

#[tokio::test]
async fn a_lease_is_taken_over_from_the_moment_it_expires_and_says_so() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let first = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    assert!(!first.is_takeover, "there was none before");
    let expiry = NOW.plus(LEASE);
    let just_before = expiry.minus(Duration::from_millis(1));
    assert_eq!(queue.take("run-2", just_before, LEASE).await.unwrap(), None);
    let second = queue.take("run-2", expiry, LEASE).await.unwrap().unwrap();
    assert!(second.token > first.token && second.is_takeover);
    assert_eq!(queue.take("run-3", expiry, LEASE).await.unwrap(), None, "it is run-2's now");
    queue.release(&second).await.unwrap();
    let third = queue.take("run-3", expiry, LEASE).await.unwrap().unwrap();
    assert!(third.token > second.token && !third.is_takeover, "it was released");
}

#[tokio::test]
async fn a_lease_is_renewed_until_another_purge_run_has_taken_it() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let first = queue.take("run-1", NOW, LEASE).await.unwrap().unwrap();
    assert!(queue.renew(&first, NOW.plus(LEASE / 2), LEASE).await.unwrap());
    assert_eq!(queue.take("run-2", NOW.plus(LEASE), LEASE).await.unwrap(), None);
    let second = queue.take("run-2", NOW.plus(LEASE * 3 / 2), LEASE).await.unwrap().unwrap();
    assert!(!queue.renew(&first, NOW.plus(LEASE * 2), LEASE).await.unwrap());
    queue.release(&first).await.unwrap();
    assert!(environment.has_lease().await, "it is not the first one's to release");
    queue.release(&second).await.unwrap();
    assert!(!environment.has_lease().await);
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

#[tokio::test]
async fn the_lease_is_released_when_nothing_is_pending_and_renewed_until_then() {
    let environment = Environment::with_propagation_delay(LEASE * 3).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    let other = async {
        until(async || !environment.invalidated("acme").await.is_empty()).await;
        while !environment.queued().await.is_empty() {
            let taken = run_at(&environment.purge_run(), "run-2", NOW).await.unwrap();
            assert!(taken.is_leased_elsewhere || environment.queued().await.is_empty());
        }
    };
    let (summary, ()) = tokio::join!(run(&handler), other);
    assert_eq!(summary.unwrap().entries_removed, 1);
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn a_purge_run_that_leaves_something_leaves_an_expired_lease_so_that_the_next_one_reads_all_rows() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    let failed = run_for(&handler, Trigger::Schedule, "run-1", NOW, Duration::from_secs(20)).await;
    check_failed(failed, &["no-such-table"]);

    // It has no wake-up for a tenant.
    let next = environment.purge_run();
    let minute = Duration::from_mins(1);
    let summary = run_for(&next, Trigger::WakeUp, "run-2", NOW.plus(minute), minute).await.unwrap();
    assert_eq!((summary.entries_removed, summary.is_leased_elsewhere), (1, false));
}

#[tokio::test]
async fn a_purge_run_whose_lease_was_taken_stops_and_sends_nothing() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let held_up = environment.purge_run();
    // The second purge run has one more entry, so that its final request is another one than the first purge run's.
    let overtake = async {
        until(async || !environment.invalidated("acme").await.is_empty()).await;
        environment.enqueue("acme", "pack#p2", settled()).await;
        run_at(&environment.purge_run(), "run-2", NOW.plus(LEASE * 2)).await
    };
    let (first, second) = tokio::join!(run(&held_up), overtake);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.is_superseded != second.is_leased_elsewhere, "{first:?} {second:?}");
    assert_eq!(environment.queued().await.len() as u64, 2 - first.entries_removed - second.entries_removed);
}
