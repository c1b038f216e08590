//! Seeds that once had a violation, each with what it showed.

use simulation::play;

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
