//! The promise holds in every state that the model can come to.

use model::config::{Config, Starts, VariantsBucket};
use stateright::{Checker, HasDiscoveries, Model};

use crate::figures::keep_config;

fn check(name: &str, config: Config) {
    let bounds = config.bounds();
    let checker = config.checker().finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
    keep_config(name, &bounds, checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
}

/// Purge runs are started by the schedule alone: `purge.wake = false`, or each wake-up fails.
fn by_schedule() -> Config {
    Config { starts: Starts::Schedule, ..Config::one_write() }
}

/// Purge runs are started by wake-ups, and by the schedule.
fn by_wake_ups() -> Config {
    Config::one_write()
}

#[test]
fn one_write_among_crashes_overlapping_runs_and_a_late_redelivery() {
    let faults = Config { purge_runs: 2, crashes: 1, stalls: 1, redeliveries: 1, ..by_schedule() };
    check("one write, every fault", faults);
}

#[test]
fn two_writes_to_one_pack_with_crashes_and_overlapping_runs() {
    let faults = Config { writes: vec![2], purge_runs: 2, crashes: 1, stalls: 1, ..by_schedule() };
    check("two writes, overlapping purge runs", faults);
}

#[test]
fn two_writes_to_one_pack_and_the_first_is_delivered_again_late() {
    check("two writes, late redelivery", Config { writes: vec![2], redeliveries: 1, ..by_schedule() });
}

#[test]
fn two_packs_in_one_request_with_crashes() {
    let crashes = Config { writes: vec![1, 1], crashes: 2, early_purge_targets_max: 1, ..by_schedule() };
    check("two packs, crashes", crashes);
}

#[test]
fn two_packs_in_one_request_with_overlapping_runs() {
    let overlap = Config { writes: vec![1, 1], purge_runs: 2, stalls: 1, ..by_schedule() };
    check("two packs, overlapping purge runs", overlap);
}

#[test]
fn two_writes_without_early_purges() {
    let settled = Config { writes: vec![2], crashes: 1, early_purge_targets_max: 0, ..by_schedule() };
    check("two writes, no early purges", settled);
}

#[test]
fn a_delete_before_beside_and_after_a_write_with_a_crash() {
    check("DELETE and write, crash", Config { deletes: 1, crashes: 1, ..by_schedule() });
}

#[test]
fn a_delete_and_a_late_redelivery() {
    check("DELETE and write, late redelivery", Config { deletes: 1, redeliveries: 1, ..by_schedule() });
}

#[test]
fn a_delete_beside_overlapping_runs() {
    let delete = Config { writes: vec![0], deletes: 1, purge_runs: 2, crashes: 1, stalls: 1, ..by_schedule() };
    check("DELETE, overlapping purge runs", delete);
}

#[test]
fn an_existing_bucket_with_a_crash() {
    let existing = Config { bucket: VariantsBucket::Existing, ..by_schedule() };
    check("existing bucket, two writes", Config { writes: vec![2], crashes: 1, ..existing.clone() });
    check("existing bucket, DELETE", Config { deletes: 1, crashes: 1, ..existing });
}

#[test]
fn wake_ups_that_fail_beside_a_crash_and_overlapping_runs() {
    let faults = Config { purge_runs: 2, crashes: 1, stalls: 1, lost_wake_ups: 1, ..by_wake_ups() };
    check("woken: every fault", faults);
}

#[test]
fn wake_ups_of_a_redelivery_with_overlapping_runs() {
    check("woken: redelivery, overlap", Config { redeliveries: 1, purge_runs: 2, ..by_wake_ups() });
    check("woken: redelivery, a wake-up fails", Config { redeliveries: 1, lost_wake_ups: 1, ..by_wake_ups() });
}

#[test]
fn wake_ups_of_two_writes() {
    check("woken: two writes", Config { writes: vec![2], ..by_wake_ups() });
}

#[test]
fn wake_ups_of_two_packs() {
    check("woken: two packs", Config { writes: vec![1, 1], ..by_wake_ups() });
}

#[test]
fn wake_ups_of_a_delete_with_overlapping_runs() {
    let delete = Config { writes: vec![0], deletes: 1, purge_runs: 2, lost_wake_ups: 1, ..by_wake_ups() };
    check("woken: DELETE", delete);
}

#[test]
fn posts_that_begin_or_join_a_purge_with_crashes_and_overlapping_runs() {
    let posts = Config { writes: vec![0], posts: 2, purge_runs: 2, crashes: 1, stalls: 1, ..by_schedule() };
    check("POSTs, overlapping purge runs", posts);
}

#[test]
fn posts_before_beside_and_after_a_write() {
    check("POSTs and write", Config { posts: 2, ..by_schedule() });
}

#[test]
fn a_post_beside_a_delete_with_a_crash() {
    check("POST and DELETE, crash", Config { writes: vec![0], deletes: 1, posts: 1, crashes: 1, ..by_schedule() });
}

#[test]
fn posts_where_another_program_fills_the_bucket() {
    let existing = Config { bucket: VariantsBucket::Existing, writes: vec![0], posts: 2, crashes: 1, ..by_schedule() };
    check("existing bucket, POSTs", existing);
}

#[test]
fn wake_ups_of_posts() {
    check("woken: POSTs", Config { writes: vec![0], posts: 2, lost_wake_ups: 1, ..by_wake_ups() });
}
