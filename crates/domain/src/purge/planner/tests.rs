mod early_and_final;

use std::time::Duration;

use super::*;
use crate::change::detection::Reason;
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::DeletionCursor;

const SETTLE_SECS: u64 = 15;
const CACHED_SECS_MAX: u64 = 600;
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// An entry that was last written `age_secs` before [`NOW`].
fn entry(tenant: &str, target: &str, age_secs: u64) -> QueueEntry {
    let written_at = Timestamp::from_millis(NOW.as_millis() - age_secs * 1000);
    QueueEntry {
        tenant: TenantId::parse(tenant).unwrap(),
        target: Target::parse(target).unwrap(),
        version: "1@d".to_owned(),
        last_event_at: written_at,
        cause: PurgeCause {
            first_event_at: written_at,
            changes: 1,
            reasons: [Reason::ImageLocationsChanged].into(),
            requested_by: ["stream".to_owned()].into(),
        },
        early_purge_count: 0,
        early_purge_version: None,
        deletion_cursor: None,
    }
}

/// `acme` and `globex` with cache tags, `initech` without.
fn tenants() -> BTreeMap<TenantId, Distribution> {
    [("acme", true), ("globex", true), ("initech", false)]
        .into_iter()
        .map(|(tenant, cache_tags)| {
            let distribution_id = format!("E{}", tenant.to_uppercase());
            (TenantId::parse(tenant).unwrap(), Distribution { distribution_id, cache_tags })
        })
        .collect()
}

fn plan_of(entries: Vec<QueueEntry>, budgets: Budgets) -> Plan {
    let delays = Delays { settle: Duration::from_secs(SETTLE_SECS), cached_max: Duration::from_secs(CACHED_SECS_MAX) };
    plan(NOW, entries, &[], &tenants(), &delays, &budgets)
}

