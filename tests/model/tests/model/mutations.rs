//! Every rule is needed: without it, the checker finds a violation.

use std::collections::BTreeSet;

use model::action::Action;
use model::config::{Config, Starts, VariantsBucket};
use model::mutation::Mutation;
use model::properties::{LIVENESS, NO_WAKE_UP_LOST, NOT_KNOWN_STALE, NOTHING_LOST, PRICE, SAFETY};
use stateright::{Checker, HasDiscoveries, Model};

use crate::figures::keep_counter_example;

fn check(mutation: Mutation, config: Config, violated: &'static str) {
    let model = config.with(mutation);
    let actions = shortest_violation(&model, violated);
    assert!(!actions.is_empty(), "{mutation:?} breaks nothing within the bounds");
    keep_counter_example(&format!("{mutation:?}"), violated, actions.len());
    for (number, action) in actions.iter().enumerate() {
        println!("  {}. {action:?}", number + 1);
    }
}

/// Looks again and again for a shorter way, since the checker works through many states before it looks whether it is
/// done. Empty: there is none.
fn shortest_violation(model: &Config, violated: &'static str) -> Vec<Action> {
    let holds = model.property(violated).condition;
    let mut shortest: Vec<Action> = Vec::new();
    loop {
        let finish_when = HasDiscoveries::AllOf(BTreeSet::from([violated]));
        let mut checker = model.clone().checker().finish_when(finish_when);
        if !shortest.is_empty() {
            // The checker counts states, the first one included.
            checker = checker.target_max_depth(shortest.len() + 1);
        }
        let Some(path) = checker.spawn_bfs().join().discovery(violated) else { return shortest };
        let steps = path.into_vec().into_iter().take_while(|(state, _)| holds(model, state));
        shortest = steps.filter_map(|(_, action)| action).collect();
    }
}

/// Wake-ups play no part in most counter-examples.
fn one_write() -> Config {
    Config { starts: Starts::Schedule, ..Config::one_write() }
}

fn two_writes() -> Config {
    Config { writes: vec![2], ..one_write() }
}

/// A version is billed twice when two requests that name it differ in something else.
fn two_packs() -> Config {
    Config { writes: vec![1, 1], ..one_write() }
}

fn two_packs_and_overlapping_purge_runs() -> Config {
    Config { purge_runs: 2, stalls: 1, ..two_packs() }
}

fn existing_bucket() -> Config {
    Config { bucket: VariantsBucket::Existing, ..one_write() }
}

fn a_delete() -> Config {
    Config { writes: vec![0], deletes: 1, ..one_write() }
}

fn two_wake_ups() -> Config {
    Config { redeliveries: 1, ..Config::one_write() }
}

#[test]
fn without_the_fingerprint_in_its_key_a_stale_variant_is_served() {
    check(Mutation::NoFingerprintInTheKey, one_write(), NOT_KNOWN_STALE);
}

#[test]
fn without_the_fingerprint_in_its_key_a_variant_that_is_deleted_after_the_purge_refills_an_edge() {
    check(Mutation::NoFingerprintInTheKey, one_write(), SAFETY);
}

#[test]
fn a_response_that_leaves_later_than_answer_max_reaches_an_edge_after_the_final_purge() {
    check(Mutation::AnswerMaxNotEnforced, one_write(), SAFETY);
}

#[test]
fn a_settle_delay_without_answer_max_is_too_short() {
    check(Mutation::SettleDelayWithoutAnswerMax, one_write(), SAFETY);
}

#[test]
fn a_settle_delay_without_edge_fetch_max_is_too_short() {
    check(Mutation::SettleDelayWithoutEdgeFetchMax, one_write(), SAFETY);
}

#[test]
fn a_settle_delay_without_its_margin_is_too_short() {
    check(Mutation::SettleDelayWithoutMargin, one_write(), SAFETY);
}

#[test]
fn a_late_upsert_that_takes_last_event_at_back_settles_a_later_write_too_early() {
    check(Mutation::LastEventAtGoesBack, Config { redeliveries: 1, ..two_writes() }, SAFETY);
}

#[test]
fn cloudfront_invalidated_before_s3_refills_an_edge_from_a_variant_that_is_deleted_later() {
    check(Mutation::CloudFrontBeforeS3, existing_bucket(), SAFETY);
}

#[test]
fn without_a_delay_after_the_deletion_an_edge_stores_a_variant_read_before_it() {
    check(Mutation::NoDelayAfterDeletion, existing_bucket(), SAFETY);
    check(Mutation::NoDelayAfterDeletion, a_delete(), SAFETY);
}

#[test]
fn a_delay_after_the_deletion_that_covers_the_edge_only_forgets_the_readers_of_the_variant() {
    check(Mutation::EdgeFetchMaxAfterDeletion, existing_bucket(), SAFETY);
    check(Mutation::EdgeFetchMaxAfterDeletion, a_delete(), SAFETY);
}

