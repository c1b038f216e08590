//! Sessions with the real kernel and with programs that behave like a broken one.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::Hierarchy;

static CONSTRUCTS: Module =
    Module { name: "constructs", version: "10.8.1", dependencies: &[], hierarchy: &Hierarchy(&[]) };

fn real() -> Session {
    Session::start(Installation::find().unwrap()).unwrap()
}

/// A folder in which `program` is installed as the kernel.
fn installed(program: &str) -> (tempfile::TempDir, Installation) {
    let node_modules = tempfile::tempdir().unwrap();
    let kernel = node_modules.path().join("@jsii/runtime/webpack/lib/program.js");
    fs::create_dir_all(kernel.parent().unwrap()).unwrap();
    fs::write(kernel, program).unwrap();
    let installation = Installation::at(node_modules.path()).unwrap();
    (node_modules, installation)
}

const GREETING: &str = r#"require("node:fs").writeSync(3, '{"hello":"@jsii/runtime@1.140.0"}\n');"#;

#[test]
fn a_module_is_loaded_once_and_its_classes_can_be_created() {
    let mut session = real();
    session.load(&CONSTRUCTS).unwrap();
    session.load(&CONSTRUCTS).unwrap();
    let create = json!({ "api": "create", "fqn": "constructs.RootConstruct", "args": [] });
    let object = session.request("new", &create).unwrap();
    assert!(object["$jsii.byref"].as_str().unwrap().starts_with("constructs.RootConstruct@"), "{object}");
}

#[test]
fn a_thrown_error_has_the_call_and_the_message() {
    let mut session = real();
    let create = json!({ "api": "create", "fqn": "none.Such", "args": [] });
    let error = session.request("new none.Such", &create).unwrap_err();
    assert!(error.to_string().starts_with("new none.Such: "), "{error}");
    assert!(error.to_string().contains("none"), "{error}");
    // The kernel accepts requests after an error.
    session.load(&CONSTRUCTS).unwrap();
}

fn check_start(program: &str, expected: &str) {
    let (_folder, installation) = installed(program);
    let error = Session::start(installation).unwrap_err();
    let text = format!("{error}; {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(text.contains(expected), "{program}: {text}");
}

#[test]
fn a_kernel_without_a_greeting_is_an_error_with_the_cause() {
    check_start("process.exit(3)", "exit status: 3");
    check_start("process.exit(3)", "JSII_NODE");
    check_start(r#"require("node:fs").writeSync(3, "no JSON\n")"#, "no JSON");
    check_start(r#"require("node:fs").writeSync(3, "{}\n")"#, "is no response");
}

#[test]
fn a_kernel_that_is_too_old_is_an_error_with_both_versions_and_the_command_to_run() {
    let greeting = |version: &str| format!(r#"require("node:fs").writeSync(3, '{{"hello":"{version}"}}\n')"#);
    let expected = "the jsii kernel is @jsii/runtime@1.99.3, but 1.140 or later is needed: run `make setup`";
    check_start(&greeting("@jsii/runtime@1.99.3"), expected);
    check_start(&greeting("@jsii/runtime@0.141.0"), "1.140 or later is needed");
    check_start(&greeting("@jsii/runtime"), "is no response");
    let (_folder, installation) = installed(&greeting("@jsii/runtime@2.0.0"));
    Session::start(installation).unwrap();
}

#[test]
fn a_kernel_that_does_not_end_with_its_channel_is_killed() {
    let (_folder, installation) = installed(&format!("{GREETING}setInterval(() => {{}}, 1000);"));
    let mut session = Session::start(installation).unwrap();
    assert_eq!(session.process.end().unwrap().signal(), Some(9));
}

#[test]
fn a_kernel_that_wrote_garbage_is_ended() {
    let (_folder, installation) = installed(&format!(r#"{GREETING}require("node:fs").writeSync(3, "no JSON\n");"#));
    let mut session = Session::start(installation).unwrap();
    let mut receive = || {
        let error = session.channel.receive().unwrap_err();
        session.explain(error).to_string()
    };
    assert!(receive().contains(r#"wrote "no JSON\n", which is no response"#));
    assert!(receive().contains("ended before it responded (exit status: 0)"));
}

fn check_request(program: &str, expected: &str) {
    let (_folder, installation) = installed(&format!("{GREETING}{program}"));
    let mut session = Session::start(installation).unwrap();
    let error = session.request("call", &json!({ "api": "stats" })).unwrap_err();
    assert!(error.to_string().contains(expected), "{program}: {error}");
}

#[test]
fn a_kernel_that_ends_before_its_response_is_an_error() {
    check_request("process.exit(0)", "ended before it responded");
    check_request(r#"require("node:fs").writeSync(3, "{}\n")"#, "is no response");
}

#[test]
fn a_module_of_another_version_is_rejected_with_the_command_to_run() {
    let (folder, installation) = installed(GREETING);
    let check = |expected: &str| {
        let mut session = Session::start(installation.clone()).unwrap();
        let error = session.load(&CONSTRUCTS).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("make setup"), "{error}");
    };
    check("constructs 10.8.1, but no version is installed");
    write(&folder.path().join("constructs/package.json"), r#"{"version":"9.9.9"}"#);
    check("constructs 10.8.1, but 9.9.9 is installed");
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
