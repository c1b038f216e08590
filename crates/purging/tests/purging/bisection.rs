//! Items that CloudFront rejects.

use domain::Distribution;
use domain::purge::caller_reference::caller_reference;
use domain::purge::invalidation_item::InvalidationItem;
use purging::ports::CloudFront;
use serde_json::{Value, json};
use support::{Environment, NOW, distribution_id, run_at};

use super::{check_failed, settled};

/// Ids are such that CloudFront should take all of them; the emulator is configured to reject this one.
const POISON: &str = "#acme/poison";

async fn environment_with_poison() -> Environment {
    let environment = Environment::start().await;
    environment.faults.reject_items(&[POISON]);
    environment
}

#[tokio::test]
async fn one_rejected_item_is_quarantined_and_all_others_are_purged() {
    let environment = environment_with_poison().await;
    for pack in ["p1", "p2", "p3", "poison", "p4", "p5"] {
        environment.enqueue("acme", &format!("pack#{pack}"), settled()).await;
    }
    environment.enqueue("globex", "pack#p1", settled()).await;
    let summary = run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();
    assert_eq!((summary.entries_quarantined, summary.entries_removed, summary.entries_left), (1, 6, 0));
    assert_eq!(environment.queued().await, Vec::<String>::new());
    assert_eq!(environment.requests().await, Vec::<Value>::new());

    let mut purged: Vec<_> = environment.invalidated("acme").await.concat();
    purged.sort_unstable();
    assert_eq!(purged, ["#acme/p1", "#acme/p2", "#acme/p3", "#acme/p4", "#acme/p5"], "each once");
    let dead_letters = environment.dead_letters().await;
    let [dead_letter] = dead_letters.as_slice() else { panic!("{dead_letters:?}") };
    assert_eq!(
        (&dead_letter["source"], &dead_letter["payload"]["tenant"]),
        (&json!("image-invalidation"), &json!("acme"))
    );
    assert_eq!(dead_letter["payload"]["entry"]["target"], "pack#poison");
    assert!(dead_letter["reason"].as_str().unwrap().contains("#acme/poison"), "{dead_letter}");
    let rejected: Vec<_> =
        environment.ledger().await.into_iter().filter(|row| row["target"] == "pack#poison").collect();
    assert_eq!(rejected.len(), 1);
    assert_eq!(
        (&rejected[0]["invalidationStatus"], &rejected[0]["invalidationId"]),
        (&json!("Rejected"), &Value::Null)
    );
}

#[tokio::test]
async fn a_rejected_request_of_one_item_is_quarantined() {
    let environment = environment_with_poison().await;
    environment.enqueue("acme", "pack#poison", settled()).await;
    let summary = run_at(&environment.purge_run(), "run-1", NOW).await.unwrap();
    assert_eq!(summary.entries_quarantined, 1);
    assert_eq!(environment.dead_letters().await.len(), 1);
    assert_eq!(environment.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn when_cloudfront_rejects_every_item_all_entries_stay() {
    let environment = Environment::start().await;
    environment.faults.reject_items(&["#acme/"]);
    for pack in ["p1", "p2", "p3"] {
        environment.enqueue("acme", &format!("pack#{pack}"), settled()).await;
    }
    let handler = environment.purge_run();
    check_failed(run_at(&handler, "run-1", NOW).await, &["rejects every item", "EACME"]);
    assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p2", "acme pack#p3"]);
    assert_eq!(environment.dead_letters().await.len(), 0);

    environment.faults.reject_items(&[]);
    assert_eq!(run_at(&handler, "run-2", NOW).await.unwrap().entries_removed, 3);
}

#[tokio::test]
async fn a_request_whose_name_cloudfront_has_for_other_items_is_sent_under_another_name() {
    let environment = Environment::start().await;
    let entry = environment.enqueue("acme", "pack#p1", settled()).await;
    let handler = environment.purge_run();
    let item = InvalidationItem::covering(&entry.tenant, &entry.target, true);
    let purged = [(&entry.target, entry.version.as_str(), true)];
    let reference = caller_reference(&distribution_id("acme"), &[item.to_string()], purged);
    let ports = &handler.purger.executor.ports;
    let acme =
        Distribution { distribution_id: distribution_id("acme"), distribution_tenant_id: None, cache_tags: true };
    ports.cloudfront.create(&acme, &reference, &["#acme/p9".to_owned()]).await.unwrap();

    assert_eq!(run_at(&handler, "run-1", NOW).await.unwrap().entries_removed, 1);
    assert_eq!(environment.invalidated("acme").await, [["#acme/p9"], ["#acme/p1"]]);
}
