//! The promise holds in every state that the model can come to.

use model::config::Config;
use stateright::{Checker, HasDiscoveries, Model};

use crate::figures::keep_config;

fn check(name: &str, config: Config) {
    let bounds = config.bounds();
    let checker = config.checker().finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
    keep_config(name, &bounds, checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn one_write_among_crashes_overlapping_runs_and_a_late_redelivery() {
    let faults = Config { purge_runs: 2, crashes: 1, stalls: 1, redeliveries: 1, ..Config::one_write() };
    check("one write, every fault", faults);
}

#[test]
fn two_writes_to_one_pack_with_crashes_and_overlapping_runs() {
    let faults = Config { writes: vec![2], purge_runs: 2, crashes: 1, stalls: 1, ..Config::one_write() };
    check("two writes, overlapping purge runs", faults);
}

#[test]
fn two_writes_to_one_pack_and_the_first_is_delivered_again_late() {
    let redelivered = Config { writes: vec![2], redeliveries: 1, ..Config::one_write() };
    check("two writes, late redelivery", redelivered);
}

#[test]
fn two_packs_in_one_request_with_crashes() {
    let crashes = Config { writes: vec![1, 1], crashes: 2, ..Config::one_write() };
    check("two packs, crashes", crashes);
}

#[test]
fn two_packs_in_one_request_with_overlapping_runs() {
    let overlap = Config { writes: vec![1, 1], purge_runs: 2, stalls: 1, ..Config::one_write() };
    check("two packs, overlapping purge runs", overlap);
}

#[test]
fn a_delete_beside_the_runs_with_crashes() {
    let delete = Config { deletes: 1, crashes: 2, ..Config::one_write() };
    check("DELETE, crashes", delete);
}

#[test]
fn a_delete_beside_overlapping_runs() {
    let delete = Config { deletes: 1, purge_runs: 2, stalls: 1, ..Config::one_write() };
    check("DELETE, overlapping purge runs", delete);
}
