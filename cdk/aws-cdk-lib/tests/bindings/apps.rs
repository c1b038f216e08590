//! Several apps in one process.

use std::thread;

use aws_cdk_lib::{CfnOutput, CfnOutputProps};
use serde_json::Value;

/// The value of the output in the template of an app of this thread.
fn synthesised(value: &str) -> Value {
    let (folder, app, stack) = super::stack();
    CfnOutput::new(&stack, "Output", CfnOutputProps::new(value)).unwrap();
    app.synth().unwrap();
    let text = std::fs::read_to_string(folder.path().join("stack.template.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["Outputs"]["Output"]["Value"].clone()
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
