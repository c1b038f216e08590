//! Every rule is needed: without it, the checker finds a violation.

use std::collections::BTreeSet;

use model::action::Action;
use model::config::Config;
use model::mutation::Mutation;
use model::properties::{BILL, NOTHING_LOST, SAFETY};
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

fn one_write() -> Config {
    Config::one_write()
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

#[test]
fn cloudfront_invalidated_before_s3_refills_an_edge_from_a_variant_that_is_deleted_later() {
    check(Mutation::CloudFrontBeforeS3, one_write(), SAFETY);
}

#[test]
fn without_the_settle_rule_image_processing_stores_the_old_image_after_the_purge() {
    check(Mutation::NoSettleRule, one_write(), SAFETY);
}

#[test]
fn a_settle_delay_that_leaves_nothing_for_clock_skew_is_too_short() {
    check(Mutation::SettleDelayWithoutClockSkew, one_write(), SAFETY);
}

#[test]
fn a_row_that_is_removed_at_any_version_takes_a_later_write_with_it() {
    check(Mutation::RowRemovedAtAnyVersion, two_writes(), NOTHING_LOST);
}

#[test]
fn without_the_fencing_token_a_purge_run_that_lost_its_lease_bills_the_next_ones_items_too() {
    check(Mutation::FencingTokenNotChecked, two_packs_and_overlapping_purge_runs(), BILL);
}

#[test]
fn without_a_pause_an_edge_stores_a_variant_read_before_the_deletes() {
    check(Mutation::NoPauseForEdgeFetches, one_write(), SAFETY);
}

#[test]
fn a_pause_that_leaves_nothing_for_clock_skew_is_too_short() {
    check(Mutation::PauseWithoutClockSkew, one_write(), SAFETY);
}

#[test]
fn a_request_that_is_sent_before_it_is_in_the_outbox_is_billed_again_after_a_crash() {
    check(Mutation::RequestSentBeforeItIsInTheOutbox, Config { crashes: 1, ..two_packs() }, BILL);
}

#[test]
fn a_final_purge_under_the_name_of_the_early_one_purges_nothing() {
    check(Mutation::PurgesShareTheirReference, one_write(), SAFETY);
}

#[test]
fn a_row_that_is_removed_when_cloudfront_has_accepted_promises_too_early() {
    check(Mutation::RowRemovedWhenAccepted, one_write(), SAFETY);
}

#[test]
fn entries_that_are_read_before_the_requests_are_billed_once_more() {
    check(Mutation::EntriesReadBeforeRequests, two_packs_and_overlapping_purge_runs(), BILL);
}

#[test]
fn a_delete_that_does_not_mark_the_early_purge_shares_it_with_a_purge_run() {
    check(Mutation::DeleteDoesNotMarkTheEarlyPurge, Config { deletes: 1, ..two_packs() }, BILL);
}

#[test]
fn a_late_upsert_that_takes_last_event_at_back_settles_a_later_write_too_early() {
    check(Mutation::LastEventAtGoesBack, Config { redeliveries: 1, ..two_writes() }, SAFETY);
}
