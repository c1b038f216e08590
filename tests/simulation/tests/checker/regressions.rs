//! Seeds that once had a violation, each with what it showed. Where a mutation brings the bug back, the seed still shows
//! it; without the mutation the seed has no violation.

use simulation::{Mutation, Violation, play};

fn check(seed: u64, once: Mutation, violation: Violation) {
    let before = play(seed, Some(once)).violations;
    assert!(before.contains_key(&violation), "seed {seed} no longer shows {once:?}: find another one that does");
    assert_eq!(play(seed, None).violations, [].into(), "replay it with: make simulate SEED={seed}");
}

/// The read of a stored variant took seconds. Meanwhile the pack changed and CloudFront completed the final purge.
#[test]
fn a_slow_response_that_rests_on_an_old_read_is_kept_nowhere() {
    check(2_803, Mutation::AnswerMaxNotEnforced, Violation::Stale);
}

/// The way of a response to its edge took longer than the whole purge.
#[test]
fn a_response_on_a_slow_way_to_its_edge_arrives_before_the_final_purge() {
    check(7_336, Mutation::NoSettleDelay, Violation::Stale);
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
    (2_996, "CloudFront throttled its API: the purge run failed, although the request was only to be sent again"),
];

#[test]
fn no_seed_fails_again() {
    for (seed, once) in ONCE_FAILED {
        assert_eq!(play(*seed, None).violations, [].into(), "{once}. Replay it with: make simulate SEED={seed}");
    }
}
