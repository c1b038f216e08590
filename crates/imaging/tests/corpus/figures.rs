//! The numbers of cases and of cuts, stored in `target/figures/images.json`.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

#[derive(Clone, Copy)]
struct Figures {
    /// The checked images.
    cases: usize,
    /// The positions at which images were cut, one check each.
    cuts: usize,
}

static FIGURES: Mutex<Figures> = Mutex::new(Figures { cases: 0, cuts: 0 });

/// Counts one image.
pub(crate) fn count_case() {
    count(|figures| figures.cases += 1);
}

/// Counts the positions at which an image was cut.
pub(crate) fn count_cuts(positions: usize) {
    count(|figures| figures.cuts += positions);
}

fn count(add: impl FnOnce(&mut Figures)) {
    let mut figures = FIGURES.lock().unwrap_or_else(PoisonError::into_inner);
    add(&mut figures);
    let Figures { cases, cuts } = *figures;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/figures");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("images.json"), format!("{{ \"image_cases\": {cases}, \"cuts\": {cuts} }}\n")).unwrap();
}
