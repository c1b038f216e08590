use serde_json::{Value, json};

use super::*;

async fn holds(report: &Report, name: &'static str) {
    report.step(name, async { Ok(((), format!("{name} was seen"))) }).await.unwrap();
}

async fn fails(report: &Report, name: &'static str) {
    let cause = std::io::Error::other(RejectedBecause(std::io::Error::other("no such host")));
    report.step::<()>(name, async { Err(cause.into()) }).await.unwrap_err();
}

#[derive(Debug, thiserror::Error)]
#[error("the emulator rejected the call")]
struct RejectedBecause(#[source] std::io::Error);

/// The summary as it is written, with the times set to zero.
fn written(report: &Report) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    report.summary().write(&path).unwrap();
    let mut summary: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for step in summary["steps"].as_array_mut().unwrap() {
        assert!(step["ms"].is_u64(), "{step}");
        step["ms"] = 0.into();
    }
    summary
}

#[tokio::test]
async fn a_run_whose_every_step_held_is_ok() {
    let report = Report::default();
    holds(&report, "first").await;
    holds(&report, "second").await;
    report.measure(|measured| {
        let edits = vec![MeasuredEdit { name: "a crop", write_to_fresh_ms: 5 }];
        *measured = Measured { write_to_fresh_ms: Some(5), edits, invalidations: 2, paths: 22, variants_deleted: 21 };
    });
    let expected = json!({
        "ok": true,
        "steps": [
            {"name": "first", "ok": true, "ms": 0, "detail": "first was seen"},
            {"name": "second", "ok": true, "ms": 0, "detail": "second was seen"},
        ],
        "write_to_fresh_ms": 5, "edits": [{"name": "a crop", "write_to_fresh_ms": 5}],
        "invalidations": 2, "paths": 22, "variants_deleted": 21,
    });
    assert_eq!(written(&report), expected);
}

#[tokio::test]
async fn a_step_that_did_not_hold_makes_the_run_fail_and_says_why_with_every_cause() {
    let report = Report::default();
    holds(&report, "first").await;
    fails(&report, "second").await;
    let summary = written(&report);
    assert_eq!(summary["ok"], false);
    assert_eq!(summary["write_to_fresh_ms"], Value::Null);
    let expected =
        json!({"name": "second", "ok": false, "ms": 0, "detail": "the emulator rejected the call: no such host"});
    assert_eq!(summary["steps"][1], expected);
}

#[tokio::test]
async fn an_interrupted_step_did_not_hold() {
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
fn a_run_that_never_began_is_not_ok() {
    assert!(!Report::default().summary().ok);
}
