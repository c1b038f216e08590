//! The stage of each row: the purge or the deletion that is due for it, or the reason why it waits.

use super::*;
use crate::purge::deletion::DeletionDone;
use crate::queue::queue_entry::{DeletionCursor, FinalPurge};

const YOUNG_SECS: u64 = SETTLE_SECS - 1;
const OLD_SECS: u64 = SETTLE_SECS;

/// The next step for a row.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Early,
    Final,
    /// It waits for a time: seconds after [`NOW`].
    Waits(WaitReason, Option<u64>),
    /// Its variants are deleted. All, or only those that were stored before the change.
    Deletes(DeletionPurpose, Option<Timestamp>),
}

fn step_in(situation: &Situation, entry: &QueueEntry) -> Step {
    situation.plan(|plan| {
        let batches = plan.batches.iter().flat_map(|batch| &batch.entries);
        let planned = batches.filter(|planned| planned.entry == *entry).map(|planned| planned.is_final);
        let mut planned = planned.map(|is_final| if is_final { Step::Final } else { Step::Early });
        let deletion = plan.deletions.iter().find(|deletion| deletion.entry.target == entry.target);
        let waiting = plan.waiting.iter().find(|waiting| waiting.entry == entry);
        match (planned.next(), deletion, waiting) {
            (Some(step), None, None) => step,
            (None, Some(deletion), Some(waiting)) => {
                let is_before = matches!(deletion.purpose, DeletionPurpose::Purge { .. });
                let reason = if is_before { WaitReason::Deleting } else { WaitReason::Purged };
                assert_eq!(waiting.reason, reason);
                Step::Deletes(deletion.purpose.clone(), deletion.stored_before)
            }
            (None, None, Some(waiting)) => {
                Step::Waits(waiting.reason, waiting.until.map(|until| until.since(NOW).as_secs()))
            }
            other => panic!("{other:?}"),
        }
    })
}

fn check(name: &str, entry: QueueEntry, in_flight: &[PurgeRequest], expected: Step) {
    let situation = Situation { in_flight: in_flight.to_vec(), ..Situation::of(vec![entry.clone()]) };
    assert_eq!(step_in(&situation, &entry), expected, "{name}");
}

fn accepted(request: PurgeRequest) -> PurgeRequest {
    PurgeRequest { invalidation_id: Some("I1".to_owned()), accepted_at: Some(NOW), ..request }
}

#[test]
fn each_version_of_a_row_has_one_early_purge_and_one_final_purge() {
    let young = || entry("acme", "pack#p1", YOUNG_SECS);
    let old = || entry("acme", "pack#p1", OLD_SECS);
    let in_flight = |entry| [accepted(request(vec![entry]))];
    let (early, last) = (in_flight(young()), in_flight(old()));
    let settling = || Step::Waits(WaitReason::Settling, Some(1));
    let served = || Step::Waits(WaitReason::InFlight, None);

    check("young", young(), &[], Step::Early);
    check("young, its early purge in flight", young(), &early, settling());
    check("young, its early purge done", purged_early(young()), &[], settling());
    check("young, rewritten behind its early purge", rewritten(purged_early(young())), &early, Step::Early);
    check("old", old(), &[], Step::Final);
    check("old, its early purge in flight or done", purged_early(old()), &early, Step::Final);
    check("old, its final purge in flight", old(), &last, served());
    check("old, rewritten behind its final purge", rewritten(old()), &last, Step::Final);
    check("another pack", entry("acme", "pack#p2", OLD_SECS), &last, Step::Final);
    check("the same pack of another tenant", entry("globex", "pack#p1", OLD_SECS), &last, Step::Final);
}

