//! The figures of these tests in `target/figures/emulator.json`. `.ci/figures` prints them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

static COUNTED: Mutex<Counted> = Mutex::new(Counted { behaviours: BTreeSet::new(), checks: 0 });

struct Counted {
    /// The names of the tests that have started an emulator.
    behaviours: BTreeSet<String>,
    /// Rows of tables and other comparisons of one response with the expected one.
    checks: u64,
}

/// Counts the test that runs on this thread.
pub(crate) fn count_behaviour() {
    let thread = std::thread::current();
    change(|counted| {
        counted.behaviours.insert(thread.name().unwrap_or_default().to_owned());
    });
}

/// Counts one comparison.
pub(crate) fn count_check() {
    change(|counted| counted.checks += 1);
}

fn change(change: impl FnOnce(&mut Counted)) {
    let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut counted);
    let figures = format!("{{\"behaviours\": {}, \"checks\": {}}}\n", counted.behaviours.len(), counted.checks);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join("emulator.json"), figures));
    assert!(written.is_ok(), "the figures cannot be written to {}: {written:?}", folder.display());
}
