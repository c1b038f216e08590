//! The targets of the workspace that Cargo compiles a second time, for the tests in their sources.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use documents::root;
use serde_json::Value;

/// The attributes of tests and of modules with tests.
const ATTRIBUTES: [&str; 3] = ["#[test]", "#[tokio::test", "cfg(test)"];

/// All Rust files below a folder, and a file itself.
fn sources(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        return Vec::from_iter(is_rust.then(|| path.to_owned()));
    }
    fs::read_dir(path).unwrap().flat_map(|entry| sources(&entry.unwrap().path())).collect()
}

/// The sources of a library or of a program. A program beside a library has one file; all others are the library's.
fn sources_of(target: &Value) -> Vec<PathBuf> {
    let main = PathBuf::from(target["src_path"].as_str().unwrap());
    let folder = main.parent().unwrap();
    let is_beside_library = folder.join("lib.rs").is_file() || folder.ends_with("src/bin");
    if target["kind"][0] == "bin" && is_beside_library { vec![main] } else { sources(folder) }
}

#[test]
fn a_target_is_compiled_for_tests_if_and_only_if_it_has_some() {
    let mut cargo = Command::new(env!("CARGO"));
    let output =
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root()).output();
    let metadata: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let targets = package["targets"].as_array().unwrap().iter();
        for target in targets.filter(|target| ["lib", "bin"].iter().any(|kind| target["kind"][0] == *kind)) {
            let has_tests = sources_of(target).iter().any(|path| {
                let text = fs::read_to_string(path).unwrap();
                ATTRIBUTES.iter().any(|attribute| text.contains(attribute))
            });
            let (kind, name, manifest) = (&target["kind"][0], &target["name"], &package["manifest_path"]);
            assert_eq!(target["test"], has_tests, "set `test = {has_tests}` for the {kind} {name} in {manifest}");
        }
    }
}
