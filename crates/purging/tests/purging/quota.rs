//! More than CloudFront takes at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use cloudfront_emulator::Quotas;
use domain::purge::pacer::CallRate;
use support::{Environment, NOW, run_at};

use super::{purges, run, run_in, settled};

/// The time that the emulator takes to complete an invalidation.
const PROPAGATION: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_request_that_cloudfront_has_no_room_for_waits_for_the_one_before_and_delays_no_other_tenant() {
    let quotas = Quotas::InProgress { items: 2, wildcards: 1 };
    let environment = Environment::with(quotas, PROPAGATION).await;
    let mut handler = environment.purge_run();
    handler.purger.quotas.items_per_request = 2;
    for pack in ["p1", "p2", "p3"] {
        environment.enqueue("acme", &format!("pack#{pack}"), settled()).await;
    }
    environment.enqueue("globex", "pack#p3", settled()).await;
    let summary = run(&handler).await.unwrap();
    assert_eq!((summary.invalidations, summary.items, summary.entries_removed), (3, 4, 4));
    assert_eq!(environment.invalidated("acme").await, [vec!["#acme/p1", "#acme/p2"], vec!["#acme/p3"]]);
    let secs: Vec<_> = environment.ledger().await.iter().map(|row| row["createdAt"].as_u64().unwrap()).collect();
    let [first, second, third, of_globex] = secs.as_slice() else { panic!("{secs:?}") };
    assert_eq!((second, of_globex), (first, first), "another distribution has a quota of its own");
    assert!(*third >= first + 5_000, "it waits for the completion: {secs:?}");
}

#[tokio::test]
async fn wildcards_are_spaced_and_their_group_waits_for_the_one_before() {
    let environment = Environment::with(Quotas::InProgress { items: 3_000, wildcards: 15 }, PROPAGATION).await;
    environment.register("initech", false).await;
    for number in 0..3 {
        environment.enqueue("initech", &format!("pack#p{number}"), settled()).await;
    }
    run_in(&environment).await.unwrap();
    let secs: Vec<_> = purges(&environment).await.into_iter().map(|(_, _, secs)| secs).collect();
    assert_eq!(secs, [0, 1, 2]);
}

#[tokio::test]
async fn more_entries_than_one_request_takes_are_several_requests() {
    let environment = Environment::start().await;
    let mut handler = environment.purge_run();
    handler.purger.quotas.items_per_request = 2;
    for pack in ["p1", "p2", "p3"] {
        environment.enqueue("acme", &format!("pack#{pack}"), settled()).await;
    }
    let summary = run(&handler).await.unwrap();
    assert_eq!((summary.invalidations, summary.items, summary.entries_removed), (2, 3, 3));
    assert_eq!(environment.invalidated("acme").await, [vec!["#acme/p1", "#acme/p2"], vec!["#acme/p3"]]);
}

#[tokio::test]
async fn a_bulk_that_would_take_more_than_a_minute_becomes_the_tenants_item_while_the_deletions_stay_exact() {
    let environment = Environment::start().await;
    environment.store_variants(["acme/p1/main/f1", "acme/p2/main/f1", "acme/p3/main/f1"]).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    environment.enqueue("acme", "pack#p2", settled()).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.quotas.items_per_request = 1;
    handler.purger.quotas.calls = CallRate { interval: Duration::from_mins(1), burst: 1 };
    let summary = run_at(&handler, "run-1", NOW).await.unwrap();
    assert_eq!((summary.items, summary.entries_removed), (2, 3));
    assert_eq!(environment.invalidated("acme").await, [["#acme"]]);
    assert_eq!(environment.invalidated("globex").await, [["#globex/p1"]]);
    assert_eq!(environment.variants().await, ["acme/p3/main/f1"]);
}

#[tokio::test]
async fn all_rows_of_a_bulk_that_had_settled_share_the_tenants_one_invalidation() {
    const ROWS: usize = 510;
    let environment = Environment::with(Quotas::InProgress { items: 3_000, wildcards: 15 }, PROPAGATION).await;
    for number in 0..ROWS {
        environment.enqueue("acme", &format!("pack#p{number}"), settled()).await;
    }
    let mut handler = environment.purge_run();
    handler.purger.quotas.calls = CallRate { interval: Duration::from_mins(1), burst: 1 };
    let summary = run(&handler).await.unwrap();
    assert_eq!((summary.invalidations, summary.items, summary.entries_removed), (1, 1, ROWS as u64));
    assert_eq!(environment.invalidated("acme").await, [["#acme"]]);
    let ledger = environment.ledger().await;
    let of = |name: &str| ledger.iter().map(|row| row[name].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((ledger.len(), of("invalidationId"), of("createdAt")), (ROWS, 1, 1));
    assert_eq!(environment.requests().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn another_tenants_change_waits_for_at_most_one_call_of_a_bulk() {
    let environment = Environment::start().await;
    for number in 0..10 {
        environment.enqueue("acme", &format!("pack#p{number}"), settled()).await;
    }
    environment.enqueue("globex", "pack#p1", settled()).await;
    let mut handler = environment.purge_run();
    handler.purger.quotas.items_per_request = 1;
    handler.purger.quotas.calls = CallRate { interval: Duration::from_secs(2), burst: 1 };
    run(&handler).await.unwrap();
    let rows = environment.ledger().await;
    let created = |tenant: &str| {
        let of_it = rows.iter().filter(|row| row["tenant"] == tenant);
        of_it.map(|row| row["createdAt"].as_u64().unwrap() - NOW.as_millis()).min().unwrap()
    };
    assert_eq!(created("acme"), 0);
    assert!(created("globex") <= 2_600, "{}", created("globex"));
}

/// A quota that the configuration does not have: CloudFront never accepts the request as it is.
#[tokio::test]
async fn a_request_that_is_throttled_at_every_rate_is_sent_in_parts() {
    let environment = Environment::with(Quotas::PerSecond { items: 150, wildcards: 1 }, PROPAGATION).await;
    environment.register("initech", false).await;
    for number in 0..5 {
        environment.enqueue("initech", &format!("pack#p{number}"), settled()).await;
    }
    let mut handler = environment.purge_run();
    handler.purger.quotas.per_second = None;
    let summary = run(&handler).await.unwrap();
    assert_eq!((summary.items, summary.entries_removed), (5, 5), "{summary:?}");
    assert!(environment.invalidated("initech").await.iter().all(|items| items.len() == 1));
}
