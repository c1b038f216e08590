//! The simulation finds bugs: each of these is planted, and seen within some hundred seeds.

use simulation::{Breach, Planted, play};

/// How many seeds a planted bug may take.
const SEEDS_MAX: u64 = 500;

fn check(planted: Planted, expected: Breach) {
    let found = (0..SEEDS_MAX).find_map(|seed| Some((seed, play(seed, Some(planted)).breaches.remove(&expected)?)));
    let Some((seed, how)) = found else { panic!("{planted:?} is not seen within {SEEDS_MAX} seeds") };
    println!("{planted:?}: seed {seed}: {how}");
}

#[test]
fn cloudfront_told_before_s3_shows_a_stale_image() {
    check(Planted::CloudFrontBeforeS3, Breach::Stale);
}

#[test]
fn a_row_that_goes_although_it_changed_loses_a_purge() {
    check(Planted::RowRemovedAtAnyVersion, Breach::Lost);
}

#[test]
fn without_the_settle_delay_a_stale_image_comes_back() {
    check(Planted::NoSettleDelay, Breach::Stale);
}

#[test]
fn without_the_fencing_token_a_purge_is_billed_twice() {
    check(Planted::FencingTokenNotChecked, Breach::BilledTwice);
}

#[test]
fn a_caller_reference_from_the_clock_is_billed_twice() {
    check(Planted::CallerReferenceFromTheClock, Breach::BilledTwice);
}

#[test]
fn a_purge_that_is_called_completed_too_early_shows_a_stale_image() {
    check(Planted::CompletedAtOnce, Breach::Stale);
}

#[test]
fn variants_of_another_tenant_are_not_deleted_unseen() {
    check(Planted::EveryTenantsVariants, Breach::Foreign);
}

#[test]
fn a_stream_that_goes_on_behind_a_failed_write_loses_a_purge() {
    check(Planted::FailedRecordsSkipped, Breach::Lost);
}
