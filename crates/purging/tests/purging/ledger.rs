//! The ledger's rows.

use std::time::Duration;

use serde_json::json;
use support::{Environment, NOW, run_at};

use super::{run_in, settled};

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);
/// 90 days, in seconds.
const RETENTION_SECS: u64 = 90 * 24 * 60 * 60;

#[tokio::test]
async fn each_entry_has_a_row_with_target_reasons_times_requesters_and_effect() {
    let environment = Environment::with_propagation_delay(PROPAGATION).await;
    environment.store_variants(["acme/p1/main/default", "acme/p1/poster/default", "acme/p2/main/default"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", NOW).await;
    run_in(&environment).await.unwrap();

    let invalidations = environment.invalidations("acme").await;
    let [invalidation] = invalidations.as_slice() else { panic!("{invalidations:?}") };
    let mut rows = environment.ledger().await;
    for (row, target) in rows.iter_mut().zip(["pack#p1", "pack#p2"]) {
        let key = row.as_object_mut().unwrap().remove("purge").unwrap();
        let beginning = format!("{target}#{}#", NOW.as_millis());
        assert!(key.as_str().unwrap().starts_with(&beginning), "{key}");
    }
    let row = |target, changed_at: domain::Timestamp, is_final, variants_deleted| {
        json!({
            "tenant": "acme",
            "target": target,
            "reasons": ["image-locations-changed"],
            "requestedBy": ["stream"],
            "firstEventAt": changed_at.as_millis(),
            "changes": 1,
            "startedAt": NOW.as_millis(),
            "isFinal": is_final,
            "variantsDeleted": variants_deleted,
            "distributionId": "EACME",
            "invalidationId": invalidation.id,
            "invalidationStatus": "InProgress",
            "expiresAt": NOW.as_secs() + RETENTION_SECS,
        })
    };
    assert_eq!(rows, [row("pack#p1", settled(), true, 2), row("pack#p2", NOW, false, 1)]);
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
    let starts: Vec<_> = environment.ledger().await.iter().map(|row| row["startedAt"].as_u64().unwrap()).collect();
    assert_eq!(starts, minutes.map(domain::Timestamp::as_millis));
}
