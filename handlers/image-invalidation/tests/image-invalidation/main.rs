//! `image-invalidation`: the event and the response of a purge run over the real SDK.

use image_invalidation::Handler;
use purging::ports::Leases;
use serde_json::json;
use support::{Environment, LEASE, NOW, context};

/// The event of the schedule.
const EVENT: &str = r#"{"source": "aws.scheduler", "detail-type": "Scheduled Event"}"#;

#[tokio::test]
async fn an_event_of_the_schedule_starts_a_purge_run_and_the_response_is_its_summary() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    let handler = Handler { purge_run: environment.purge_run() };
    let event = serde_json::from_str(EVENT).unwrap();
    let summary = handler.handle(&event, &context("request-1", NOW)).await.unwrap();
    assert_eq!(
        json!(summary),
        json!({
            "isLeasedElsewhere": false, "isSuperseded": false, "entries": 1, "entriesParked": 0, "entriesExpired": 0,
            "entriesWaiting": 0, "entriesRemoved": 1, "entriesLeft": 0, "entriesQuarantined": 0,
            "deletionsUnfinished": 0, "invalidations": 2, "items": 2, "requestsCompleted": 2, "requestsInFlight": 0,
            "requestsUnavailable": 0, "requestsAbandoned": 0, "variantsDeleted": 1,
        })
    );
    assert!(!environment.has_lease().await);
}

#[tokio::test]
async fn a_purge_run_takes_the_lease_in_the_name_of_its_request() {
    let environment = Environment::start().await;
    environment.queue().take("request-1", NOW, LEASE).await.unwrap().unwrap();
    let handler = Handler { purge_run: environment.purge_run() };
    let event = serde_json::from_str(EVENT).unwrap();
    let other = handler.handle(&event, &context("request-2", NOW)).await.unwrap();
    assert!(other.is_leased_elsewhere);
    let retry = handler.handle(&event, &context("request-1", NOW)).await.unwrap();
    assert!(!retry.is_leased_elsewhere);
}
