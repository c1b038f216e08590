//! Section `strategies`.

use crate::Folders;
use crate::error::BenchError;
use crate::section::Section;

/// Not measured yet.
#[expect(clippy::unnecessary_wraps, reason = "the section is not written yet")]
pub(crate) fn run(_folders: &Folders) -> Result<Section, BenchError> {
    let title = "Strategies".to_owned();
    Ok(Section {
        name: "strategies".to_owned(),
        title,
        conditions: vec![],
        goals: vec![],
        tables: vec![],
        plots: vec![],
    })
}
