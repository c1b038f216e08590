use super::*;
use crate::purge::batch::PlannedEntry;
use crate::purge::planner::manual_request;
use crate::queue::queue_entry::FinalPurge;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn row(tenant: &str, age_secs: u64) -> QueueEntry {
    let at = NOW.minus(Duration::from_secs(age_secs));
    QueueEntry { version: "2@d".to_owned(), ..QueueEntry::written(tenant, "pack#p1", at) }
}

fn request(row: &QueueEntry, is_final: bool) -> PurgeRequest {
    let distribution =
        Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags: true };
    let planned = PlannedEntry { entry: row.clone(), began_at: NOW, is_final, variants_deleted: 0 };
    PurgeRequest::of(&manual_request(&distribution, planned), NOW)
}

/// The time from write to fresh of a purge of `row` that is completed at [`NOW`], in seconds.
fn write_to_fresh(row: &QueueEntry, is_final: bool, known: Option<&QueueEntry>) -> Option<u64> {
    let request = request(row, is_final);
    let measurements = Measurements::completed(&request, &request.entries[0], known, NOW)?;
    assert_eq!(measurements.correlation_id.as_deref(), Some("2@d"));
    assert_eq!(measurements.values[0].0, Metric::WriteToFresh);
    Some(measurements.values[0].1 / 1_000)
}

#[test]
fn the_first_purge_of_a_change_has_the_time_from_its_write() {
    let row = row("acme", 3);
    let purged_early = QueueEntry { early_purge_version: Some(row.version.clone()), ..row.clone() };
    let other_version = QueueEntry { version: "3@d".to_owned(), ..row.clone() };
    assert_eq!(write_to_fresh(&row, false, Some(&row)), Some(3), "an early purge");
    assert_eq!(write_to_fresh(&row, true, Some(&row)), Some(3), "a final purge without an early one");
    assert_eq!(write_to_fresh(&row, true, Some(&purged_early)), None, "a final purge after an early one");
    assert_eq!(write_to_fresh(&row, false, Some(&other_version)), Some(3), "the row has changed meanwhile");
    assert_eq!(write_to_fresh(&row, true, None), None, "nothing is known about an early purge");
}

#[test]
fn a_change_that_joins_a_row_after_an_early_purge_has_its_own_time() {
    let first_event_at = NOW.minus(Duration::from_mins(1));
    let mut row = QueueEntry { early_purge_count: 1, early_purge_version: Some("1@d".to_owned()), ..row("acme", 2) };
    row.cause.first_event_at = first_event_at;
    assert_eq!(write_to_fresh(&row, false, Some(&row)), Some(2));
}

#[test]
fn the_oldest_entry_is_one_that_waits_for_a_purge_of_a_registered_tenant() {
    let distribution =
        Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags: true };
    let tenants = BTreeMap::from([(TenantId::parse("acme").unwrap(), distribution)]);
    let final_purge = Some(FinalPurge { version: "2@d".to_owned(), ledger_key: String::new() });
    let purged = QueueEntry { final_purge, ..row("acme", 500) };
    let rows = [row("acme", 20), row("acme", 30), row("parked", 900), purged];
    let Measurements { values, tenant, .. } = Measurements::queue(NOW, &rows, &[], &tenants);
    assert_eq!(tenant, None);
    assert_eq!(values, [(Metric::QueueDepth, 4), (Metric::OldestEntryAge, 30_000), (Metric::QuotaUse, 0)]);
    let none = Measurements::queue(NOW, &[], &[], &tenants).values;
    assert_eq!(none, [(Metric::QueueDepth, 0), (Metric::OldestEntryAge, 0), (Metric::QuotaUse, 0)]);
}

#[test]
fn the_quota_in_use_is_that_of_the_fullest_distribution() {
    let of = |distribution: &str, items: Vec<String>| {
        let mut request = request(&row("acme", 1), true);
        distribution.clone_into(&mut request.distribution.distribution_id);
        PurgeRequest { items, ..request }
    };
    let tags = |count: usize| (0..count).map(|tag| format!("#t{tag}")).collect::<Vec<_>>();
    let wildcards = |count: usize| (0..count).map(|path| format!("/p{path}*")).collect::<Vec<_>>();
    assert_eq!(quota_use_percent(&[of("E1", tags(300)), of("E2", tags(400)), of("E1", tags(600))]), 30);
    assert_eq!(quota_use_percent(&[of("E1", tags(300)), of("E2", wildcards(3))]), 20);
    assert_eq!(quota_use_percent(&[of("E1", tags(1))]), 1, "rounded up");
}

#[test]
fn an_accepted_request_counts_its_items_and_their_list_price() {
    let request = PurgeRequest {
        items: vec!["#a".to_owned(), "/b*".to_owned(), "/c".to_owned()],
        ..request(&row("acme", 1), true)
    };
    let Measurements { values, tenant, .. } = Measurements::accepted(&request);
    assert_eq!(tenant.unwrap().as_str(), "acme");
    assert_eq!(values, [(Metric::Items, 3), (Metric::Wildcards, 1), (Metric::EstimatedPrice, 15_000)]);
}

#[test]
fn a_thousand_items_cost_five_dollars_and_a_million_variants_fifteen() {
    assert_eq!(estimated_price(1_000, 0), 5_000_000);
    assert_eq!(estimated_price(0, 1_000_000), 15_000_000);
}

#[test]
fn a_deletion_of_nothing_is_not_measured() {
    assert_eq!(Measurements::variants_deleted(&row("acme", 1), 0), None);
    let measured = Measurements::variants_deleted(&row("acme", 1), 3).unwrap();
    assert_eq!(measured.values, [(Metric::VariantsDeleted, 3)]);
}
