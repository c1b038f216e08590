//! Tenants that go or move.

use std::time::Duration;

use purging::purge_run::Trigger;
use serde_json::{Value, json};
use support::{Environment, NOW, run_at, run_for};

use super::{purges, run_in, settled, until};

/// A distribution that no longer exists.
const GONE: &str = r#"{"distributionId": "EGONE", "cacheTags": true}"#;
/// The distribution of another tenant, which `acme` had before.
const FORMER: &str = r#"{"distributionId": "EGLOBEX", "cacheTags": true}"#;

#[tokio::test]
async fn a_tenant_whose_distribution_was_deleted_delays_no_other_and_its_outbox_does_not_grow() {
    let environment = Environment::start().await;
    environment.register_as("acme", GONE).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    let summary = run_in(&environment).await.unwrap();
    assert_eq!((summary.requests_unavailable, summary.requests_in_flight, summary.entries_removed), (1, 1, 1));
    assert_eq!(environment.invalidated("globex").await, [["#globex/p1"]]);

    environment.enqueue("acme", "pack#p2", settled()).await;
    let later = NOW.plus(Duration::from_mins(5));
    let summary = run_at(&environment.purge_run(), "run-2", later).await.unwrap();
    assert_eq!((summary.requests_unavailable, summary.entries_waiting), (1, 2));
    assert_eq!(environment.requests().await.len(), 1);
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2"]);
}

#[tokio::test]
async fn a_request_for_a_distribution_that_is_no_longer_the_tenants_is_planned_again_for_the_new_one() {
    for former in [GONE, FORMER] {
        let propagation = Duration::from_mins(1);
        let environment = Environment::with_propagation_delay(propagation).await;
        environment.register_as("acme", former).await;
        environment.enqueue("acme", "pack#p1", settled()).await;
        let handler = environment.purge_run();
        run_for(&handler, Trigger::Schedule, "run-1", NOW, propagation / 2).await.unwrap();
        assert_eq!(environment.requests().await.len(), 1, "{former}");

        environment.register("acme", true).await;
        let summary = run_at(&handler, "run-2", NOW.plus(propagation)).await.unwrap();
        assert_eq!((summary.requests_abandoned, summary.entries_removed), (1, 1), "{former}");
        assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
        assert_eq!(environment.queued().await, Vec::<String>::new());
        let completed = environment.ledger().await.into_iter().filter(|row| row["completedAt"].is_u64());
        let completed: Vec<_> = completed.map(|row| row["distributionId"].clone()).collect();
        assert_eq!(completed, [Value::from("EACME")], "only the purge of the new distribution");
    }
}

#[tokio::test]
async fn a_tenant_of_a_multi_tenant_distribution_is_purged_by_its_distribution_tenant() {
    let environment = Environment::start().await;
    let registration = |tenant: &str| {
        json!({"distributionId": "EMANY", "distributionTenantId": tenant, "cacheTags": true}).to_string()
    };
    environment.register_as("hooli", &registration("dt_hooli")).await;
    environment.register_as("umbrella", &registration("dt_gone")).await;
    for tenant in ["hooli", "umbrella"] {
        environment.enqueue(tenant, "pack#p1", settled()).await;
    }
    let summary = run_in(&environment).await.unwrap();
    // A distribution tenant that does not exist delays no other one of its distribution.
    assert_eq!((summary.entries_removed, summary.requests_unavailable), (1, 1));
    assert_eq!(environment.queued().await, ["umbrella pack#p1"]);
    let [row] = <[Value; 1]>::try_from(environment.ledger().await).unwrap();
    assert_eq!((&row["distributionId"], &row["invalidationStatus"]), (&json!("dt_hooli"), &json!("Completed")));
}

#[tokio::test]
async fn a_final_purge_goes_to_the_distribution_that_the_tenant_has_when_it_is_sent() {
    let environment = Environment::start().await;
    environment.register_as("acme", FORMER).await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let handler = environment.purge_run();
    // The purge run has read the registry for the early purge, and does not read all of it again before the final one.
    let mv = async {
        until(async || !environment.ledger().await.is_empty()).await;
        environment.register("acme", true).await;
    };
    let (summary, ()) = tokio::join!(run_at(&handler, "run-1", NOW), mv);
    assert_eq!(summary.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p1"]]);
    assert_eq!(purges(&environment).await.len(), 2);
}

#[tokio::test]
async fn a_removed_tenant_leaves_nothing_that_fails_later_runs() {
    let environment = Environment::with_propagation_delay(Duration::from_mins(1)).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    run_for(&handler, Trigger::Schedule, "run-1", NOW, Duration::from_secs(10)).await.unwrap();
    environment.unregister("acme").await;
    let summary = run_at(&handler, "run-2", NOW.plus(Duration::from_mins(5))).await.unwrap();
    assert_eq!((summary.requests_abandoned, summary.entries_parked), (1, 1));
    assert_eq!(environment.requests().await, Vec::<Value>::new());
}
