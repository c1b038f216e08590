//! Seeds that once had a violation, each with what it showed. Where a mutation brings the bug back, the seed still shows
//! it; without the mutation the seed has no violation.

use simulation::{Mutation, Violation, play};

fn check(seed: u64, once: Mutation, violation: Violation) {
    let before = play(seed, Some(once)).violations;
    assert!(before.contains_key(&violation), "seed {seed} no longer shows {once:?}: find another one that does");
    assert_eq!(play(seed, None).violations, [].into(), "replay it with: make simulate SEED={seed}");
}

/// The way of a response to its edge took longer than the whole purge.
#[test]
fn a_response_on_a_slow_way_to_its_edge_arrives_before_the_final_purge() {
    check(391, Mutation::NoSettleDelay, Violation::Stale);
}

/// The same, with a settle delay of a second, shorter than each of its parts.
#[test]
fn a_response_that_leaves_in_time_and_travels_slowly_arrives_before_the_final_purge() {
    check(3_315, Mutation::SettleDelayShorterThanItsParts, Violation::Stale);
}

/// A purge run could not take the lease, because a transaction of the one before it was under way.
#[test]
fn a_purge_run_whose_lease_conflicts_with_a_transaction_does_not_run() {
    check(628, Mutation::LeaseTakenDespiteConflict, Violation::BilledTwice);
}

/// The row had settled when a purge run found the invalidation of everything in the outbox, not when that was created.
#[test]
fn an_invalidation_that_is_older_than_the_settling_leaves_an_old_image() {
    check(2_527, Mutation::JoinedBeforeSettled, Violation::Stale);
}

/// Seeds that production code failed, each with its violation. The bug is not one of the mutations, so that only the
/// absence of the violation can be checked.
const ONCE_FAILED: &[(u64, &str)] = &[
    (2, "batches of one purge run canceled each other's transactions on the lease: the purge run failed"),
    (6, "requests to a distribution without permission failed every later purge run"),
    (7, "the registry was throttled at the first read: the purge run failed, and the next ones too"),
    (8, "the failing ledger of one tenant used up the time in which variants are deleted: another tenant waited"),
    (116, "repeated reads of the registry used up the time in which variants are deleted: nothing was purged"),
    (589, "a DELETE took longer than the settle delay and sent the final purge beside a purge run: billed twice"),
    (61, "a stricter throttle of CloudFront's API than the pacer's slowed the purge run down for minutes"),
    (95, "a row that had changed was planned as the purge run remembered it: billed twice"),
    (372, "a request whose first write seemed lost had another ledger key: its purge was never called completed"),
    (2_633, "a write to the outbox took effect after its rows were planned anew, by the same purge run: billed twice"),
    (2_996, "CloudFront throttled its API: the purge run failed, although the request was only to be sent again"),
    (3_703, "the registry had been read before a tenant moved: its final purge went to the former distribution"),
    (2_343, "a status had read the queue before the outbox: it concealed an early purge that CloudFront had completed"),
    (5_005_051, "a busy purge run kept the lease, and never read the rows without a wake-up: 187 seconds"),
];

#[test]
fn no_seed_fails_again() {
    for (seed, once) in ONCE_FAILED {
        assert_eq!(play(*seed, None).violations, [].into(), "{once}. Replay it with: make simulate SEED={seed}");
    }
}
