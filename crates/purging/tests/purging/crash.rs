//! A purge run that ends half way.

use std::time::Duration;

use aws_adapters::purge_ledger::PurgeLedger;
use purging::purge_run::{PurgeRunError, Summary, Trigger};
use support::{Environment, LEASE, NOW, PurgeRun, run_at, run_for};

use super::{check_failed, settled};

/// The time of a purge run that fails: it ends with its last attempt.
const SHORT: Duration = Duration::from_secs(20);

fn without_ledger(environment: &Environment) -> PurgeRun {
    let mut handler = environment.purge_run();
    handler.purger.executor.ports.ledger = PurgeLedger::new(environment.dynamodb(), "no-such-table".to_owned());
    handler
}

async fn crash(environment: &Environment) {
    let crashed = run_for(&without_ledger(environment), Trigger::Schedule, "run-1", NOW, SHORT).await;
    check_failed(crashed, &["no-such-table"]);
}

async fn next(environment: &Environment) -> Result<Summary, PurgeRunError> {
    run_at(&environment.purge_run(), "run-2", NOW.plus(LEASE)).await
}

#[tokio::test]
async fn two_runs_over_the_same_rows_are_one_invalidation() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    crash(&environment).await;
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2"]);
    let first = environment.invalidations("acme").await;
    assert_eq!(first.len(), 1);

    let summary = next(&environment).await.unwrap();
    assert_eq!((summary.entries_removed, summary.invalidations), (2, 1));
    assert_eq!(environment.invalidations("acme").await, first, "the same one, and no other");
    let in_the_ledger: Vec<_> = environment.ledger().await.iter().map(|row| row["invalidationId"].clone()).collect();
    assert_eq!(in_the_ledger, [first[0].id.as_str(); 2]);
}

#[tokio::test]
async fn a_row_rewritten_after_the_crash_is_another_invalidation() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    crash(&environment).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    next(&environment).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p1"]]);
    assert_eq!(environment.requests().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_request_sent_before_a_crash_is_not_billed_again_with_later_entries() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    crash(&environment).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    assert_eq!(next(&environment).await.unwrap().entries_removed, 2);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"], ["#acme/p2"]]);
    assert_eq!(environment.ledger().await.len(), 2);
}

#[tokio::test]
async fn entries_of_a_killed_purge_run_are_purged_when_its_lease_has_expired() {
    let environment = Environment::with_propagation_delay(Duration::from_hours(1)).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let killed = environment.purge_run();
    tokio::select! {
        ended = run_at(&killed, "run-1", NOW) => panic!("it ended: {ended:?}"),
        () = super::until(async || !environment.invalidated("acme").await.is_empty()) => {}
    }
    let handler = environment.purge_run();
    assert!(run_at(&handler, "run-2", NOW).await.unwrap().is_leased_elsewhere);
    environment.let_emulator_time_pass(Duration::from_hours(1));
    // The killed one may have renewed its lease for some minutes.
    assert_eq!(run_at(&handler, "run-3", NOW.plus(Duration::from_hours(1))).await.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}
