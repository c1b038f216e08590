//! Writes the OpenAPI document without its indentation, which would be two fifths of it.

use std::io::Result;
use std::path::Path;
use std::{env, fs};

const DOCUMENT: &str = "../../docs/openapi.json";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    // No text of JSON spans lines.
    let document: String = fs::read_to_string(DOCUMENT)?.lines().map(str::trim_start).collect();
    let folder = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&folder).join("openapi.json"), document)
}