/// Plans `entries` and compares the requests: the distribution and its items.
fn check(entries: Vec<QueueEntry>, budgets: Budgets, expected: &[(&str, &[&str])]) {
    let plan = plan_of(entries, budgets);
    let requests: Vec<_> = plan
        .batches
        .iter()
        .map(|batch| {
            (
                batch.distribution.distribution_id.as_str(),
                batch.items.iter().map(ToString::to_string).collect::<Vec<_>>(),
            )
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(distribution, items)| (*distribution, items.iter().map(ToString::to_string).collect::<Vec<_>>()))
        .collect();
    assert_eq!(requests, expected);
}

#[test]
fn an_empty_queue_sends_nothing() {
    check(vec![], Budgets::default(), &[]);
}

#[test]
fn a_tenants_entries_share_one_request_with_sorted_exact_tags() {
    let entries = vec![entry("acme", "pack#p2", 60), entry("acme", "pack#p1", 60)];
    check(entries, Budgets::default(), &[("EACME", &["#acme/p1", "#acme/p2"])]);
}

#[test]
fn a_location_is_one_tag_in_a_request_of_its_own_that_no_pack_waits_for() {
    let entries = vec![
        entry("acme", "location#main", 60),
        entry("acme", "location#poster", 60),
        entry("acme", "pack#p1", 60),
        entry("globex", "pack#p1", 60),
    ];
    let expected: &[(&str, &[&str])] = &[
        ("EACME", &["#acme/p1"]),
        ("EGLOBEX", &["#globex/p1"]),
        ("EACME", &["#acme/location/main", "#acme/location/poster"]),
    ];
    check(entries, Budgets::default(), expected);
}

#[test]
fn tenants_never_share_a_request() {
    let entries = vec![entry("acme", "pack#p1", 60), entry("globex", "pack#p1", 60)];
    check(entries, Budgets::default(), &[("EACME", &["#acme/p1"]), ("EGLOBEX", &["#globex/p1"])]);
}

#[test]
fn a_distribution_without_tags_gets_wildcards() {
    let entries = vec![entry("initech", "pack#p1", 60), entry("initech", "pack#p2", 60)];
    check(entries, Budgets::default(), &[("EINITECH", &["/api/v2/img/p1*", "/api/v2/img/p2*"])]);
}

#[test]
fn items_that_the_tenants_item_covers_are_left_out() {
    let entries = vec![entry("acme", "pack#p1", 60), entry("acme", "tenant", 60)];
    check(entries, Budgets::default(), &[("EACME", &["#acme"])]);
    let entries = vec![entry("initech", "pack#p1", 60), entry("initech", "location#main", 60)];
    check(entries, Budgets::default(), &[("EINITECH", &["/api/v2/img/*"])]);
}

#[test]
fn more_wildcards_than_the_budget_become_the_tenants_one() {
    let entries = |count: usize| (0..count).map(|pack| entry("initech", &format!("pack#p{pack:02}"), 60)).collect();
    let budgets = Budgets { wildcards_per_purge_run: 2, ..Budgets::default() };
    check(entries(2), budgets, &[("EINITECH", &["/api/v2/img/p00*", "/api/v2/img/p01*"])]);
    check(entries(3), budgets, &[("EINITECH", &["/api/v2/img/*"])]);
}

#[test]
fn more_tags_than_the_budget_become_the_tenants_one_and_no_other_tenants() {
    let mut entries: Vec<_> = (0..4).map(|pack| entry("acme", &format!("pack#p{pack}"), 60)).collect();
    entries.push(entry("globex", "pack#p1", 60));
    let budgets = Budgets { items_per_purge_run: 3, ..Budgets::default() };
    check(entries, budgets, &[("EACME", &["#acme"]), ("EGLOBEX", &["#globex/p1"])]);
}

#[test]
fn an_escalated_request_still_serves_every_entry() {
    let entries = (0..4).map(|pack| entry("acme", &format!("pack#p{pack}"), 60)).collect();
    let plan = plan_of(entries, Budgets { items_per_purge_run: 3, ..Budgets::default() });
    assert_eq!(plan.batches[0].entries.len(), 4);
}

#[test]
fn the_first_request_of_each_tenant_precedes_the_second_of_any_tenant() {
    let mut entries: Vec<_> = (0..4).map(|pack| entry("acme", &format!("pack#p{pack}"), 60)).collect();
    entries.push(entry("globex", "pack#p1", 60));
    let budgets = Budgets { items_per_request: 2, ..Budgets::default() };
    check(
        entries,
        budgets,
        &[("EACME", &["#acme/p0", "#acme/p1"]), ("EGLOBEX", &["#globex/p1"]), ("EACME", &["#acme/p2", "#acme/p3"])],
    );
}

#[test]
fn an_entry_settles_when_the_purge_begins_the_settle_delay_after_its_last_event() {
    for (age_secs, expected) in [(0, false), (SETTLE_SECS - 1, false), (SETTLE_SECS, true), (60, true)] {
        let plan = plan_of(vec![entry("acme", "pack#p1", age_secs)], Budgets::default());
        assert_eq!(plan.batches[0].entries[0].is_final, expected, "{age_secs} s");
        assert_eq!(plan.batches[0].has_final_entries(), expected, "{age_secs} s");
    }
}

#[test]
fn an_entry_of_an_unregistered_tenant_is_parked_until_no_cache_has_an_object_from_before_its_change() {
    let expires_after = SETTLE_SECS + CACHED_SECS_MAX;
    for (tenant, age_secs, expected) in [
        ("umbrella", 0, (0, 1, 0)),
        ("umbrella", SETTLE_SECS, (0, 1, 0)),
        ("umbrella", expires_after - 1, (0, 1, 0)),
        ("umbrella", expires_after, (0, 0, 1)),
        ("acme", expires_after - 1, (1, 0, 0)),
        ("acme", expires_after, (1, 0, 0)),
    ] {
        let plan = plan_of(vec![entry(tenant, "pack#p1", age_secs)], Budgets::default());
        let found = (plan.batches.len(), plan.parked.len(), plan.expired.len());
        assert_eq!(found, expected, "{tenant}, {age_secs} s");
        assert_eq!(plan.entries_waiting, 0, "{tenant}, {age_secs} s");
    }
}

#[test]
fn the_deletion_of_an_expired_entry_continues_where_a_deletion_after_the_settle_delay_ended() {
    for (begun_secs_ago, is_continued) in [(1, true), (CACHED_SECS_MAX, true), (CACHED_SECS_MAX + SETTLE_SECS, false)] {
        let mut entry = entry("umbrella", "location#main", SETTLE_SECS + CACHED_SECS_MAX);
        let started_at = Timestamp::from_millis(NOW.as_millis() - begun_secs_ago * 1000);
        let after_key = "umbrella/p1/main".to_owned();
        entry.deletion_cursor = Some(DeletionCursor { started_at, after_key, variants_deleted: 1 });
        let expired = plan_of(vec![entry.clone()], Budgets::default()).expired;
        let cursor = entry.deletion_cursor.filter(|_| is_continued);
        assert_eq!(expired[0].entry.deletion_cursor, cursor, "{begun_secs_ago} s");
    }
}

#[test]
fn a_repeated_run_over_the_same_rows_has_the_same_caller_reference() {
    let entries = || vec![entry("acme", "pack#p1", 60), entry("acme", "pack#p2", 60)];
    let reversed = entries().into_iter().rev().collect();
    let reference = |entries| plan_of(entries, Budgets::default()).batches[0].caller_reference.clone();
    assert_eq!(reference(entries()), reference(reversed));
    assert_eq!(reference(entries()).len(), 64);
}

#[test]
fn the_caller_reference_changes_with_what_is_purged_and_with_settling() {
    let reference = |entries| plan_of(entries, Budgets::default()).batches[0].caller_reference.clone();
    let original = reference(vec![entry("acme", "pack#p1", 60)]);
    let mut rewritten = entry("acme", "pack#p1", 60);
    rewritten.version = "2@d".to_owned();
    let others = [
        ("another pack", vec![entry("acme", "pack#p2", 60)]),
        ("another tenant", vec![entry("globex", "pack#p1", 60)]),
        ("a newer version", vec![rewritten]),
        ("not settled", vec![entry("acme", "pack#p1", 0)]),
    ];
    for (difference, entries) in others {
        assert_ne!(reference(entries), original, "{difference}");
    }
}

#[test]
fn a_target_whose_variants_could_not_be_deleted_is_not_invalidated() {
    let plan = plan_of(vec![entry("acme", "pack#p1", 60), entry("acme", "pack#p2", 60)], Budgets::default());
    let [batch] = plan.batches.as_slice() else { panic!("{plan:?}") };
    let failed = |targets: &[&str]| targets.iter().map(|target| Target::parse(target).unwrap()).collect();

    assert_eq!(batch.clone().without(&failed(&[])).as_ref(), Some(batch));
    let left = batch.clone().without(&failed(&["pack#p1"])).expect("p2 is left");
    assert_eq!(left.items.iter().map(ToString::to_string).collect::<Vec<_>>(), ["#acme/p2"]);
    assert_eq!(left.entries.len(), 1);
    assert_ne!(left.caller_reference, batch.caller_reference);
    assert_eq!(batch.clone().without(&failed(&["pack#p1", "pack#p2"])), None);
}

#[test]
fn the_rest_of_an_escalated_request_is_exact_only_within_the_budget() {
    let budgets = Budgets { items_per_purge_run: 3, ..Budgets::default() };
    let without = |count: usize, gone: usize| {
        let entries = (0..count).map(|pack| entry("acme", &format!("pack#p{pack}"), 60)).collect();
        let batch = plan_of(entries, budgets).batches.remove(0);
        let gone = (0..gone).map(|pack| Target::parse(&format!("pack#p{pack}")).unwrap()).collect();
        let left = batch.without(&gone).expect("something is left");
        (left.items.iter().map(ToString::to_string).collect::<Vec<_>>(), left.entries.len())
    };
    assert_eq!(without(6, 1), (vec!["#acme".to_owned()], 5));
    assert_eq!(without(6, 4), (vec!["#acme/p4".to_owned(), "#acme/p5".to_owned()], 2));
}
