//! The CDK's command line: the stacks that it lists, and the errors of invalid environments.

use serde_json::json;

use crate::environments::{edited, folder, of_the_repository};
use crate::synthesis::{list, list_with, read_json, root, tool};

/// Lists the stacks of `dev.toml` with one edit, and expects an error that contains every text.
fn check(name: &str, line: &str, edited: &str, expected: &[&str]) {
    let output = list(name, &folder(name, &[("dev", &[(line, edited)])]));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{edited} was accepted");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    for expected in expected.iter().chain(&["dev.toml"]) {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn it_lists_a_stack_for_data_pipeline_and_each_tenant_of_each_environment() {
    let expected = "\
dev/data (dev-lof-images-data)
dev/pipeline (dev-lof-images-pipeline)
dev/edge-1 (dev-lof-images-edge-1)
dev/tenant-acme (dev-lof-images-tenant-acme)
dev/tenant-globex (dev-lof-images-tenant-globex)
prod/data (prod-lof-images-data)
prod/pipeline (prod-lof-images-pipeline)
prod/edge-1 (prod-lof-images-edge-1)
prod/tenant-acme (prod-lof-images-tenant-acme)
prod/tenant-globex (prod-lof-images-tenant-globex)
";
    assert_eq!(of_the_repository().listing, expected);
    assert!(edited().listing.contains("dev/tenant-initech (dev-lof-images-tenant-initech)\n"));
}

#[test]
fn a_value_out_of_range_is_rejected_with_file_key_and_range() {
    let expected = ["purge.every_minutes is 0", "allowed: 1 to 60"];
    check("out-of-range", "every_minutes = 5", "every_minutes = 0", &expected);
}

#[test]
fn only_the_environment_that_is_named_is_read() {
    let folder = folder("alone", &[("dev", &[]), ("prod", &[("every_minutes = 5", "every_minutes = 0")])]);
    let output = list_with("alone", &folder, &[("environment", "dev")], &[]);
    let listing = String::from_utf8_lossy(&output.stdout);
    assert!(listing.starts_with("dev/data ") && !listing.contains("prod"), "{listing}");
}

#[test]
fn credentials_of_another_account_are_refused() {
    let folder = folder("accounts", &[("dev", &[]), ("prod", &[("123456789012\"\nregion", "210987654321\"\nregion")])]);
    for (context, account, is_allowed) in [
        (vec![], "123456789012", true),
        (vec![], "210987654321", true),
        (vec![("environment", "dev")], "210987654321", false),
        (vec![], "111111111111", false),
    ] {
        let output = list_with("accounts", &folder, &context, &[("CDK_DEFAULT_ACCOUNT", account)]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_allowed, "{context:?} {account}: {message}");
        if !is_allowed {
            for expected in [&format!("the credentials are of account {account}"), "dev.toml is for 123456789012"] {
                assert!(message.contains(expected), "{message:?} lacks {expected:?}");
            }
        }
    }
}

#[test]
fn handlers_that_are_not_built_are_named_with_the_command_that_builds_them() {
    let output = list_with("not-built", &folder("not-built", &[("dev", &[])]), &[("binaries", "target/nowhere")], &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let path = "target/nowhere/arm64-release/dynamodb-imagepacks-stream/bootstrap";
    let expected = format!("{path} is missing: the handlers are not built. Run `make handlers`");
    assert!(message.contains(&expected), "{message}");
}

#[test]
fn a_choice_that_does_not_exist_is_rejected_with_file_line_and_choices() {
    let expected = ["architecture = \"arm\"", "`arm64`", "`x86_64`"];
    check("no-such-choice", "architecture = \"arm64\"", "architecture = \"arm\"", &expected);
}

#[test]
fn every_feature_flag_that_the_cdk_recommends_is_decided() {
    let decided = read_json(&root().join("cdk.json"))["context"].clone();
    let recommended = read_json(&tool("node_modules/aws-cdk-lib/recommended-feature-flags.json"));
    let open: Vec<_> =
        recommended.as_object().unwrap().keys().filter(|flag| decided[flag.as_str()].is_null()).collect();
    assert!(open.is_empty(), "cdk.json does not decide {open:?}");
    // The only partition that the environments' rules allow.
    assert_eq!(decided["@aws-cdk/core:target-partitions"], json!(["aws"]));
    assert_eq!(decided["@aws-cdk/core:defaultCrossStackReferences"], "weak");
}
