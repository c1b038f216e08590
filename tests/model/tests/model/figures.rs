//! The figures of each check, printed and stored in `target/figures/model.json`.

use std::sync::{Mutex, PoisonError};
use std::{fs, path::Path};

use serde_json::{Value, json};

static FIGURES: Mutex<[Vec<Value>; 2]> = Mutex::new([const { Vec::new() }; 2]);

/// Keeps the size of a model that satisfies the promise.
pub(crate) fn keep_config(name: &str, bounds: &str, states: usize, unique_states: usize) {
    println!("{name} ({bounds}): {unique_states} states, {states} with repetitions");
    keep(0, json!({ "name": name, "bounds": bounds, "states": states, "unique_states": unique_states }));
}

/// Keeps the length of a counter-example.
pub(crate) fn keep_counter_example(mutation: &str, property: &str, steps: usize) {
    println!("{mutation}: after {steps} steps it is not true that {property}");
    keep(1, json!({ "mutation": mutation, "property": property, "steps": steps }));
}

fn keep(list: usize, figure: Value) {
    let mut figures = FIGURES.lock().unwrap_or_else(PoisonError::into_inner);
    figures[list].push(figure);
    for list in figures.iter_mut() {
        list.sort_by_key(ToString::to_string);
    }
    let [configs, counter_examples] = &*figures;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    let all = json!({ "configs": configs, "counter_examples": counter_examples });
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("model.json"), format!("{all:#}\n")));
    assert!(written.is_ok(), "the figures cannot be written to {}: {written:?}", folder.display());
}