#[test]
fn the_changes_of_a_quiet_tenant_get_early_purges_and_those_of_a_bulk_the_final_one_only() {
    let settling = || Step::Waits(WaitReason::Settling, Some(SETTLE_SECS));
    for (early_purge_targets_max, rows, others, expected) in [
        (10, 1, 0, Step::Early),
        (10, 10, 0, Step::Early),
        (10, 11, 0, settling()),
        (10, 1, 500, Step::Early),
        (1, 1, 0, Step::Early),
        (1, 2, 0, settling()),
        (0, 1, 0, settling()),
    ] {
        let rules = Rules { early_purge_targets_max, ..RULES };
        // Neither settled rows nor those of other tenants count.
        let settled = packs("acme", 20, 60).into_iter().map(|entry| QueueEntry {
            target: Target::parse(&entry.target.to_string().replace("#p", "#old")).unwrap(),
            ..entry
        });
        let entries = packs("acme", rows, 0).into_iter().chain(packs("globex", others, 0)).chain(settled).collect();
        let situation = Situation { rules, ..Situation::of(entries) };
        let name = format!("at most {early_purge_targets_max}, {rows} rows, {others} of another tenant");
        assert_eq!(step_in(&situation, &situation.entries[0]), expected, "{name}");
    }
}

#[test]
fn after_the_final_purge_the_variants_from_before_the_change_are_deleted() {
    let purged = |version: &str, entry| {
        let final_purge = FinalPurge { version: version.to_owned(), ledger_key: "key".to_owned() };
        QueueEntry { final_purge: Some(final_purge), ..entry }
    };
    let after = Step::Deletes(DeletionPurpose::AfterPurge { ledger_key: "key".to_owned() }, Some(ago(60)));
    let row = || entry("acme", "location#main", 60);
    check("purged", purged("1@d", row()), &[], after);
    check("rewritten since", purged("1@d", rewritten(row())), &[], Step::Final);
    let young = purged("1@d", rewritten(entry("acme", "location#main", 0)));
    check("rewritten since, young", young, &[], Step::Early);
    // An admin's purge has deleted them before.
    let manual = manual(purged("1@d", row()));
    let step = step_in(&Situation::of(vec![manual.clone()]), &manual);
    assert!(matches!(step, Step::Deletes(DeletionPurpose::AfterPurge { .. }, _)), "{step:?}");
}

/// A deletion for `entry` that was finished `secs_ago`.
fn deleted(entry: &QueueEntry, is_final: bool, secs_ago: u64) -> Deleted {
    let done = DeletionDone { began_at: ago(secs_ago + 1), finished_at: ago(secs_ago), variants_deleted: 3 };
    [(PurgeId::of(entry, is_final), done)].into()
}

#[test]
fn where_variants_are_deleted_first_a_purge_follows_its_deletion_and_the_final_one_a_settle_delay_later() {
    let before = |is_final| Step::Deletes(DeletionPurpose::Purge { is_final }, None);
    let waits = |secs| Step::Waits(WaitReason::Settling, Some(secs));
    let existing_bucket = Rules { deletes_variants_first: true, ..RULES };
    let admins = manual(entry("acme", "pack#p1", 60));
    let row = |age_secs| entry("acme", "pack#p1", age_secs);
    for (name, rules, entry, deleted, expected) in [
        ("an existing bucket", existing_bucket, row(60), Deleted::new(), before(true)),
        ("an existing bucket, young", existing_bucket, row(0), Deleted::new(), before(false)),
        ("an admin's purge", RULES, admins.clone(), Deleted::new(), before(true)),
        ("deleted just now, young", existing_bucket, row(0), deleted(&row(0), false, 0), Step::Early),
        ("deleted just now", existing_bucket, row(60), deleted(&row(60), true, 0), waits(SETTLE_SECS)),
        ("deleted 6 s ago", existing_bucket, row(60), deleted(&row(60), true, SETTLE_SECS - 1), waits(1)),
        ("deleted 7 s ago", existing_bucket, row(60), deleted(&row(60), true, SETTLE_SECS), Step::Final),
        ("deleted for an admin", RULES, admins.clone(), deleted(&admins, true, SETTLE_SECS), Step::Final),
        ("deleted for the early purge", existing_bucket, row(60), deleted(&row(60), false, 20), before(true)),
        ("rewritten", existing_bucket, rewritten(row(60)), deleted(&row(60), true, 20), before(true)),
    ] {
        let situation = Situation { rules, deleted, ..Situation::of(vec![entry.clone()]) };
        assert_eq!(step_in(&situation, &entry), expected, "{name}");
    }
}

