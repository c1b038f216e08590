//! Throttled partitions, and a throttled Systems Manager.

use futures_util::future::join_all;
use load_proxy::{LoadCounts, LoadFaults, LoadPlan};
use purging::ports::CallErrorKind;
use support::Environment;

use crate::calls::{READS, WRITES, make};
use crate::failure;

/// The faults that `call` meets.
fn faults_of<'a>(call: &str, environment: &'a Environment) -> &'a LoadFaults {
    if call.starts_with("tenants.") { &environment.ssm_faults } else { &environment.dynamodb_faults }
}

fn throttled(faults_max: Option<u64>) -> LoadPlan {
    LoadPlan { throttled_per_mille: 1_000, faults_max, ..LoadPlan::default() }
}

#[tokio::test]
async fn a_call_that_is_throttled_three_times_succeeds() {
    let environment = Environment::start().await;
    for call in READS.into_iter().chain(WRITES) {
        let faults = faults_of(call, &environment);
        let before = faults.counts().throttled;
        faults.inject(throttled(Some(3)));
        make(call, &environment).await.unwrap_or_else(|error| panic!("{call}: {error}"));
        assert_eq!(faults.counts().throttled - before, 3, "{call}");
    }
}

#[tokio::test]
async fn a_call_that_stays_throttled_is_made_eight_times_and_fails_as_throttled() {
    join_all(READS.into_iter().chain(WRITES).map(async |call| {
        let environment = Environment::start().await;
        let faults = faults_of(call, &environment);
        faults.inject(throttled(None));
        let error = failure(make(call, &environment)).await;
        assert_eq!(error.kind(), CallErrorKind::Throttled, "{call}: {error}");
        assert_eq!(faults.counts().throttled, 8, "{call}");
    }))
    .await;
}

#[tokio::test]
async fn a_throttled_partition_delays_no_other() {
    let environment = Environment::start().await;
    let faults = &environment.dynamodb_faults;
    faults.inject(LoadPlan { only: Some("globex".to_owned()), ..throttled(None) });
    for call in ["packs.find", "queue.upsert", "queue.find", "ledger.newest"] {
        make(call, &environment).await.unwrap();
    }
    assert_eq!(faults.counts().throttled, 0);
}

#[tokio::test]
async fn a_registration_is_one_read_of_one_parameter() {
    let environment = Environment::start().await;
    for number in 0..30 {
        environment.register(&format!("tenant{number}"), true).await;
    }
    environment.ssm_faults.inject(throttled(Some(0)));
    let calls = |counts: LoadCounts| counts.calls;
    let before = calls(environment.ssm_faults.counts());
    make("tenants.tenant", &environment).await.unwrap();
    assert_eq!(calls(environment.ssm_faults.counts()) - before, 1);
}
