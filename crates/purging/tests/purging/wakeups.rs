//! The rows that a purge run reads, and the wake-ups that it sees.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{TenantId, Timestamp};
use purging::ports::Wakeups;
use purging::purge_run::{Summary, Trigger};
use support::{Environment, NOW, run_for};

use super::{settled, until};

async fn count_up(environment: &Environment, tenants: &[&str]) {
    let tenants = tenants.iter().map(|tenant| TenantId::parse(tenant).unwrap()).collect::<BTreeSet<_>>();
    environment.queue().count_up(&tenants).await.unwrap();
}

async fn run(environment: &Environment, trigger: Trigger, now: Timestamp, secs: u64) -> Summary {
    let handler = environment.purge_run();
    run_for(&handler, trigger, "run-1", now, Duration::from_secs(secs)).await.unwrap()
}

#[tokio::test]
async fn a_woken_purge_run_reads_the_rows_of_the_tenants_that_were_woken_and_the_schedules_reads_all() {
    for (trigger, left) in [(Trigger::WakeUp, vec!["globex pack#p1"]), (Trigger::Schedule, vec![])] {
        let environment = Environment::start().await;
        environment.enqueue("acme", "pack#p1", settled()).await;
        environment.enqueue("globex", "pack#p1", settled()).await;
        count_up(&environment, &["acme"]).await;
        let summary = run(&environment, trigger, NOW, 60).await;
        assert_eq!(summary.entries, 2 - left.len(), "{trigger:?}");
        assert_eq!(environment.queued().await, left, "{trigger:?}");
    }
}

#[tokio::test]
async fn a_woken_purge_run_goes_on_with_the_rows_of_the_requests_in_flight() {
    let environment = Environment::with_propagation_delay(Duration::from_mins(1)).await;
    environment.enqueue("acme", "pack#p1", NOW).await;
    run(&environment, Trigger::Schedule, NOW, 10).await;
    environment.queue().arrive().await.unwrap();
    count_up(&environment, &["globex"]).await;
    let summary = run(&environment, Trigger::WakeUp, NOW.plus(Duration::from_secs(10)), 200).await;
    assert_eq!((summary.invalidations, summary.entries_removed), (1, 1), "the final purge of acme's row");
}

#[tokio::test]
async fn a_wake_up_during_the_purge_run_is_seen() {
    let environment = Environment::with_propagation_delay(Duration::from_mins(1)).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    count_up(&environment, &["acme"]).await;
    let wake = async {
        until(async || !environment.invalidated("acme").await.is_empty()).await;
        environment.enqueue("globex", "pack#p2", settled()).await;
        count_up(&environment, &["globex"]).await;
    };
    let (summary, ()) = tokio::join!(run(&environment, Trigger::WakeUp, NOW, 200), wake);
    assert_eq!(summary.entries_removed, 2);
    assert_eq!(environment.invalidated("globex").await, [["#globex/p2"]]);
}

#[tokio::test]
async fn rows_without_a_wake_up_are_read_by_a_busy_purge_run_after_two_minutes() {
    let environment = Environment::with_propagation_delay(Duration::from_secs(170)).await;
    environment.enqueue("acme", "pack#p1", settled()).await;
    count_up(&environment, &["acme"]).await;
    environment.enqueue("globex", "pack#p1", settled()).await;
    run(&environment, Trigger::WakeUp, NOW, 600).await;
    let rows = environment.ledger().await;
    let of_globex = rows.iter().find(|row| row["tenant"] == "globex").unwrap();
    let waited = Timestamp::from_millis(of_globex["createdAt"].as_u64().unwrap()).since(NOW);
    assert_eq!(waited.as_secs(), 120);
}

#[tokio::test]
async fn an_invocation_is_noted_once_in_ten_seconds_until_it_arrives() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let note = async |secs: u64| {
        let now = NOW.plus(Duration::from_secs(secs));
        queue.note_invocation(now, now.minus(Duration::from_secs(10))).await.unwrap()
    };
    assert!(note(0).await);
    assert!(!note(9).await);
    assert!(note(10).await, "it is lost");
    assert!(!note(11).await);
    queue.arrive().await.unwrap();
    assert!(note(12).await);
}
