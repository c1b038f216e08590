use super::*;
use crate::change::detection::Reason;
use crate::queue::queue_entry::FinalPurge;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const SETTLE: Duration = Duration::from_secs(7);

fn packs(ids: &[&str]) -> Result<Vec<String>, InvalidPacksError> {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    targets_of_packs(&ids).map(|targets| targets.iter().map(ToString::to_string).collect())
}

#[test]
fn a_list_of_packs_becomes_one_target_for_each() {
    assert_eq!(packs(&["b", "a", "b"]), Ok(vec!["pack#a".to_owned(), "pack#b".to_owned()]));
    assert_eq!(packs(&["p"; PACKS_MAX]), Ok(vec!["pack#p".to_owned()]));
}

#[test]
fn an_empty_list_a_list_that_is_too_long_and_every_invalid_id_are_rejected() {
    assert_eq!(packs(&[]), Err(InvalidPacksError::Count(0)));
    assert_eq!(packs(&["p"; PACKS_MAX + 1]), Err(InvalidPacksError::Count(101)));
    let Err(InvalidPacksError::Ids(errors)) = packs(&["good", "*", "a/b", ""]) else { panic!("accepted") };
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(errors.iter().zip(["\"*\"", "\"a/b\"", "\"\""]).all(|(error, id)| error.contains(id)), "{errors:?}");
    assert_eq!(errors.len(), 3);
}

/// A row that an admin requested `age_millis` before [`NOW`].
fn requested(age_millis: u64) -> QueueEntry {
    let mut row = QueueEntry::written("acme", "pack#p1", NOW.minus(Duration::from_millis(age_millis)));
    row.cause.reasons = [Reason::Manual, Reason::ImageLocationsChanged].into();
    row
}

fn check(situation: &str, row: &QueueEntry, expected: bool) {
    assert_eq!(joins(row, NOW, SETTLE), expected, "{situation}");
}

#[test]
fn a_request_joins_only_a_manual_purge_whose_final_purge_begins_later_by_any_clock() {
    check("requested just now", &requested(0), true);
    check("the final purge begins in more than the margin of clocks", &requested(4_999), true);
    check("a clock that is ahead may have begun it", &requested(5_000), false);
    check("settled", &requested(7_000), false);
    check("an edit", &QueueEntry::written("acme", "pack#p1", NOW), false);
    let row = requested(0);
    let final_purge = FinalPurge { version: row.version.clone(), ledger_key: "key".to_owned() };
    check("its final purge is completed", &QueueEntry { final_purge: Some(final_purge.clone()), ..row.clone() }, false);
    let earlier = FinalPurge { version: "0@d".to_owned(), ..final_purge };
    check("that of an earlier version is completed", &QueueEntry { final_purge: Some(earlier), ..row }, true);
}

#[test]
fn an_enqueued_purge_is_left_to_the_purge_run_and_no_delete_joins_it() {
    let (tenant, target) = (TenantId::parse("acme").unwrap(), Target::parse("location#main").unwrap());
    let ahead = QueueEntry::written("acme", "location#main", NOW.plus(Duration::from_secs(1)));
    let upsert = enqueue(&tenant, &target, "request-1", "admin:ada".to_owned(), Some(&ahead), NOW);
    assert!(!upsert.is_purged_at_once);
    assert_eq!((upsert.version.as_str(), upsert.last_event_at), ("queued@request-1", ahead.last_event_at));
    assert_eq!(upsert.clone().into_new_row().early_purge_version, None);
    assert!(upsert.cause.is_manual());
    let sequence = manual_purge::sequence(None);
    let row = upsert.into_new_row();
    assert_eq!(manual_purge::next_step(NOW, &sequence, Some(&row), None), manual_purge::NextStep::Purge);
}

#[test]
fn ten_targets_take_one_token() {
    assert_eq!([0, 1, 10, 11, 100].map(tokens), [0, 1, 1, 2, 10]);
}
