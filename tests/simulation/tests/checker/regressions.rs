//! Seeds that once had a violation, each with what it showed. A mutation brings the bug back, to see that the seed
//! still shows it; without it the seed has no violation.

use simulation::{Mutation, Violation, play};

fn check(seed: u64, once: Mutation, violation: Violation) {
    let before = play(seed, Some(once)).violations;
    assert!(before.contains_key(&violation), "seed {seed} no longer shows {once:?}: find another one that does");
    assert_eq!(play(seed, None).violations, [].into(), "replay it with: make simulate SEED={seed}");
}

/// A viewer's request read the stale variant just before it was deleted, and was served slowly, after CloudFront had
/// completed the invalidation: the edge kept the old image for five seconds.
#[test]
fn a_slow_response_from_a_variant_that_is_being_purged_is_kept_nowhere() {
    check(13_343, Mutation::StaleKeptBriefly, Violation::Stale);
}
