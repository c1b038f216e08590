//! Programs whose kernel ends, is missing, or shares its process with noise. A program that needs an environment of its
//! own is this test binary, started again: `program` carries out the scenario that the environment names.
#![expect(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use std::{env, fs, thread};

use jsii_runtime::modules::Installation;
use jsii_runtime::{Handle, Hierarchy, Implementation, Module, Object, ToJs, create, get, invoke};
use serde_json::{Value, json};

static CONSTRUCTS: Module = Module {
    name: "constructs",
    version: "10.8.1",
    dependencies: &[],
    assembly: include_bytes!("../../../node_modules/constructs/.jsii"),
    hierarchy: &Hierarchy(&[]),
};

jsii_runtime::handle! { Root: Object = "constructs.RootConstruct" in CONSTRUCTS, is [] }
jsii_runtime::handle! { Construct: Object = "constructs.Construct" in CONSTRUCTS, is [] }
jsii_runtime::handle! { Validation: Object = "constructs.IValidation" in CONSTRUCTS, is [] }

/// The node of a new tree, in the real kernel.
fn node() -> jsii_runtime::Result<Object> {
    get(create::<Root>(&[])?.object(), "node")
}

/// Lets JavaScript call `validate`.
fn validated(validate: fn()) -> jsii_runtime::Result<Value> {
    let validation = Implementation::<Validation>::new(&["validate"], &[], move |_, _| {
        validate();
        Ok(json!([]))
    });
    let validation = validation.create()?;
    let node = node()?;
    invoke::<()>(&node, "addValidation", &[validation.object().to_js()])?;
    invoke(&node, "validate", &[])
}

/// The variable that names the scenario of a program.
const SCENARIO: &str = "JSII_TEST_SCENARIO";

/// The scenarios. Each prints its results.
#[test]
fn program() {
    let print = |result: jsii_runtime::Result<Value>| match result {
        Ok(value) => println!("returned {value}"),
        Err(error) => println!("failed: {error}"),
    };
    let wait = || {
        println!("waiting");
        thread::sleep(Duration::from_mins(2));
    };
    match env::var(SCENARIO).as_deref() {
        Ok("create") => print(create::<Object>(&[]).map(|object| object.to_js())),
        Ok("throw") => print(
            create::<Root>(&[json!("/")])
                .and_then(|root| create::<Construct>(&[root.to_js(), json!("")]))
                .map(|_| Value::Null),
        ),
        Ok("callback") => {
            let object = Implementation::<Object>::new(&["visit"], &[], |_, _| Ok(create::<Object>(&[])?.to_js()))
                .create()
                .unwrap();
            print(invoke(&object, "visit", &[]));
            print(invoke(&object, "visit", &[]));
        }
        Ok("wait") => {
            print(node().map(|node| node.to_js()));
            wait();
        }
        Ok("wait in a callback") => print(validated(wait)),
        Ok("lone surrogate") => {
            let node = node().unwrap();
            invoke::<()>(&node, "setContext", &[json!("key"), json!("a LONE b")]).unwrap();
            print(invoke(&node, "tryGetContext", &[json!("key")]));
        }
        _ => {}
    }
}

/// The program that carries out `scenario`.
fn command(scenario: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "program", "--nocapture"]).env(SCENARIO, scenario).env("RUST_BACKTRACE", "0");
    command
}

/// The output of a program, which succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn check(command: &mut Command, expected: &[&str]) {
    let output = output(command);
    for expected in expected {
        assert!(output.contains(expected), "no {expected:?} in {output}");
    }
}

/// A `node_modules` folder in whose cache `program` is the kernel. It can send and receive messages.
fn installed(program: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let node_modules = folder.path().join("node_modules");
    fs::create_dir(&node_modules).unwrap();
    let kernel = Installation::at(&node_modules).unwrap().kernel().unwrap();
    let start = r#"
        const fs = require("node:fs");
        const send = message => fs.writeSync(3, JSON.stringify(message) + "\n");
        const receive = () => fs.readSync(3, Buffer.alloc(65536));
        const respond = message => { receive(); send(message); };
        send({ hello: "@jsii/runtime@1.140.0" });
    "#;
    fs::write(kernel, format!("{start}{program}")).unwrap();
    folder
}

/// The fake kernels run on the Node binary of the real installation.
fn with_kernel<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    let node = Installation::find().unwrap().node();
    command.env("JSII_NODE_MODULES", folder.join("node_modules")).env("JSII_NODE", node)
}

#[test]
fn a_node_binary_that_does_not_exist_is_named_with_the_variable_to_set() {
    check(
        command("create").env("JSII_NODE", "/nowhere/node"),
        &["cannot start the jsii kernel with /nowhere/node", "install Node 22 or later", "set JSII_NODE"],
    );
}

#[test]
fn a_kernel_that_ends_in_a_call_is_an_error_with_its_status() {
    let folder = installed("receive(); process.exit(7);");
    check(
        with_kernel(&mut command("create"), folder.path()),
        &["failed: the jsii kernel ended before it responded (exit status: 7)", "standard error"],
    );
}