#[test]
fn a_purge_that_follows_its_deletion_reports_it() {
    let entry = manual(entry("acme", "pack#p1", 60));
    let deleted = deleted(&entry, true, SETTLE_SECS);
    Situation { deleted, ..Situation::of(vec![entry]) }.plan(|plan| {
        let planned = &plan.batches[0].entries[0];
        assert_eq!((planned.variants_deleted, planned.began_at), (3, ago(SETTLE_SECS + 1)));
    });
}

#[test]
fn a_row_of_an_unregistered_tenant_waits_until_no_cache_has_an_object_from_before_its_change() {
    let expires_secs = SETTLE_SECS + CACHED_SECS_MAX;
    let parked = || Step::Waits(WaitReason::NotRegistered, None);
    for (tenant, age_secs, expected) in [
        ("umbrella", 0, parked()),
        ("umbrella", SETTLE_SECS, parked()),
        ("umbrella", expires_secs - 1, parked()),
        ("umbrella", expires_secs, Step::Deletes(DeletionPurpose::Expired, None)),
        ("acme", expires_secs, Step::Final),
    ] {
        check(&format!("{tenant}, {age_secs} s"), entry(tenant, "pack#p1", age_secs), &[], expected);
    }
}

#[test]
fn a_row_of_a_distribution_that_cannot_be_purged_waits_and_one_of_another_tenant_does_not() {
    let entries = vec![entry("acme", "pack#p1", 60), entry("globex", "pack#p1", 60)];
    let situation = Situation { unavailable: ["EACME".to_owned()].into(), ..Situation::of(entries) };
    let [acme, globex] = situation.entries.as_slice() else { unreachable!() };
    assert_eq!(step_in(&situation, acme), Step::Waits(WaitReason::DistributionUnavailable, None));
    assert_eq!(step_in(&situation, globex), Step::Final);
}

/// Plans the deletion of a row that was written `age_secs` ago and whose deletion began `begun_secs_ago`, and expects whether
/// it continues.
fn check_cursor(age_secs: u64, begun_secs_ago: u64, is_continued: bool) {
    let started_at = ago(begun_secs_ago);
    let cursor = DeletionCursor { started_at, after_key: "k".to_owned(), variants_deleted: 1 };
    let entry = QueueEntry { deletion_cursor: Some(cursor), ..entry("acme", "location#main", age_secs) };
    let rules = Rules { deletes_variants_first: true, ..RULES };
    let found = Situation { rules, ..Situation::of(vec![entry]) }.plan(|plan| {
        let [deletion] = plan.deletions.as_slice() else { panic!("{plan:?}") };
        (deletion.entry.deletion_cursor.is_some(), deletion.began_at)
    });
    assert_eq!(found, (is_continued, if is_continued { started_at } else { NOW }), "{age_secs} s, {begun_secs_ago} s");
}

#[test]
fn a_deletion_continues_at_its_cursor_unless_it_began_before_the_row_had_settled() {
    check_cursor(YOUNG_SECS, 5, true);
    check_cursor(60, 5, true);
    check_cursor(60, 60 - OLD_SECS, true);
    check_cursor(60, 60 - YOUNG_SECS, false);
}

#[test]
fn the_next_round_is_at_the_first_time_that_a_row_waits_for() {
    let next_at = |entries| Situation::of(entries).plan(|plan| plan.next_at().map(|at| at.since(NOW).as_secs()));
    assert_eq!(next_at(vec![purged_early(entry("acme", "pack#p1", 2))]), Some(5));
    let two = vec![purged_early(entry("acme", "pack#p1", 2)), purged_early(entry("globex", "pack#p1", 4))];
    assert_eq!(next_at(two), Some(3));
    assert_eq!(next_at(vec![entry("umbrella", "pack#p1", 2)]), None);
}
