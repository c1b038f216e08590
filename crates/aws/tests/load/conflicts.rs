//! Transactions that overlap on an item, with others and with plain writes.

use std::time::Duration;

use futures_util::future::join_all;
use load_proxy::LoadPlan;
use purging::ports::{CallErrorKind, Leases, Outbox};
use support::{Environment, LEASE, NOW};

use crate::calls::{WRITES, make, request};
use crate::failure;

fn conflicting(faults_max: Option<u64>) -> LoadPlan {
    LoadPlan { conflicts_per_mille: 1_000, faults_max, ..LoadPlan::default() }
}

#[tokio::test]
async fn a_write_that_conflicts_three_times_succeeds() {
    let environment = Environment::start().await;
    let faults = &environment.dynamodb_faults;
    for call in WRITES {
        let before = faults.counts().conflicts;
        faults.inject(conflicting(Some(3)));
        make(call, &environment).await.unwrap_or_else(|error| panic!("{call}: {error}"));
        assert_eq!(faults.counts().conflicts - before, 3, "{call}");
    }
}

#[tokio::test]
async fn a_write_that_always_conflicts_is_made_eight_times_and_fails_as_a_conflict() {
    join_all(WRITES.into_iter().map(async |call| {
        let environment = Environment::start().await;
        environment.dynamodb_faults.inject(conflicting(None));
        let error = failure(make(call, &environment)).await;
        assert_eq!(error.kind(), CallErrorKind::Conflict, "{call}: {error}");
        assert_eq!(environment.dynamodb_faults.counts().conflicts, 8, "{call}");
    }))
    .await;
}

/// Every request of a purge run names the lease in a `ConditionCheck`.
#[tokio::test]
async fn requests_that_are_written_at_once_under_one_lease_are_all_written() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let lease = queue.take("run", NOW, LEASE).await.unwrap().unwrap();
    let faults = &environment.dynamodb_faults;
    faults.inject(LoadPlan { transaction_lasts: Duration::from_millis(20), ..LoadPlan::default() });
    let requests: Vec<_> = ["one", "two", "three", "four"].map(request).into();
    let written = join_all(requests.iter().map(|request| queue.write(request, Some(&lease)))).await;
    assert!(written.into_iter().all(|written| written.unwrap()));
    assert!(faults.counts().conflicts > 0, "no two transactions overlapped");
    assert_eq!(queue.requests().await.unwrap().rows.len(), 4);
}

/// Another purge run takes the lease while a request is being written.
#[tokio::test]
async fn a_lease_is_taken_while_a_transaction_checks_it() {
    let environment = Environment::start().await;
    let queue = environment.queue();
    let lease = queue.take("run", NOW, LEASE).await.unwrap().unwrap();
    let faults = &environment.dynamodb_faults;
    faults.inject(LoadPlan { transaction_lasts: Duration::from_millis(200), ..LoadPlan::default() });
    let request = request("one");
    let later = NOW.plus(LEASE);
    let (written, taken) = tokio::join!(queue.write(&request, Some(&lease)), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        queue.take("next-run", later, LEASE).await
    });
    assert!(written.unwrap());
    assert_eq!(taken.unwrap().unwrap().token, lease.token + 1);
    assert!(faults.counts().conflicts > 0, "the lease was not taken during the transaction");
}
