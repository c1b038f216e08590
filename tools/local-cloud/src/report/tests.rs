use serde_json::{Value, json};

use super::*;
use crate::cause::Context as _;

async fn play(report: &Report, name: &'static str, result: Result<&str, Cause>) {
    let play = async { result.map(|detail| ((), detail.to_owned())) };
    let _ = report.step(name, play).await;
}

/// The summary as it is written, without the times.
fn written(report: &Report) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    report.summary().write(file.path()).unwrap();
    let mut summary: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    for step in summary["steps"].as_array_mut().unwrap() {
        assert!(step.as_object_mut().unwrap().shift_remove("ms").unwrap().is_u64());
    }
    summary
}

#[tokio::test]
async fn a_run_whose_every_step_held_is_ok() {
    let report = Report::default();
    play(&report, "first", Ok("first was seen")).await;
    play(&report, "second", Ok("second was seen")).await;
    report.measure(|measured| {
        let edits = vec![MeasuredEdit { name: "a crop", write_to_fresh_ms: 5 }];
        *measured = Measured { write_to_fresh_ms: Some(5), edits, invalidations: 2, paths: 22, variants_deleted: 21 };
    });
    let expected = json!({
        "ok": true,
        "steps": [
            {"name": "first", "ok": true, "detail": "first was seen"},
            {"name": "second", "ok": true, "detail": "second was seen"},
        ],
        "write_to_fresh_ms": 5, "edits": [{"name": "a crop", "write_to_fresh_ms": 5}],
        "invalidations": 2, "paths": 22, "variants_deleted": 21,
    });
    assert_eq!(written(&report), expected);
    let verdict = report.summary().verdict("run");
    assert_eq!(verdict, "PASSED: 2 of 2 steps held. Details: target/run/summary.json");
}

#[tokio::test]
async fn a_failed_step_fails_the_run_and_has_every_cause() {
    let report = Report::default();
    play(&report, "first", Ok("")).await;
    play(&report, "second", Err::<&str, _>("no such host").context("the emulator rejected the call")).await;
    let summary = written(&report);
    assert_eq!((&summary["ok"], &summary["write_to_fresh_ms"]), (&json!(false), &Value::Null));
    let expected = json!({"name": "second", "ok": false, "detail": "the emulator rejected the call: no such host"});
    assert_eq!(summary["steps"][1], expected);
    let verdict = report.summary().verdict("run");
    let lines: Vec<_> = verdict.lines().collect();
    assert!(lines[0].starts_with("✘ second ("), "{verdict}");
    assert_eq!(lines[1], "  the emulator rejected the call: no such host");
    assert_eq!(lines[2..], ["", "FAILED: 1 of 2 steps held. Details: target/run/summary.json"]);
}

#[tokio::test]
async fn an_interrupted_step_fails_the_run() {
    let report = Report::default();
    tokio::select! {
        biased;
        _ = report.step::<()>("deploy", std::future::pending()) => unreachable!("it never ends"),
        () = std::future::ready(()) => report.interrupt("Ctrl-C"),
    }
    let summary = written(&report);
    assert_eq!(summary["ok"], false);
    assert_eq!(summary["steps"][0]["detail"], "interrupted by Ctrl-C");
}

#[test]
fn a_run_without_steps_is_not_ok() {
    assert!(!Report::default().summary().ok);
}