/// The kernel ends when it has sent a callback, or when the callback calls it. Both calls of the scenario fail.
#[test]
fn a_kernel_that_ends_while_a_callback_runs_is_an_error_of_the_call_that_led_to_it() {
    let callback = r#"
        respond({ ok: { "$jsii.byref": "Object@10000" } });
        respond({ callback: { cbid: "c1", cookie: "0", invoke: { method: "visit", args: [] } } });
    "#;
    for end in ["process.exit(7);", "receive(); process.exit(7);", r#"process.kill(process.pid, "SIGKILL");"#] {
        let folder = installed(&format!("{callback}{end}"));
        let output = output(with_kernel(&mut command("callback"), folder.path()));
        let failures = output.matches("failed: the jsii kernel ended before it responded (").count();
        assert_eq!(failures, 2, "{end}: {output}");
    }
}

/// JavaScript that is loaded into the real kernel before its own program.
fn preloaded(command: &mut Command, javascript: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("preloaded.js");
    fs::write(&script, javascript).unwrap();
    let output = output(command.env("NODE_OPTIONS", format!("--require {}", script.display())));
    (folder, output)
}

#[test]
fn output_of_javascript_does_not_disturb_the_channel() {
    let noise = r#"
        const fs = require("node:fs");
        const read = fs.readSync;
        fs.readSync = (...args) => {
            process.stdout.write('{"ok":{"noise":1}}\n');
            process.stderr.write('{"error":"noise"}\n');
            return read(...args);
        };
    "#;
    let (_folder, output) = preloaded(&mut command("create"), noise);
    assert!(output.contains(r#"{"ok":{"noise":1}}"#), "{output}");
    assert!(output.contains(r#"returned {"$jsii.byref":"Object@"#), "{output}");
}

#[test]
fn half_a_surrogate_pair_of_javascript_is_read_as_the_replacement_character() {
    let lone = r#"const parse = JSON.parse; JSON.parse = text => parse(text.replace("LONE", "\\ud83d"));"#;
    let (_folder, output) = preloaded(&mut command("lone surrogate"), lone);
    assert!(output.contains("returned \"a \u{fffd} b\""), "{output}");
}

/// Kills a program that waits, and checks that its kernel ends, too: both have the same standard output, which closes
/// with the last of them.
fn check_killed(scenario: &str) {
    // A kernel that is killed with its program in a callback writes its whole program there.
    let mut program = command(scenario).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(program.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("waiting\n") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "{scenario}: the program has ended");
    }
    program.kill().unwrap();
    program.wait().unwrap();
    let (sender, closed) = channel();
    thread::spawn(move || sender.send(stdout.read_to_end(&mut Vec::new()).unwrap()));
    closed.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("{scenario}: the kernel is still there"));
}

#[test]
fn the_kernel_ends_when_the_program_is_killed() {
    check_killed("wait");
    check_killed("wait in a callback");
}

#[test]
fn an_error_has_the_stack_of_javascript_if_backtraces_are_on() {
    let frame = "\n    at new Node (";
    for (value, shown) in [("0", false), ("1", true), ("full", true)] {
        let output = output(command("throw").env("RUST_BACKTRACE", value));
        assert!(output.contains("failed: new constructs.Construct: "), "{output}");
        assert!(output.contains(&format!("\n    at {}:", file!())), "{output}");
        assert_eq!(output.contains(frame), shown, "RUST_BACKTRACE={value}: {output}");
    }
}

#[test]
fn a_text_of_20_megabytes_and_every_character_pass_the_real_kernel_unchanged() {
    let node = node().unwrap();
    let special = "NUL \0, lines \u{2028}\u{2029}\r\n, quotes \"'`\\, \u{7f}\u{85}\u{feff}\u{fffd}\u{ffff}, 𝄞 \u{10ffff}, \\ud83d";
    for text in [special.to_owned(), "ü".repeat(10 << 20)] {
        invoke::<()>(&node, "setContext", &[json!("key"), Value::from(text.as_str())]).unwrap();
        let returned: String = invoke(&node, "tryGetContext", &[json!("key")]).unwrap();
        assert!(returned == text, "{} bytes became {}", text.len(), returned.len());
    }
}

/// Calls the kernel when it is dropped.
struct Late {
    object: Object,
    results: Sender<String>,
}

impl Drop for Late {
    fn drop(&mut self) {
        let result = invoke::<String>(&self.object, "toString", &[]);
        let created = create::<Object>(&[]).map(drop);
        let implemented = Implementation::<Object>::new(&[], &[], |_, _| Ok(Value::Null)).create().map(drop);
        for error in [result.map(drop), created, implemented].into_iter().filter_map(Result::err) {
            self.results.send(error.to_string()).unwrap();
        }
    }
}

thread_local! {
    static BEFORE: RefCell<Option<Late>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<Late>> = const { RefCell::new(None) };
}

/// The platform decides which thread-local is destructed first, so there is one on each side of the session.
#[test]
fn a_handle_that_outlives_its_kernel_is_dropped_and_its_calls_are_errors() {
    let (results, errors) = channel();
    let thread = thread::spawn(move || {
        BEFORE.with_borrow(|_| ());
        let object = node().unwrap();
        for late in [&BEFORE, &AFTER] {
            late.set(Some(Late { object: object.clone(), results: results.clone() }));
        }
    });
    thread.join().unwrap();
    let errors: Vec<String> = errors.iter().collect();
    let ended = errors.iter().filter(|error| error.contains("the thread of the jsii kernel is ending")).count();
    assert!(ended >= 3, "{errors:?}");
}
