//! Several apps in one process.

use std::path::Path;
use std::thread;

use aws_cdk_lib::{CfnOutput, CfnOutputProps, Stack};
use serde_json::{Value, json};

/// The value of the output in the template of an app of this thread.
fn synthesised(value: &str) -> Value {
    let (folder, app, stack) = super::stack();
    CfnOutput::new(&stack, "Output", CfnOutputProps::new(value)).unwrap();
    app.synth().unwrap();
    outputs(folder.path())["Output"]["Value"].clone()
}

/// The outputs in the template of an app that was synthesised into a folder.
fn outputs(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("stack.template.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["Outputs"].take()
}

#[test]
fn one_thread_declares_and_synthesises_two_apps_in_turn() {
    let (first_folder, first_app, first) = super::stack();
    let (second_folder, second_app, second) = super::stack();
    let declare = |stack: &Stack, id: &str| CfnOutput::new(stack, id, CfnOutputProps::new(id)).unwrap();
    declare(&first, "A");
    declare(&second, "B");
    declare(&first, "C");
    assert!(first != second && first_app != second_app);
    second_app.synth().unwrap();
    declare(&first, "D");
    first_app.synth().unwrap();
    let output = |id: &str| json!({ "Value": id });
    assert_eq!(outputs(second_folder.path()), json!({ "B": output("B") }));
    assert_eq!(outputs(first_folder.path()), json!({ "A": output("A"), "C": output("C"), "D": output("D") }));
}

#[test]
fn two_threads_synthesise_two_apps_at_once() {
    let there = thread::spawn(|| synthesised("there"));
    assert_eq!(synthesised("here"), "here");
    assert_eq!(there.join().unwrap(), "there");
}

#[test]
fn one_thread_after_another_synthesises_an_app() {
    for value in ["first", "second"] {
        assert_eq!(thread::spawn(move || synthesised(value)).join().unwrap(), value);
    }
}
