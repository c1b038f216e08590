//! The ledger's rows.

use std::time::Duration;

use domain::purge::ledger::{IN_PROGRESS, LedgerRow};
use domain::{Target, TenantId};
use purging::ports::Ledger;
use serde_json::json;
use support::{Environment, Invalidation, NOW, SETTLE, run_at};

use super::run_in;

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);
/// The look at which a purge run sees it: 1 s after the invalidation, and 1, 2 and 4 s after each other.
const SEEN_AFTER: Duration = Duration::from_secs(8);
/// 90 days, in seconds.
const RETENTION_SECS: u64 = 90 * 24 * 60 * 60;

#[tokio::test]
async fn each_purge_has_a_row_with_target_reasons_requesters_effect_and_the_time_of_each_step() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.store_variants(["acme/p1/main/f1", "acme/p1/poster/f1"]).await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    run_in(&environment).await.unwrap();

    let invalidations = environment.invalidations("acme").await;
    let [early, last] = invalidations.as_slice() else { panic!("{invalidations:?}") };
    let mut rows = environment.ledger().await;
    let deleted_at = rows[1].as_object_mut().unwrap().remove("variantsDeletedAt").and_then(|at| at.as_u64());
    assert!(deleted_at.is_some_and(|at| at >= NOW.plus(SETTLE + SEEN_AFTER).as_millis()), "{deleted_at:?}");
    for (row, kind) in rows.iter_mut().zip(["early", "final"]) {
        let key = row.as_object_mut().unwrap().remove("purge").unwrap();
        let beginning = format!("pack#p1#{}#{kind}#", NOW.as_millis());
        assert!(key.as_str().unwrap().starts_with(&beginning), "{key}");
        let version = row.as_object_mut().unwrap().remove("version").unwrap();
        assert!(version.as_str().unwrap().ends_with("@test"), "{version}");
    }
    let after = |time: Duration| NOW.plus(time).as_millis();
    let row = |invalidation: &Invalidation, started: Duration, is_final: bool| {
        json!({
            "tenant": "acme",
            "target": "pack#p1",
            "reasons": ["image-locations-changed"],
            "requestedBy": ["stream"],
            "firstEventAt": NOW.as_millis(),
            "enqueuedAt": NOW.as_millis(),
            "changes": 1,
            "startedAt": after(started),
            "createdAt": after(started),
            "completedAt": after(started + SEEN_AFTER),
            "isFinal": is_final,
            "variantsDeleted": 0,
            "distributionId": "EACME",
            "invalidationId": invalidation.id,
            "invalidationStatus": "Completed",
            "expiresAt": NOW.plus(started).as_secs() + RETENTION_SECS,
        })
    };
    let mut last = row(last, SETTLE, true);
    last["variantsDeleted"] = json!(2);
    assert_eq!(rows, [row(early, Duration::ZERO, false), last]);
}

#[tokio::test]
async fn the_purges_of_one_target_lie_together_in_the_order_of_time() {
    let environment = Environment::start().await;
    let handler = environment.purge_run();
    let minutes = [0, 1, 2].map(|minute| NOW.plus(Duration::from_mins(minute)));
    for at in minutes {
        environment.enqueue("acme", "pack#p1", at).await;
        run_at(&handler, "run", at).await.unwrap();
    }
    let rows = environment.ledger().await;
    let enqueued: Vec<_> = rows.iter().map(|row| row["enqueuedAt"].as_u64().unwrap()).collect();
    let expected: Vec<_> = minutes.iter().flat_map(|at| [at.as_millis(); 2]).collect();
    assert_eq!(enqueued, expected);
    let kinds: Vec<_> = rows.iter().map(|row| row["isFinal"] == true).collect();
    assert_eq!(kinds, [false, true].repeat(3));
}

#[tokio::test]
async fn a_row_that_is_written_again_keeps_its_completion() {
    let environment = Environment::start().await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    run_in(&environment).await.unwrap();
    let ledger = environment.purger().executor.ports.ledger;
    let (tenant, target) = (TenantId::parse("acme").unwrap(), Target::parse("pack#p1").unwrap());
    let rows = ledger.newest(&tenant, &target, 2).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.completed_at.is_some()).count(), 2);
    for row in &rows {
        let accepted = LedgerRow { completed_at: None, invalidation_status: IN_PROGRESS.to_owned(), ..row.clone() };
        ledger.write(&accepted).await.unwrap();
    }
    assert_eq!(ledger.newest(&tenant, &target, 2).await.unwrap(), rows);
}
