//! Seeds that once had a violation, each with what it showed. A mutation brings the bug back, to see that the seed
//! still shows it; without it the seed has no violation.

use simulation::{Mutation, Violation, play};

fn check(seed: u64, once: Mutation, violation: Violation) {
    let before = play(seed, Some(once)).violations;
    assert!(before.contains_key(&violation), "seed {seed} no longer shows {once:?}: find another one that does");
    assert_eq!(play(seed, None).violations, [].into(), "replay it with: make simulate SEED={seed}");
}

/// A viewer's request read the stale variant just before it was deleted, and was served slowly, after CloudFront had
/// completed the invalidation: the edge kept the old image for seconds.
#[test]
fn a_slow_response_from_a_variant_that_is_being_purged_is_kept_nowhere() {
    check(11_191, Mutation::StaleKeptBriefly, Violation::Stale);
}

/// Seeds that production code failed, each with its violation. The bug is not one of the mutations, so that only the
/// absence of the violation can be checked.
const ONCE_FAILED: &[(u64, &str)] = &[
    (2, "batches of one purge run canceled each other's transactions on the lease: the purge run failed"),
    (6, "requests to a distribution without permission failed every later purge run"),
    (7, "the registry was throttled at the first read: the purge run failed, and the next ones too"),
    (8, "the failing ledger of one tenant used up the time in which variants are deleted: another tenant waited"),
    (116, "repeated reads of the registry used up the time in which variants are deleted: nothing was purged"),
    (2_996, "CloudFront throttled its API: the purge run failed, although the request was only to be sent again"),
];

#[test]
fn no_seed_fails_again() {
    for (seed, once) in ONCE_FAILED {
        assert_eq!(play(*seed, None).violations, [].into(), "{once}. Replay it with: make simulate SEED={seed}");
    }
}
