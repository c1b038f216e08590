//! The queue's table over the real SDK: wake-ups, the lease and the rows of one tenant.
#![expect(clippy::unwrap_used, reason = "for tests: a call that fails ends the test that made it")]

use std::collections::BTreeSet;
use std::time::Duration;

use domain::change::detection::Reason;
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::FinalPurge;
use domain::{Target, TenantId};
use purging::ports::{Allowances, Leases, Queue, RowVersion, Wakeups, Woken};
use support::{Environment, NOW};

/// The time for which an invocation suppresses others.
const SUPPRESSED: Duration = Duration::from_secs(10);
/// The duration of a lease.
const LEASE: Duration = Duration::from_mins(1);

fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

fn tenants(ids: &[&str]) -> BTreeSet<TenantId> {
    ids.iter().map(|id| tenant(id)).collect()
}

#[tokio::test]
async fn woken_tenants_are_taken_once_and_the_count_stays() {
    let queue = Environment::start().await.queue();
    assert_eq!((queue.count().await.unwrap(), Wakeups::take(&queue).await.unwrap()), (0, Woken::default()));
    queue.count_up(&tenants(&["acme"])).await.unwrap();
    queue.count_up(&tenants(&["globex", "acme"])).await.unwrap();
    assert_eq!(queue.count().await.unwrap(), 2);
    let taken = Wakeups::take(&queue).await.unwrap();
    assert_eq!(taken, Woken { count: 2, tenants: tenants(&["acme", "globex"]) });
    let taken = Wakeups::take(&queue).await.unwrap();
    assert_eq!(taken, Woken { count: 2, tenants: BTreeSet::new() });
}

#[tokio::test]
async fn a_tenant_that_is_gone_leaves_no_wake_up_and_no_allowance() {
    let queue = Environment::start().await.queue();
    queue.remove_woken(&tenant("acme")).await.unwrap();
    queue.count_up(&tenants(&["acme", "globex"])).await.unwrap();
    for id in ["acme", "globex"] {
        assert!(queue.replace(&tenant(id), None, NOW).await.unwrap());
    }
    queue.remove_woken(&tenant("acme")).await.unwrap();
    queue.remove_allowance(&tenant("acme")).await.unwrap();
    assert_eq!(Wakeups::take(&queue).await.unwrap(), Woken { count: 1, tenants: tenants(&["globex"]) });
    assert_eq!(queue.full_at(&tenant("acme")).await.unwrap(), None);
    assert_eq!(queue.full_at(&tenant("globex")).await.unwrap(), Some(NOW));
}

#[tokio::test]
async fn one_waker_in_ten_seconds_invokes_until_its_invocation_arrives() {
    let queue = Environment::start().await.queue();
    let invokes = async |after: Duration| {
        let now = NOW.plus(after);
        queue.note_invocation(now, now.minus(SUPPRESSED)).await.unwrap()
    };
    assert!(invokes(Duration::ZERO).await, "the first");
    assert!(!invokes(Duration::from_secs(9)).await, "while the first is under way");
    queue.arrive().await.unwrap();
    assert!(invokes(Duration::from_secs(9)).await, "the first has arrived");
    assert!(invokes(Duration::from_secs(19)).await, "the second is taken for lost");
}

#[tokio::test]
async fn an_arrival_keeps_the_count_and_the_tenants() {
    let queue = Environment::start().await.queue();
    queue.count_up(&tenants(&["acme"])).await.unwrap();
    queue.arrive().await.unwrap();
    assert_eq!(Wakeups::take(&queue).await.unwrap(), Woken { count: 1, tenants: tenants(&["acme"]) });
}

