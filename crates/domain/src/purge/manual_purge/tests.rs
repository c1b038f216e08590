use serde_json::{Value, json};

use super::*;
use crate::queue::queue_entry::FinalPurge;

/// The time at which the first `DELETE` writes the row.
const WRITTEN: u64 = 1_000_000;
const VERSION: &str = "manual-1@first";

fn row(version: &str) -> QueueEntry {
    let row = json!({
        "tenant": "acme", "target": "pack#cat", "version": version, "lastEventAt": WRITTEN,
        "firstEventAt": WRITTEN, "changes": 1, "reasons": ["manual"], "earlyPurgeVersion": version,
    });
    serde_json::from_value(row).unwrap()
}

/// A request of `tenant` for `target` at `version`, written to the outbox a second after the row.
fn request(tenant: &str, target: &str, version: &str, is_final: bool) -> PurgeRequest {
    let request = json!({
        "callerReference": format!("{target} {version} {is_final}"),
        "forTenant": tenant,
        "distribution": {"distributionId": "E1", "cacheTags": true},
        "items": ["#acme/cat"],
        "entries": [{
            "target": target, "version": version, "isFinal": is_final, "beganAt": WRITTEN, "enqueuedAt": WRITTEN, "variantsDeleted": 3,
            "firstEventAt": WRITTEN, "changes": 1, "reasons": ["manual"],
        }],
        "createdAt": WRITTEN + if is_final { 30_000 } else { 1_000 },
    });
    serde_json::from_value(request).unwrap()
}

/// The purge of the first `DELETE` at CloudFront: its request is not written, not accepted, or has this status.
#[derive(Debug, Clone, Copy)]
enum First {
    NotWritten,
    NotAccepted,
    Accepted(&'static str),
}

/// Expects `PURGE`, `JOIN` or `WAIT` from a `DELETE` that reads the pack as `manual-1`, `millis` after the first one.
fn check(version: Option<&str>, first: First, millis: u64, expected: &str) {
    let request = request("acme", "pack#cat", version.unwrap_or(VERSION), false);
    let request = match first {
        First::NotWritten => None,
        First::NotAccepted => Some((request, None)),
        First::Accepted(status) => {
            Some((request, Some(Invalidation { id: "I1".to_owned(), status: status.to_owned() })))
        }
    };
    let row = version.map(row);
    let step = match next_step(Timestamp::from_millis(WRITTEN + millis), "manual-1", row.as_ref(), request.as_ref()) {
        NextStep::Purge => "PURGE",
        NextStep::Wait => "WAIT",
        NextStep::Join(joined, invalidation) => {
            assert_eq!(Some(&(joined.clone(), invalidation.cloned())), request.as_ref());
            "JOIN"
        }
    };
    assert_eq!(step, expected, "{version:?} {first:?} after {millis} ms");
}

const IN_PROGRESS: First = First::Accepted("InProgress");
const COMPLETED: First = First::Accepted("Completed");

#[test]
fn a_delete_joins_the_purge_of_an_earlier_one_as_long_as_that_is_in_flight() {
    check(Some(VERSION), IN_PROGRESS, 1_100, "JOIN");
    check(Some(VERSION), IN_PROGRESS, 600_000, "JOIN");
}

#[test]
fn a_purge_that_was_just_requested_is_in_flight_whatever_cloudfront_reports() {
    check(Some(VERSION), COMPLETED, 1_100, "JOIN");
    check(Some(VERSION), COMPLETED, 5_999, "JOIN");
    check(Some(VERSION), COMPLETED, 6_000, "PURGE");
}

#[test]
fn a_delete_waits_for_a_purge_that_begins_and_begins_its_own_when_that_fails() {
    check(Some(VERSION), First::NotWritten, 0, "WAIT");
    check(Some(VERSION), First::NotWritten, 9_999, "WAIT");
    check(Some(VERSION), First::NotWritten, 10_000, "PURGE");
}

#[test]
fn a_delete_waits_for_cloudfronts_response_and_then_submits_the_same_request() {
    check(Some(VERSION), First::NotAccepted, 1_100, "WAIT");
    check(Some(VERSION), First::NotAccepted, 5_999, "WAIT");
    check(Some(VERSION), First::NotAccepted, 6_000, "JOIN");
}

#[test]
fn a_delete_begins_a_purge_where_none_waits() {
    check(None, First::NotWritten, 0, "PURGE");
    // The final purge is completed: its row left the queue before its request left the outbox.
    check(None, IN_PROGRESS, 0, "PURGE");
}

#[test]
fn a_delete_begins_a_purge_where_the_final_one_is_completed_and_old_variants_are_being_deleted() {
    let step = |version: &str| {
        let mut row = row(VERSION);
        row.final_purge = Some(FinalPurge { version: version.to_owned(), ledger_key: "key".to_owned() });
        next_step(Timestamp::from_millis(WRITTEN + 8_000), "manual-1", Some(&row), None)
    };
    assert_eq!(step(VERSION), NextStep::Purge);
    assert_eq!(step("1@before"), NextStep::Wait, "the final purge of another version");
}

#[test]
fn a_delete_joins_no_purge_of_another_state_of_the_pack() {
    for version in ["manual-2@first", "100000001@delivery", "manual-11@first", "manual-1", "manual@first", ""] {
        check(Some(version), IN_PROGRESS, 1_100, "PURGE");
        check(Some(version), First::NotWritten, 0, "PURGE");
    }
}

#[test]
fn the_newest_request_of_the_row_at_its_version_is_the_one_that_can_be_joined() {
    let others = [
        request("acme", "pack#cat", "manual-1@other", false),
        request("globex", "pack#cat", VERSION, false),
        request("acme", "pack#cat2", VERSION, false),
        request("acme", "location#main", VERSION, true),
    ];
    assert_eq!(request_of(&row(VERSION), &others), None);
    let [early, last] = [false, true].map(|is_final| request("acme", "pack#cat", VERSION, is_final));
    let in_flight = [&others[..], &[last.clone(), early.clone()]].concat();
    assert_eq!(request_of(&row(VERSION), &in_flight), Some(&last));
    assert_eq!(request_of(&row(VERSION), std::slice::from_ref(&early)), Some(&early));
}

fn sequence_of(pack: Value) -> String {
    sequence(Some(&serde_json::from_value(pack).unwrap()))
}

#[test]
fn the_sequence_is_another_one_for_each_state_that_viewers_see_and_the_same_for_each_title() {
    let original = |version: &str| json!({"original": {"key": "acme/cat/main", "version": version}});
    let pack = json!({"imageLocations": {"main": original("v1")}, "mainImageLocation": "main"});
    let states = [
        json!({"imageLocations": {"main": original("v2")}, "mainImageLocation": "main"}),
        json!({"imageLocations": {"main": original("v1")}}),
        json!({"imageLocations": {"main": original("v1"), "poster": original("v1")}, "mainImageLocation": "main"}),
        json!({}),
    ];
    let mut sequences: Vec<_> = states.into_iter().map(sequence_of).collect();
    sequences.extend([sequence(None), sequence_of(pack.clone())]);
    let different: std::collections::BTreeSet<_> = sequences.iter().collect();
    assert_eq!(different.len(), sequences.len(), "{sequences:?}");

    let mut titled = pack.clone();
    titled["title"] = json!("A cat");
    assert_eq!(sequence_of(titled), sequence_of(pack));
}
