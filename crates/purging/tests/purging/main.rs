//! The purge run over the real SDK, against the services of `support`. Its pauses take no time.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod bisection;
mod crash;
mod deletion_after;
mod deletion_before;
mod early_and_final;
mod lease;
mod ledger;
mod metrics;
mod order;
mod quota;
mod reach;
mod registry;
mod tracking;
mod waiting;
mod wakeups;

use std::time::Duration;

use domain::Timestamp;
use purging::purge_run::{PurgeRunError, Summary};
use support::{Environment, NOW, PurgeRun, SETTLE, run_at};

/// The time of a change that has settled at [`NOW`].
fn settled() -> Timestamp {
    NOW.minus(SETTLE)
}

/// Runs once, at [`NOW`].
async fn run(handler: &PurgeRun) -> Result<Summary, PurgeRunError> {
    run_at(handler, "run-1", NOW).await
}

/// Runs once, at [`NOW`], with everything as it should be.
async fn run_in(environment: &Environment) -> Result<Summary, PurgeRunError> {
    run(&environment.purge_run()).await
}

/// The failed steps of a purge run.
fn failed_steps(result: Result<Summary, PurgeRunError>) -> Vec<String> {
    match result {
        Err(PurgeRunError::Steps(failures)) => failures.iter().map(ToString::to_string).collect(),
        other => panic!("expected failed steps: {other:?}"),
    }
}

/// Expects failed steps, each with a message that contains each of `expected`: a step is tried three times at most.
fn check_failed(result: Result<Summary, PurgeRunError>, expected: &[&str]) {
    let failures = failed_steps(result);
    assert!((1..=3).contains(&failures.len()), "{failures:?}");
    for (failure, part) in failures.iter().flat_map(|failure| expected.iter().map(move |part| (failure, part))) {
        assert!(failure.contains(part), "{failure}");
    }
}

/// The purges in the ledger, in the order of their invalidations: the target, the kind, and the seconds from [`NOW`] to the
/// invalidation.
async fn purges(environment: &Environment) -> Vec<(String, &'static str, u64)> {
    let mut purges = Vec::new();
    for row in environment.ledger().await {
        let created_at = Timestamp::from_millis(row["createdAt"].as_u64().unwrap());
        let kind = if row["isFinal"] == true { "final" } else { "early" };
        purges.push((row["target"].as_str().unwrap().to_owned(), kind, created_at.since(NOW).as_secs()));
    }
    purges.sort_by_key(|(target, _, secs)| (*secs, target.clone()));
    purges
}

/// Waits, in real time, until `holds`.
async fn until(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}
