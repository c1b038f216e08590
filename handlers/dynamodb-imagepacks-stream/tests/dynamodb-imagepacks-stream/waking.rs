//! The purge run that a batch wakes.

use std::time::Duration;

use dynamodb_imagepacks_stream::Handler;
use purging::ports::{CallError, Leases, PurgeRuns, Wakeups};
use purging::stream::Enqueuer;
use serde_json::{Value, json};
use support::{Environment, LEASE, NOW, TestClock};

use super::event::{malformed, pack_with_original, record, record_of, replaced, sequence};
use super::unreliable_queue::UnreliableQueue;
use super::{deliver, failed, nothing_failed};

/// The tenants that wait to be read by a purge run.
async fn woken(environment: &Environment) -> Vec<String> {
    let woken = Wakeups::take(&environment.queue()).await.unwrap();
    woken.tenants.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_batch_with_targets_wakes_once_for_their_tenants_and_another_batch_does_not() {
    let of =
        |tenant, number, pack| record_of(tenant, number, pack, &pack_with_original("v1"), &pack_with_original("v2"));
    let unchanged = record(1, "pack#p1", &pack_with_original("v1"), &pack_with_original("v1"));
    let batch = vec![of("acme", 1, "pack#p1"), of("acme", 2, "pack#p2"), of("globex", 3, "pack#p1")];
    let cases: [(&str, Vec<Value>, &[&str]); 4] = [
        ("three targets", batch, &["acme", "globex"]),
        ("no meaningful change", vec![unchanged], &[]),
        ("an unreadable record", vec![malformed(1)], &[]),
        ("no record", vec![], &[]),
    ];
    for (situation, records, tenants) in cases {
        let environment = Environment::start().await;
        deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await;
        let is_woken = u64::from(!tenants.is_empty());
        assert_eq!(environment.invocations.count(), is_woken, "{situation}");
        assert_eq!(Wakeups::count(&environment.queue()).await.unwrap(), is_woken, "{situation}");
        assert_eq!(woken(&environment).await, tenants, "{situation}");
    }
}

#[tokio::test]
async fn while_a_purge_run_works_or_is_about_to_arrive_a_waker_counts_and_does_not_invoke() {
    let environment = Environment::start().await;
    let handler = Handler { enqueuer: environment.enqueuer() };
    deliver(&handler, &[replaced(1, "p1")]).await;
    deliver(&handler, &[replaced(2, "p1")]).await;
    assert_eq!(environment.invocations.count(), 1, "the first one has not arrived");

    let queue = environment.queue();
    queue.arrive().await.unwrap();
    let lease = Leases::take(&queue, "run-1", NOW, LEASE).await.unwrap().unwrap();
    deliver(&handler, &[replaced(3, "p1")]).await;
    assert_eq!(environment.invocations.count(), 1, "the purge run sees the count");

    queue.release(&lease).await.unwrap();
    deliver(&handler, &[replaced(4, "p1")]).await;
    assert_eq!(environment.invocations.count(), 2, "no purge run has the lease");
    handler.enqueuer.clock.set(NOW.plus(Duration::from_secs(11)));
    deliver(&handler, &[replaced(5, "p1")]).await;
    assert_eq!(environment.invocations.count(), 3, "the second one is taken for lost");
    assert_eq!(Wakeups::count(&queue).await.unwrap(), 5);
}

#[tokio::test]
async fn a_batch_that_fails_in_part_wakes_for_what_was_written() {
    let environment = Environment::start().await;
    let clock = TestClock::at(NOW);
    let queue = UnreliableQueue::new(&environment, &clock, Duration::ZERO, "pack#p2");
    let Enqueuer { dead_letters, purge_runs, names, with_existing_distribution, .. } = environment.enqueuer();
    let enqueuer = Enqueuer { queue, dead_letters, clock, purge_runs, names, with_existing_distribution };
    let of =
        |tenant, number, pack| record_of(tenant, number, pack, &pack_with_original("v1"), &pack_with_original("v2"));
    let records = [of("acme", 1, "pack#p1"), of("globex", 2, "pack#p2")];
    assert_eq!(deliver(&Handler { enqueuer }, &records).await, failed(&[&sequence(2)]));
    assert_eq!((environment.invocations.count(), woken(&environment).await), (1, vec!["acme".to_owned()]));
}

/// Purge runs that cannot be invoked.
struct NotInvocable;

impl PurgeRuns for NotInvocable {
    async fn invoke(&self) -> Result<(), CallError> {
        Err(CallError::new("invoking image-invalidation".to_owned(), "throttled"))
    }
}

#[tokio::test]
async fn a_wake_up_that_fails_fails_no_record() {
    let environment = Environment::start().await;
    let records = [replaced(1, "p1")];
    let Enqueuer { queue, dead_letters, clock, names, with_existing_distribution, .. } = environment.enqueuer();
    let purge_runs = Some(NotInvocable);
    let not_invoked = Enqueuer { queue, dead_letters, clock, purge_runs, names, with_existing_distribution };
    assert_eq!(deliver(&Handler { enqueuer: not_invoked }, &records).await, nothing_failed());

    let clock = TestClock::at(NOW);
    let mut queue = UnreliableQueue::new(&environment, &clock, Duration::ZERO, "none");
    queue.counts_wakeups = false;
    let Enqueuer { dead_letters, purge_runs, names, with_existing_distribution, .. } = environment.enqueuer();
    let not_counted = Enqueuer { queue, dead_letters, clock, purge_runs, names, with_existing_distribution };
    assert_eq!(deliver(&Handler { enqueuer: not_counted }, &records).await, nothing_failed());
    assert_eq!(environment.invocations.count(), 0);
    assert_eq!(environment.queue_rows().await[0]["changes"], json!(2));
}

#[tokio::test]
async fn an_invocation_that_fails_keeps_no_later_one_back() {
    let environment = Environment::start().await;
    let Enqueuer { queue, dead_letters, clock, names, with_existing_distribution, .. } = environment.enqueuer();
    let purge_runs = Some(NotInvocable);
    let not_invoked = Enqueuer { queue, dead_letters, clock, purge_runs, names, with_existing_distribution };
    assert_eq!(deliver(&Handler { enqueuer: not_invoked }, &[replaced(1, "p1")]).await, nothing_failed());
    let next = Handler { enqueuer: environment.enqueuer() };
    assert_eq!(deliver(&next, &[replaced(2, "p2")]).await, nothing_failed());
    assert_eq!(environment.invocations.count(), 1);
}

#[tokio::test]
async fn without_purge_runs_to_wake_nothing_is_counted() {
    let environment = Environment::start().await;
    let mut handler = Handler { enqueuer: environment.enqueuer() };
    handler.enqueuer.purge_runs = None;
    assert_eq!(deliver(&handler, &[replaced(1, "p1")]).await, nothing_failed());
    assert_eq!((environment.invocations.count(), Wakeups::count(&environment.queue()).await.unwrap()), (0, 0));
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}