#[test]
fn a_redelivery_that_takes_manual_out_of_the_row_purges_before_the_variant_is_deleted() {
    check(Mutation::NextEventForgetsTheDelete, Config { deletes: 1, redeliveries: 1, ..one_write() }, SAFETY);
}

#[test]
fn a_row_that_is_removed_before_its_deletion_leaves_variants_after_a_crash() {
    check(Mutation::RowRemovedBeforeItsDeletion, Config { crashes: 1, ..one_write() }, LIVENESS);
}

#[test]
fn a_row_that_is_removed_at_any_version_takes_a_later_write_with_it() {
    check(Mutation::RowRemovedAtAnyVersion, two_writes(), NOTHING_LOST);
}

#[test]
fn a_row_that_is_removed_when_cloudfront_has_accepted_promises_too_early() {
    check(Mutation::RowRemovedWhenAccepted, one_write(), SAFETY);
}

#[test]
fn without_the_fencing_token_a_purge_run_that_lost_its_lease_bills_the_next_ones_items_too() {
    check(Mutation::FencingTokenNotChecked, two_packs_and_overlapping_purge_runs(), PRICE);
}

#[test]
fn a_request_that_is_sent_before_it_is_in_the_outbox_is_billed_again_after_a_crash() {
    check(Mutation::RequestSentBeforeItIsInTheOutbox, Config { crashes: 1, ..two_packs() }, PRICE);
}

#[test]
fn a_final_purge_under_the_name_of_the_early_one_purges_nothing() {
    check(Mutation::PurgesShareTheirReference, one_write(), SAFETY);
}

#[test]
fn entries_that_are_read_before_the_requests_are_billed_once_more() {
    check(Mutation::EntriesReadBeforeRequests, two_packs_and_overlapping_purge_runs(), PRICE);
}

#[test]
fn a_delete_that_does_not_mark_the_early_purge_shares_it_with_a_purge_run() {
    check(Mutation::DeleteDoesNotMarkTheEarlyPurge, Config { writes: vec![1, 0], deletes: 1, ..one_write() }, PRICE);
}

#[test]
fn a_post_that_joins_a_purge_whose_final_purge_has_begun_purges_nothing() {
    let posts = Config { writes: vec![0], posts: 2, ..one_write() };
    check(Mutation::PostJoinsWhatHasBegun, posts.clone(), NOTHING_LOST);
    check(Mutation::PostJoinsWhatHasBegun, posts, LIVENESS);
}

#[test]
fn an_early_purge_that_is_noted_after_the_final_one_and_undoes_it_is_followed_by_another_final_one() {
    check(Mutation::EarlyPurgeNotedOverTheFinalOne, two_packs_and_overlapping_purge_runs(), PRICE);
}

#[test]
fn an_early_purge_where_early_purges_are_switched_off_is_billed_in_vain() {
    check(Mutation::EarlyPurgesWithoutLimit, Config { early_purge_targets_max: 0, ..one_write() }, PRICE);
}

#[test]
fn a_purge_run_that_ends_without_a_look_at_the_counter_loses_a_wake_up() {
    check(Mutation::CounterNotCompared, two_wake_ups(), NO_WAKE_UP_LOST);
}

#[test]
fn a_purge_run_that_looks_at_the_counter_before_it_releases_the_lease_loses_a_wake_up() {
    check(Mutation::CounterComparedBeforeTheRelease, two_wake_ups(), NO_WAKE_UP_LOST);
}

#[test]
fn a_wake_up_that_reads_the_lease_before_it_counts_is_lost() {
    check(Mutation::LeaseReadBeforeTheCount, two_wake_ups(), NO_WAKE_UP_LOST);
}

#[test]
fn an_expired_lease_that_is_taken_like_a_free_one_loses_the_wake_ups_that_its_run_took() {
    let stall = Config { purge_runs: 2, stalls: 1, ..Config::one_write() };
    check(Mutation::ExpiredLeaseTakenLikeAFreeOne, stall, NO_WAKE_UP_LOST);
}

#[test]
fn an_arrival_that_keeps_invoked_at_suppresses_the_next_invocation() {
    check(Mutation::ArrivalKeepsInvokedAt, two_wake_ups(), NO_WAKE_UP_LOST);
}

#[test]
fn an_arrival_after_the_attempt_on_the_lease_suppresses_an_invocation_that_is_needed() {
    let overlap = Config { purge_runs: 2, ..two_wake_ups() };
    check(Mutation::ArrivalAfterTheLease, overlap, NO_WAKE_UP_LOST);
}

#[test]
fn wake_ups_that_are_taken_after_the_rows_are_read_are_lost() {
    check(Mutation::WakeUpsTakenAfterTheRows, two_wake_ups(), NO_WAKE_UP_LOST);
}
