//! The simulation finds bugs: each of these mutations is seen within some hundred seeds.

use simulation::{Mutation, Violation, play};

/// The most seeds until a mutation is found.
const SEEDS_MAX: u64 = 500;

fn check(mutation: Mutation, expected: Violation) {
    let found = (0..SEEDS_MAX).find_map(|seed| Some((seed, play(seed, Some(mutation)).violations.remove(&expected)?)));
    let Some((seed, how)) = found else { panic!("{mutation:?} is not seen within {SEEDS_MAX} seeds") };
    println!("{mutation:?}: seed {seed}: {how}");
}

#[test]
fn cloudfront_invalidated_before_s3_shows_a_stale_image() {
    check(Mutation::CloudFrontBeforeS3, Violation::Stale);
}

#[test]
fn a_row_removed_although_it_changed_loses_a_purge() {
    check(Mutation::RowRemovedAtAnyVersion, Violation::Lost);
}

#[test]
fn without_the_settle_delay_a_stale_image_comes_back() {
    check(Mutation::NoSettleDelay, Violation::Stale);
}

#[test]
fn without_the_fencing_token_a_purge_is_billed_twice() {
    check(Mutation::FencingTokenNotChecked, Violation::BilledTwice);
}

#[test]
fn a_caller_reference_from_the_clock_is_billed_twice() {
    check(Mutation::CallerReferenceFromTheClock, Violation::BilledTwice);
}

#[test]
fn a_purge_that_is_called_completed_too_early_shows_a_stale_image() {
    check(Mutation::CompletedAtOnce, Violation::Stale);
}

#[test]
fn variants_of_another_tenant_are_not_deleted_unseen() {
    check(Mutation::EveryTenantsVariants, Violation::Foreign);
}

#[test]
fn a_stream_that_continues_after_a_failed_write_loses_a_purge() {
    check(Mutation::FailedRecordsSkipped, Violation::Lost);
}
