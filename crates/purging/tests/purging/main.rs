//! The purge run over the real SDK, against the services of `support`.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod bisection;
mod crash;
mod lease;
mod ledger;
mod order;
mod partial_failure;
mod quota;
mod reach;
mod settling;
mod tracking;
mod variant_deletion;
mod waiting;

use std::time::Duration;

use domain::Timestamp;
use purging::purge_run::{PurgeRunError, Summary};
use support::{Environment, NOW, PurgeRun, SETTLE, run_at};

/// The time of a change that has settled at [`NOW`].
fn settled() -> Timestamp {
    before(NOW, SETTLE)
}

fn before(time: Timestamp, duration: Duration) -> Timestamp {
    Timestamp::from_millis(time.as_millis() - u64::try_from(duration.as_millis()).unwrap())
}

/// Runs once, at [`NOW`].
async fn run(handler: &PurgeRun) -> Result<Summary, PurgeRunError> {
    run_at(handler, "run-1", NOW).await
}

/// Runs once, at [`NOW`], with everything as it should be.
async fn run_in(environment: &Environment) -> Result<Summary, PurgeRunError> {
    run(&environment.purge_run()).await
}

/// Waits until the purge run that is under way has deleted all variants and pauses before its invalidation.
async fn until_all_variants_are_deleted(environment: &Environment) {
    let gone = async {
        while !environment.variants().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

/// The failed steps of a purge run.
fn failed_steps(result: Result<Summary, PurgeRunError>) -> Vec<String> {
    match result {
        Err(PurgeRunError::Steps(failures)) => failures.iter().map(ToString::to_string).collect(),
        other => panic!("expected failed steps: {other:?}"),
    }
}

/// Expects one failed step, whose message contains each of `expected`.
fn check_failed(result: Result<Summary, PurgeRunError>, expected: &[&str]) {
    let failures = failed_steps(result);
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    for part in expected {
        assert!(failure.contains(part), "{failure}");
    }
}