#[tokio::test]
async fn a_lease_is_unexpired_until_it_ends_unless_it_is_renewed_or_released() {
    let queue = Environment::start().await.queue();
    let [end, renewed_end] = [NOW.plus(LEASE), NOW.plus(LEASE * 2)];
    assert!(!queue.is_leased(NOW).await.unwrap(), "it was never taken");
    let lease = Leases::take(&queue, "run", NOW, LEASE).await.unwrap().unwrap();
    assert!(queue.is_leased(end.minus(Duration::from_millis(1))).await.unwrap());
    assert!(!queue.is_leased(end).await.unwrap());
    assert!(queue.renew(&lease, end, LEASE).await.unwrap());
    assert!(queue.is_leased(end).await.unwrap());
    assert!(!queue.is_leased(renewed_end).await.unwrap());
    queue.release(&lease).await.unwrap();
    assert!(!queue.is_leased(end).await.unwrap());
}

#[tokio::test]
async fn a_lease_that_another_run_has_taken_is_not_renewed() {
    let queue = Environment::start().await.queue();
    let lost = Leases::take(&queue, "run-1", NOW, LEASE).await.unwrap().unwrap();
    let newer = Leases::take(&queue, "run-2", NOW.plus(LEASE), LEASE).await.unwrap().unwrap();
    assert!(!queue.renew(&lost, NOW.plus(LEASE), LEASE * 9).await.unwrap());
    assert!(!queue.is_leased(NOW.plus(LEASE * 2)).await.unwrap(), "the lease of run-2 was extended by run-1");
    assert!(queue.renew(&newer, NOW.plus(LEASE), LEASE).await.unwrap());
}

#[tokio::test]
async fn a_tenants_rows_are_read_without_those_of_others() {
    let queue = Environment::start().await.queue();
    for (id, pack) in [("acme", "cat"), ("acme", "dog"), ("acme2", "cat")] {
        queue.upsert(&upsert(id, pack, "1@test")).await.unwrap();
    }
    Leases::take(&queue, "run", NOW, LEASE).await.unwrap();
    queue.count_up(&tenants(&["acme"])).await.unwrap();
    for (id, expected) in [("acme", &["pack#cat", "pack#dog"][..]), ("acme2", &["pack#cat"]), ("globex", &[])] {
        let rows = queue.entries_of(&tenant(id)).await.unwrap().rows;
        let targets: Vec<_> = rows.iter().map(|row| row.target.to_string()).collect();
        assert_eq!(targets, expected, "{id}");
    }
    assert_eq!(queue.entries().await.unwrap().rows.len(), 3, "the lease and the counter are no rows");
}

#[tokio::test]
async fn a_final_purge_is_stored_unless_another_change_was_enqueued() {
    let queue = Environment::start().await.queue();
    let purge = FinalPurge { version: "1@test".to_owned(), ledger_key: "pack#cat#1".to_owned() };
    let purged = queue.upsert(&upsert("acme", "cat", "1@test")).await.unwrap();
    assert!(queue.store_final_purge(RowVersion::from(&purged), &purge).await.unwrap());
    let row = queue.find(&purged.tenant, &purged.target).await.unwrap().unwrap();
    assert_eq!(row.completed_purge(), Some(&purge));

    queue.upsert(&upsert("acme", "cat", "2@test")).await.unwrap();
    assert!(!queue.store_final_purge(RowVersion::from(&purged), &purge).await.unwrap());
    let row = queue.find(&purged.tenant, &purged.target).await.unwrap().unwrap();
    assert_eq!(row.completed_purge(), None, "the purge of the first change does not cover the second");
}

fn upsert(id: &str, pack: &str, version: &str) -> Enqueue {
    Enqueue {
        tenant: tenant(id),
        target: Target::parse(&format!("pack#{pack}")).unwrap(),
        version: version.to_owned(),
        last_event_at: NOW,
        cause: PurgeCause {
            first_event_at: NOW,
            changes: 1,
            reasons: BTreeSet::from([Reason::ImageLocationsChanged]),
            requested_by: BTreeSet::from(["stream".to_owned()]),
        },
        is_purged_at_once: false,
        sequences: Vec::new(),
    }
}
