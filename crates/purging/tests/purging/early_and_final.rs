//! The early purge of a change, and its final purge after the settle delay.

use std::time::Duration;

use domain::Timestamp;
use purging::ports::Queue;
use purging::purge_run::Trigger;
use serde_json::Value;
use support::{Environment, NOW, SETTLE, run_at, run_for};

use super::{purges, settled};

/// Changes `rows` packs of `acme` at `changed_at`, runs once, and expects for each pack the kinds of its purges and the
/// seconds until their invalidations.
async fn check(rows: usize, changed_at: Timestamp, early_purge_targets_max: usize, expected: &[(&str, u64)]) {
    let environment = Environment::start().await;
    for number in 0..rows {
        environment.enqueue("acme", &format!("pack#p{number:02}"), changed_at).await;
    }
    let mut handler = environment.purge_run();
    handler.purger.rules.early_purge_targets_max = early_purge_targets_max;
    let summary = run_at(&handler, "run-1", NOW).await.unwrap();

    let mut all = Vec::new();
    for (kind, secs) in expected {
        all.extend((0..rows).map(|number| (format!("pack#p{number:02}"), *kind, *secs)));
    }
    let case = format!("{rows} rows, at most {early_purge_targets_max} early");
    assert_eq!(purges(&environment).await, all, "{case}");
    assert_eq!(environment.queued().await, Vec::<String>::new(), "{case}");
    assert_eq!((summary.items, summary.invalidations), (rows * expected.len(), expected.len()), "{case}");
    let rows = environment.ledger().await;
    assert!(rows.iter().all(|row| row["completedAt"].is_u64()), "{rows:?}");
}

#[tokio::test]
async fn a_change_costs_one_item_or_two_where_an_early_purge_is_due() {
    let settle = SETTLE.as_secs();
    check(1, NOW, 10, &[("early", 0), ("final", settle)]).await;
    check(10, NOW, 10, &[("early", 0), ("final", settle)]).await;
    check(11, NOW, 10, &[("final", settle)]).await;
    check(1, NOW, 0, &[("final", settle)]).await;
    check(11, settled(), 10, &[("final", 0)]).await;
}

#[tokio::test]
async fn each_version_of_a_row_is_purged_early_once_and_only_the_last_one_is_purged_finally() {
    let environment = Environment::start().await;
    let handler = environment.purge_run();
    let changes = [0, 10, 20].map(|secs| NOW.plus(Duration::from_secs(secs)));
    for changed_at in changes {
        environment.enqueue("acme", "pack#p1", changed_at).await;
        let time = Duration::from_secs(9);
        let summary = run_for(&handler, Trigger::Schedule, "run", changed_at, time).await.unwrap();
        assert_eq!((summary.entries_left, summary.entries_removed), (1, 0));
    }
    assert_eq!(environment.queue_rows().await[0]["earlyPurgeCount"], 3);
    run_at(&handler, "run", NOW.plus(Duration::from_secs(30))).await.unwrap();
    let purge = |kind, secs| ("pack#p1".to_owned(), kind, secs);
    let expected = [purge("early", 0), purge("early", 10), purge("early", 20), purge("final", 20 + SETTLE.as_secs())];
    assert_eq!(purges(&environment).await, expected);
}

#[tokio::test]
async fn a_change_during_the_final_purge_keeps_the_row_for_a_purge_of_its_own() {
    let propagation = Duration::from_secs(5);
    let environment = Environment::with_propagation_delay(propagation).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    let time = Duration::from_secs(2);
    let summary = run_for(&handler, Trigger::Schedule, "run-1", NOW, time).await.unwrap();
    assert_eq!((summary.invalidations, summary.requests_in_flight), (1, 1));

    let rewritten = environment.enqueue("acme", "pack#p1", NOW.plus(time)).await;
    let summary = run_for(&handler, Trigger::Schedule, "run-2", NOW.plus(time), propagation).await.unwrap();
    assert_eq!((summary.requests_completed, summary.entries_removed), (1, 0));
    assert_eq!(environment.queue_rows().await[0]["version"], rewritten.version);
    run_at(&handler, "run-3", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let kinds: Vec<_> = purges(&environment).await.into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, ["final", "early", "final"]);
}

#[tokio::test]
async fn settled_and_unsettled_entries_share_a_request() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", NOW).await;
    run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();
    assert_eq!(environment.invalidated("acme").await, [vec!["#acme/p1", "#acme/p2"], vec!["#acme/p2"]]);
}

#[tokio::test]
async fn a_row_is_neither_removed_nor_counted_for_a_version_that_it_no_longer_has() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let read = environment.enqueue("acme", "pack#p1", NOW).await;
    let rewritten = environment.enqueue("acme", "pack#p1", NOW).await;

    assert!(!queue.remove_if_unchanged((&read).into()).await.unwrap());
    assert!(!queue.mark_early_purge((&read).into()).await.unwrap());
    let rows = environment.queue_rows().await;
    assert_eq!(
        (&rows[0]["version"], &rows[0]["earlyPurgeCount"]),
        (&Value::from(rewritten.version.as_str()), &Value::Null)
    );

    assert!(queue.remove_if_unchanged((&rewritten).into()).await.unwrap());
    assert!(!queue.remove_if_unchanged((&rewritten).into()).await.unwrap(), "it is gone already");
    assert!(!queue.mark_early_purge((&rewritten).into()).await.unwrap());
    assert_eq!(environment.queued().await, Vec::<String>::new(), "counting brings no row back");
}
