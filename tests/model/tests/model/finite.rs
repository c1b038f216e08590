//! Every path of the model comes to an end. Only then does a promise about the ends mean "eventually".

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::config::{Config, Starts, VariantsBucket};
use model::state::State;
use stateright::Model;

fn name_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Walks depth first; a state that is met again on the path that leads to it would be a way to go on for ever.
fn check(config: &Config) {
    let mut path = Vec::new();
    let mut on_path = HashSet::new();
    let mut seen = HashSet::new();
    for state in config.init_states() {
        let name = name_of(&state);
        seen.insert(name);
        on_path.insert(name);
        path.push((name, config.next_states(&state)));
    }
    while let Some((name, next)) = path.last_mut() {
        let Some(state) = next.pop() else {
            on_path.remove(name);
            path.pop();
            continue;
        };
        let name = name_of(&state);
        assert!(!on_path.contains(&name), "the model can go on for ever by way of {state:#?}");
        if seen.insert(name) {
            on_path.insert(name);
            path.push((name, config.next_states(&state)));
        }
    }
}

fn by_schedule() -> Config {
    Config { starts: Starts::Schedule, ..Config::one_write() }
}

#[test]
fn with_crashes_redeliveries_deletes_and_posts_every_path_ends() {
    check(&Config { crashes: 1, redeliveries: 1, ..by_schedule() });
    check(&Config { writes: vec![0], crashes: 1, deletes: 1, ..by_schedule() });
    check(&Config { writes: vec![0], crashes: 1, posts: 2, ..by_schedule() });
    check(&Config { bucket: VariantsBucket::Existing, crashes: 1, ..by_schedule() });
}

#[test]
fn with_overlapping_runs_and_two_packs_every_path_ends() {
    check(&Config { purge_runs: 2, stalls: 1, ..by_schedule() });
    check(&Config { writes: vec![1, 1], ..by_schedule() });
}

#[test]
fn with_wake_ups_that_fail_every_path_ends() {
    check(&Config { crashes: 1, lost_wake_ups: 1, ..Config::one_write() });
    check(&Config { purge_runs: 2, ..Config::one_write() });
}
