//! A purge run that ends half way.

use std::time::Duration;

use aws_adapters::purge_ledger::PurgeLedger;
use support::{Environment, LEASE, NOW, run_at};

use super::{before, check_failed, run, run_in, settled, until_all_variants_are_deleted};

#[tokio::test]
async fn two_runs_over_the_same_rows_are_one_invalidation() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());

    check_failed(run(&handler).await, &["no-such-table"]);
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2"]);
    let first = environment.invalidations("acme").await;
    assert_eq!(first.len(), 1);

    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.entries_removed, summary.invalidations), (2, 1));
    assert_eq!(environment.invalidations("acme").await, first, "the same one, and no other");
    let in_the_ledger: Vec<_> = environment.ledger().await.iter().map(|row| row["invalidationId"].clone()).collect();
    assert_eq!(in_the_ledger, [first[0].id.as_str(); 2]);
}

#[tokio::test]
async fn a_row_rewritten_after_the_crash_is_another_invalidation() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    check_failed(run(&handler).await, &["no-such-table"]);

    environment.enqueue("acme", "pack#p1", settled()).await;
    run_in(&environment).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p1"]]);
    assert_eq!(environment.requests().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_request_sent_before_a_crash_is_not_billed_again_with_later_entries() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    check_failed(run(&handler).await, &["no-such-table"]);

    environment.enqueue("acme", "pack#p2", settled()).await;
    let summary = run_in(&environment).await.unwrap();
    assert_eq!(summary.entries_removed, 2);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p2"]]);
    assert_eq!(environment.ledger().await.len(), 2);
}

#[tokio::test]
async fn entries_of_a_killed_purge_run_are_purged_when_its_lease_has_expired() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let mut killed = environment.purge_run();
    // It is killed in the pause before its invalidation.
    killed.purger.executor.edge_fetch_max = Duration::from_hours(1);
    tokio::select! {
        ended = run_at(&killed, "run-1", NOW) => panic!("it ended: {ended:?}"),
        () = until_all_variants_are_deleted(&environment) => {}
    }

    let handler = environment.purge_run();
    let early = before(NOW.plus(LEASE), Duration::from_millis(1));
    assert!(run_at(&handler, "run-2", early).await.unwrap().is_leased_elsewhere);
    assert_eq!(environment.invalidated("acme").await.len(), 0);

    assert_eq!(run_at(&handler, "run-3", NOW.plus(LEASE)).await.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}
