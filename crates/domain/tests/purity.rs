//! The domain decides and never acts: it depends on nothing that does I/O, and reads no clock, environment variable
//! or random source.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn no_dependency_does_io() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "domain", "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(tree.starts_with("domain "), "{}", String::from_utf8_lossy(&output.stderr));
    for dependency in tree.lines() {
        for forbidden in ["aws", "lambda", "tokio", "hyper", "reqwest", "rand", "getrandom", "uuid"] {
            assert!(!dependency.starts_with(forbidden), "the domain depends on {dependency}");
        }
    }
}

#[test]
fn no_source_reads_the_outside_world() {
    let mut sources = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder exists") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            sources += 1;
            let source = fs::read_to_string(&path).expect("readable");
            for forbidden in ["SystemTime", "Instant", "std::env", "std::fs", "std::net", "std::process", "std::thread"]
            {
                assert!(!source.contains(forbidden), "{} uses {forbidden}", path.display());
            }
        }
    }
    assert!(sources > 10, "only {sources} sources found");
}
