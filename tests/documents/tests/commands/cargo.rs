//! `cargo`: the programs, tests and packages of the workspace exist.

use std::process::Command;

use documents::root;
use serde_json::Value;

#[test]
fn programs_tests_and_packages_exist() {
    let mut metadata = Command::new("cargo");
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
    let metadata: Value = serde_json::from_slice(&metadata.output().unwrap().stdout).unwrap();
    let packages = || metadata["packages"].as_array().unwrap().iter();
    let has_target = |kind: &str, name: &str| {
        let mut targets = packages().flat_map(|package| package["targets"].as_array().unwrap());
        targets.any(|target| target["kind"][0] == kind && target["name"] == name)
    };
    super::check_all("cargo", |arguments, _| {
        for pair in arguments.windows(2) {
            let exists = match pair[0].as_str() {
                "--bin" => has_target("bin", &pair[1]),
                "--test" => has_target("test", &pair[1]),
                "-p" => packages().any(|package| package["name"] == pair[1].as_str()),
                _ => true,
            };
            if !exists {
                return Err(format!("the workspace has no {} {}", pair[0], pair[1]));
            }
        }
        Ok(())
    });
}
