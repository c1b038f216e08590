//! The simulation finds bugs: each of these mutations is seen within a thousand seeds. Four rare ones are in
//! `regressions`, each with a seed that shows it.

use simulation::{Mutation, Violation, play};

/// The most seeds until a mutation is found.
const SEEDS_MAX: u64 = 1_000;

fn check(mutation: Mutation, expected: Violation) {
    let found = (0..SEEDS_MAX).find_map(|seed| Some((seed, play(seed, Some(mutation)).violations.remove(&expected)?)));
    let Some((seed, how)) = found else { panic!("{mutation:?} is not seen within {SEEDS_MAX} seeds") };
    println!("{mutation:?}: seed {seed}: {how}");
}

#[test]
fn without_the_fingerprint_in_the_key_a_stale_variant_is_served() {
    check(Mutation::NoFingerprintInTheKey, Violation::Stale);
}

#[test]
fn a_slow_response_that_may_be_cached_shows_a_stale_image() {
    check(Mutation::AnswerMaxNotEnforced, Violation::Stale);
}

#[test]
fn a_row_removed_although_it_changed_loses_a_purge() {
    check(Mutation::RowRemovedAtAnyVersion, Violation::Lost);
}

#[test]
fn a_wake_up_that_a_purge_run_does_not_see_delays_a_purge_for_minutes() {
    check(Mutation::WakeUpCounterNotCompared, Violation::Slow);
}

#[test]
fn a_lease_that_is_never_renewed_is_lost_although_no_service_fails() {
    check(Mutation::LeaseNeverRenewed, Violation::FailedRun);
}

#[test]
fn a_delete_that_joins_the_purge_of_another_state_purges_nothing() {
    check(Mutation::EveryPurgeJoined, Violation::Lost);
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

#[test]
fn a_canceled_transaction_taken_for_done_sends_a_request_that_is_not_in_the_outbox() {
    check(Mutation::CanceledTransactionTakenAsDone, Violation::BilledTwice);
}

#[test]
fn an_invocation_delivered_twice_with_one_fencing_token_is_billed_twice() {
    check(Mutation::TokenOfTheOwner, Violation::BilledTwice);
}

#[test]
fn a_throttled_write_taken_for_done_loses_a_purge() {
    check(Mutation::ThrottledWriteTakenAsDone, Violation::Lost);
}

#[test]
fn unprocessed_keys_taken_for_missing_items_show_what_never_was() {
    check(Mutation::UnprocessedKeysTakenAsMissing, Violation::Stale);
}

#[test]
fn a_throttled_registry_taken_for_empty_is_billed_twice() {
    check(Mutation::ThrottledRegistryIsEmpty, Violation::BilledTwice);
}

#[test]
fn a_registration_that_is_never_read_again_loses_a_purge() {
    check(Mutation::RegistrationsNeverReadAgain, Violation::Lost);
}

#[test]
fn rows_that_leave_with_a_registration_lose_a_purge() {
    check(Mutation::RowsLeaveWithTheirRegistration, Violation::Lost);
}

#[test]
fn rows_that_a_late_invocation_does_not_find_lose_a_purge() {
    check(Mutation::RowsExpire, Violation::Lost);
}

#[test]
fn rows_that_leave_with_a_lost_invocation_lose_a_purge() {
    check(Mutation::RowsLeaveWithALostInvocation, Violation::Lost);
}

#[test]
fn a_denied_invalidation_that_counts_as_completed_shows_a_stale_image() {
    check(Mutation::DenialTakenAsCompleted, Violation::Stale);
}

#[test]
fn a_denial_that_is_like_any_other_failure_fails_every_purge_run() {
    check(Mutation::DenialOfNoKind, Violation::FailedRun);
}

#[test]
fn a_denial_for_one_tenant_that_concerns_all_keeps_the_others_back() {
    check(Mutation::DenialOfOneDeniesAll, Violation::KeptBack);
}

#[test]
fn an_invalidation_over_a_quota_that_counts_as_completed_shows_a_stale_image() {
    check(Mutation::QuotaTakenAsCompleted, Violation::Stale);
}

#[test]
fn an_edge_that_serves_invalidated_objects_when_the_origin_fails_shows_a_stale_image() {
    check(Mutation::StaleIfErrorIgnored, Violation::Stale);
}

#[test]
fn a_post_that_joins_a_purge_whose_final_part_has_begun_purges_nothing() {
    check(Mutation::PostJoinsWhatHasBegun, Violation::Lost);
}

#[test]
fn a_post_that_wakes_no_purge_run_waits_for_the_schedule() {
    check(Mutation::PostWakesNoPurgeRun, Violation::Slow);
}

#[test]
fn a_post_that_writes_rows_of_a_tenant_that_it_does_not_name_is_seen() {
    check(Mutation::PostWritesRowsOfAnotherTenant, Violation::Foreign);
}

#[test]
fn a_post_that_drops_the_rest_of_its_list_after_a_throttle_loses_purges() {
    check(Mutation::PostDropsTheRestWhenThrottled, Violation::Lost);
}

#[test]
fn a_post_that_takes_no_tokens_is_seen() {
    check(Mutation::PostTakesNoTokens, Violation::Charged);
}

#[test]
fn a_ledger_row_that_is_written_again_loses_its_completion() {
    check(Mutation::CompletionOverwritten, Violation::Misinformed);
}

#[test]
fn a_status_that_does_not_read_the_outbox_conceals_a_purge() {
    check(Mutation::StatusWithoutOutbox, Violation::Misinformed);
}
