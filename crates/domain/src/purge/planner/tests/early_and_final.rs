//! The purge of a row that is due, and the entries that wait for a request in flight.

use std::collections::BTreeMap;

use super::{CACHED_SECS_MAX, NOW, SETTLE_SECS, entry, tenants};
use crate::purge::limits::{Budgets, Delays};
use crate::purge::planner::{Plan, plan};
use crate::purge::purge_request::PurgeRequest;
use crate::queue::queue_entry::{DeletionCursor, QueueEntry};
use crate::timestamp::Timestamp;

fn delays() -> Delays {
    let [settle, cached_max] = [SETTLE_SECS, CACHED_SECS_MAX].map(std::time::Duration::from_secs);
    Delays { settle, cached_max }
}

fn plan_beside(entries: Vec<QueueEntry>, in_flight: &[PurgeRequest], budgets: Budgets) -> Plan {
    plan(NOW, entries, in_flight, &tenants(), &delays(), &budgets)
}

/// The request that a purge run sends for `entries` alone.
fn request(entries: Vec<QueueEntry>) -> PurgeRequest {
    let plan = plan_beside(entries, &[], Budgets::default());
    PurgeRequest::of(&plan.batches[0], &BTreeMap::new(), NOW)
}

const YOUNG_SECS: u64 = SETTLE_SECS - 1;
const OLD_SECS: u64 = SETTLE_SECS;

/// Plans `entry` beside the requests `in_flight` and expects `Some(is_final)` of the purge that is due, `None` if it
/// waits.
fn check(situation: &str, entry: QueueEntry, in_flight: &[PurgeRequest], expected: Option<bool>) {
    let plan = plan_beside(vec![entry], in_flight, Budgets::default());
    let due = plan.batches.first().map(|batch| batch.entries[0].is_final);
    assert_eq!(due, expected, "{situation}");
    assert_eq!(plan.entries_waiting, usize::from(expected.is_none()), "{situation}");
}

#[test]
fn each_version_of_a_row_has_one_early_purge_and_one_final_purge() {
    let young = || entry("acme", "pack#p1", YOUNG_SECS);
    let old = || entry("acme", "pack#p1", OLD_SECS);
    let purged_early = |entry: QueueEntry| QueueEntry { early_purge_version: Some(entry.version.clone()), ..entry };
    let rewritten = |entry: QueueEntry| QueueEntry { version: "2@d".to_owned(), ..entry };
    let (early, last) = ([request(vec![young()])], [request(vec![old()])]);

    check("young", young(), &[], Some(false));
    check("young, its early purge in flight", young(), &early, None);
    check("young, its early purge done", purged_early(young()), &[], None);
    check("young, rewritten behind its early purge", rewritten(purged_early(young())), &early, Some(false));
    check("old", old(), &[], Some(true));
    check("old, its early purge in flight or done", purged_early(old()), &early, Some(true));
    check("old, its final purge in flight", old(), &last, None);
    check("old, rewritten behind its final purge", rewritten(old()), &last, Some(true));
    check("another pack", entry("acme", "pack#p2", OLD_SECS), &last, Some(true));
    check("the same pack of another tenant", entry("globex", "pack#p1", OLD_SECS), &last, Some(true));
}

#[test]
fn a_deletion_continues_at_its_cursor_unless_it_began_before_the_row_settled() {
    let began = |secs_ago: u64| Timestamp::from_millis(NOW.as_millis() - secs_ago * 1000);
    let check = |age_secs: u64, deleted_secs_ago: u64, expected: (Timestamp, bool, bool)| {
        let cursor =
            DeletionCursor { started_at: began(deleted_secs_ago), after_key: "k".to_owned(), variants_deleted: 1 };
        let entry = QueueEntry { deletion_cursor: Some(cursor), ..entry("acme", "location#main", age_secs) };
        let plan = plan_beside(vec![entry], &[], Budgets::default());
        let planned = &plan.batches[0].entries[0];
        assert_eq!(
            (planned.began_at, planned.is_final, planned.entry.deletion_cursor.is_some()),
            expected,
            "{age_secs}"
        );
    };
    check(YOUNG_SECS, 5, (began(5), false, true));
    check(60, 5, (began(5), true, true));
    check(60, 60 - SETTLE_SECS, (began(60 - SETTLE_SECS), true, true));
    check(60, 60 - YOUNG_SECS, (NOW, true, false));
}

#[test]
fn requests_in_flight_count_against_the_budget_of_their_own_distribution() {
    let budgets = Budgets { items_per_purge_run: 3, ..Budgets::default() };
    let in_flight = [request(vec![entry("acme", "pack#p1", 60), entry("acme", "pack#p2", 60)])];
    let items = |tenant: &str, packs: &[&str]| {
        let entries = packs.iter().map(|pack| entry(tenant, &format!("pack#{pack}"), 60)).collect();
        let plan = plan_beside(entries, &in_flight, budgets);
        plan.batches.iter().flat_map(|batch| &batch.items).map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(items("acme", &["p3"]), ["#acme/p3"]);
    assert_eq!(items("acme", &["p3", "p4"]), ["#acme"]);
    assert_eq!(items("globex", &["p3", "p4"]), ["#globex/p3", "#globex/p4"]);
}

#[test]
fn the_halves_of_a_request_divide_its_items_and_entries_and_have_their_own_caller_references() {
    let whole = request(["p1", "p2", "p3"].map(|pack| entry("acme", &format!("pack#{pack}"), 60)).into());
    let [first, second] = whole.halves().expect("three items");
    assert_eq!((first.items.as_slice(), second.items.as_slice()), (&whole.items[..1], &whole.items[1..]));
    assert_eq!((first.entries.len(), second.entries.len()), (1, 2));
    let names = [&whole.caller_reference, &first.caller_reference, &second.caller_reference];
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    assert_eq!(first.halves(), None, "one item");
    // Planned alone, the same purge has the same caller reference, so that CloudFront bills it once.
    assert_eq!(first.caller_reference, request(vec![entry("acme", "pack#p1", 60)]).caller_reference);
}

#[test]
fn a_request_of_the_longest_ids_fits_into_one_item_of_a_table() {
    /// DynamoDB's limit of one item (developer guide, "Quotas"), in bytes.
    const ITEM_MAX_BYTES: usize = 400 * 1024;
    let tenant = "t".repeat(63);
    let entries: Vec<_> = (0..Budgets::default().items_per_request)
        .map(|number| {
            let mut entry = entry(&tenant, &format!("pack#{number:0128}"), 60);
            entry.version = format!("{}@{}", "4".repeat(40), "d".repeat(36));
            entry.cause.requested_by = ["stream".to_owned(), format!("admin:{}", "a".repeat(64))].into();
            entry.cause.changes = u64::MAX;
            entry
        })
        .collect();
    let tenants = BTreeMap::from([(
        entries[0].tenant.clone(),
        crate::purge::distribution::Distribution { distribution_id: "E1ABCDEF2GHIJK".to_owned(), cache_tags: true },
    )]);
    let plan = plan(NOW, entries, &[], &tenants, &delays(), &Budgets::default());
    let request = PurgeRequest::of(&plan.batches[0], &BTreeMap::new(), NOW);
    let bytes = serde_json::to_string(&request).unwrap().len();
    assert_eq!(request.entries.len(), 500);
    // DynamoDB counts names and values like JSON does, and leaves out the punctuation.
    assert!(bytes < ITEM_MAX_BYTES, "{bytes}");
}
