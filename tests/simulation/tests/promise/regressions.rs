//! Seeds that once broke the promise, each with what it showed. The bug is planted again, to see that the seed still
//! shows it; without it the seed keeps the promise.

use simulation::{Breach, Planted, play};

fn check(seed: u64, once: Planted, breach: Breach) {
    let before = play(seed, Some(once)).breaches;
    assert!(before.contains_key(&breach), "seed {seed} no longer shows {once:?}: find another one that does");
    assert_eq!(play(seed, None).breaches, [].into(), "replay it with: make simulate SEED={seed}");
}

/// A viewer's request read the stale variant just before it was deleted, and was answered slowly, after CloudFront had
/// completed the invalidation: the edge kept the old image for five seconds.
#[test]
fn a_slow_answer_from_a_variant_that_is_being_purged_is_kept_nowhere() {
    check(13_343, Planted::StaleKeptBriefly, Breach::Stale);
}
