//! `target/figures`: numbers that a test run ends with.

use std::io;

use serde_json::Value;

use crate::checkout::Checkout;

/// Writes `<name>.json`.
pub fn write(checkout: &Checkout, name: &str, figures: &Value) -> io::Result<()> {
    let folder = checkout.root().join("target/figures");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{name}.json")), format!("{figures}\n"))
}
