//! The command runs twice: one after another, and at once.

use std::collections::BTreeSet;

use support::Environment;

use super::fixture::recovery;
use super::{dead_letter_about, replaced, replay, replay_all};

#[tokio::test]
async fn a_second_replay_finds_nothing_and_changes_nothing() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replaced("p1"))).await;
    replay_all(environment, 1).await;
    let rows = environment.queue_rows().await;
    replay_all(environment, 0).await;
    assert_eq!(environment.queue_rows().await, rows);
}

#[tokio::test]
async fn two_operators_at_once_replay_each_dead_letter_once() {
    let environment = &Environment::start().await;
    let packs: Vec<_> = (0..12).map(|number| format!("p{number:02}")).collect();
    for pack in &packs {
        environment.send_dead_letter(&dead_letter_about(&replaced(pack))).await;
    }
    let [one, other] = [recovery(environment).await, recovery(environment).await];
    let ((by_one, left_by_one), (by_other, left_by_other)) = tokio::join!(replay(&one), replay(&other));
    assert_eq!(by_one + by_other, 12);
    assert_eq!((left_by_one, left_by_other), (Vec::new(), Vec::new()));
    assert!(by_one > 0 && by_other > 0, "{by_one} and {by_other}");

    let rows = environment.queue_rows().await;
    let queued: BTreeSet<_> = environment.queued().await.into_iter().collect();
    assert_eq!(queued, packs.iter().map(|pack| format!("acme pack#{pack}")).collect());
    assert!(rows.iter().all(|row| row["changes"] == 1), "{rows:?}");
    replay_all(environment, 0).await;
}
