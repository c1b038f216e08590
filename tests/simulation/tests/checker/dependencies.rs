//! The simulation is built without an AWS SDK, and the crates that decide without anything that does I/O.
#![expect(clippy::unwrap_used, reason = "for tests: cargo is there and writes UTF-8")]

use std::process::Command;

/// Expects that no dependency of `package` has a name that begins with one of `forbidden`.
fn check(package: &str, forbidden: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.starts_with(&format!("{package} ")), "{}", String::from_utf8_lossy(&output.stderr));
    for dependency in tree.lines() {
        assert!(!forbidden.iter().any(|name| dependency.starts_with(name)), "{package} depends on {dependency}");
    }
}

#[test]
fn the_simulation_depends_on_no_aws_sdk() {
    check(
        "simulation",
        &["aws-config", "aws-credential", "aws-runtime", "aws-sdk", "aws-sigv4", "aws-smithy", "aws-types"],
    );
}

#[test]
fn the_domain_depends_on_nothing_that_does_io() {
    check("domain", &["aws", "lambda", "tokio", "hyper", "reqwest", "rand", "getrandom", "uuid"]);
}

#[test]
fn the_protocol_depends_on_nothing_that_does_io() {
    // aws_lambda_events has the types of Lambda's events, and no client.
    check("purging", &["aws-", "lambda_", "tokio", "hyper", "reqwest", "rand", "getrandom", "uuid"]);
}
