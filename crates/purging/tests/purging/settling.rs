//! The settle delay: an entry is removed only after it has settled.

use std::time::Duration;

use purging::ports::Queue;
use purging::purge_run::Summary;
use serde_json::Value;
use support::{Environment, NOW, SETTLE, run_at};

use super::{before, run_in, settled, until_all_variants_are_deleted};

/// A pause of a purge run, in which a test does something.
const PAUSE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn an_unsettled_entry_is_purged_and_stays_until_a_purge_run_after_the_delay() {
    let environment = Environment::start().await;
    let handler = environment.purge_run();
    environment.store_variants(["acme/p1/main/default"]).await;
    environment.enqueue("acme", "pack#p1", NOW).await;

    let one_second_early = before(NOW.plus(SETTLE), Duration::from_secs(1));
    let summary = run_at(&handler, "run-1", one_second_early).await.unwrap();
    assert_eq!((summary.entries_left, summary.entries_removed), (1, 0));
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.invalidated("acme").await.len(), 1);
    let rows = environment.queue_rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["earlyPurgeCount"], 1);

    // The variant of an invocation of image-processing that read the old original before the change.
    environment.store_variants(["acme/p1/main/default"]).await;
    let summary = run_at(&handler, "run-2", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!((summary.entries_left, summary.entries_removed), (0, 1));
    assert_eq!(environment.variants().await, Vec::<String>::new());
    assert_eq!(environment.queued().await, Vec::<String>::new());
    let invalidations = environment.invalidations("acme").await;
    assert_eq!(invalidations.len(), 2, "the second purge is one of its own, not the first one returned again");
    assert_eq!(invalidations[1].items, ["#acme/p1"]);
}

#[tokio::test]
async fn settled_and_unsettled_entries_share_a_request_and_only_the_settled_leave() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", NOW).await;
    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.entries_left, summary.entries_removed), (1, 1));
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1", "#acme/p2"]]);
    assert_eq!(environment.queued().await, ["acme pack#p2"]);
}

#[tokio::test]
async fn an_entry_rewritten_during_the_purge_run_stays_and_the_next_purge_run_purges_it_again() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/default", "acme/p2/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.edge_fetch_max = PAUSE;

    let rewrite = async {
        until_all_variants_are_deleted(&environment).await;
        assert_eq!(environment.invalidated("acme").await.len(), 0, "the invalidation is sent after the pause");
        environment.enqueue("acme", "pack#p1", NOW).await
    };
    let (summary, rewritten) = tokio::join!(run_at(&handler, "run-1", NOW), rewrite);

    assert_eq!(
        summary.unwrap(),
        Summary {
            entries: 2,
            entries_removed: 1,
            entries_left: 1,
            invalidations: 1,
            requests_completed: 1,
            items: 2,
            variants_deleted: 2,
            ..Summary::default()
        }
    );
    let rows = environment.queue_rows().await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((&row["target"], &row["version"]), (&Value::from("pack#p1"), &Value::from(rewritten.version)));
    assert_eq!(row["lastEventAt"], NOW.as_millis());

    run_at(&environment.purge_run(), "run-2", NOW.plus(SETTLE)).await.unwrap();
    assert_eq!(environment.invalidated("acme").await.len(), 2);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_purge_run_without_settled_entries_does_not_pause() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let mut handler = environment.purge_run();
    handler.purger.executor.edge_fetch_max = Duration::from_hours(1);
    let summary = tokio::time::timeout(Duration::from_secs(10), run_at(&handler, "run-1", NOW)).await.unwrap();
    assert_eq!(summary.unwrap().entries_left, 1);
}

#[tokio::test]
async fn a_row_is_neither_removed_nor_counted_for_a_version_that_it_no_longer_has() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let read = environment.enqueue("acme", "pack#p1", NOW).await;
    let rewritten = environment.enqueue("acme", "pack#p1", NOW).await;

    assert!(!queue.remove_if_unchanged((&read).into()).await.unwrap());
    queue.mark_early_purge((&read).into()).await.unwrap();
    let rows = environment.queue_rows().await;
    assert_eq!(
        (&rows[0]["version"], &rows[0]["earlyPurgeCount"]),
        (&Value::from(rewritten.version.as_str()), &Value::Null)
    );

    assert!(queue.remove_if_unchanged((&rewritten).into()).await.unwrap());
    assert!(!queue.remove_if_unchanged((&rewritten).into()).await.unwrap(), "it is gone already");
    queue.mark_early_purge((&rewritten).into()).await.unwrap();
    assert_eq!(environment.queued().await, Vec::<String>::new(), "counting brings no row back");
}
