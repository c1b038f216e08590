//! Figures of a run in `target/figures`, beside those of the tests. `.ci/figures` prints them.

use std::io;

use serde_json::Value;

use local_cloud::checkout::Checkout;

/// Writes `figures` to `target/figures/<name>.json`.
pub(crate) fn write(checkout: &Checkout, name: &str, figures: &Value) -> io::Result<()> {
    let folder = checkout.root().join("target/figures");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{name}.json")), format!("{figures:#}\n"))
}
