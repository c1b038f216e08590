use std::collections::BTreeSet;

use super::*;
use crate::queue::purge_cause::PurgeCause;
use crate::queue::queue_entry::FinalPurge;

const SECOND: u64 = 1_000;
const SETTLE: Duration = Duration::from_secs(30);
/// Five seconds before the outage, its beginning, and ten seconds into it.
const BEFORE: Timestamp = Timestamp::from_millis(OLDEST_WRITE_MILLIS + 95 * SECOND);
const SINCE: Timestamp = Timestamp::from_millis(OLDEST_WRITE_MILLIS + 100 * SECOND);
const DURING: Timestamp = Timestamp::from_millis(OLDEST_WRITE_MILLIS + 110 * SECOND);

fn check_changed(entity: &str, updated_at: Option<&str>, generation: Option<&str>, expected: Option<Changed>) {
    let item = Item { target: &Target::parse(entity).unwrap(), updated_at, generation };
    assert_eq!(changed_since(item, SINCE), expected, "{item:?}");
}

#[test]
fn a_pack_counts_as_changed_unless_its_last_write_is_older_than_the_outage() {
    let millis = |time: Timestamp| time.as_millis().to_string();
    check_changed("pack#p1", Some(&millis(BEFORE)), None, None);
    check_changed("pack#p1", Some(&millis(SINCE)), None, Some(Changed::At(SINCE)));
    check_changed("pack#p1", Some(&millis(DURING)), None, Some(Changed::At(DURING)));
    check_changed("pack#p1", None, None, Some(Changed::Sometime));
    // Seconds, days, fractions and texts that are not numbers: the management API never writes them.
    for strange in ["946684795", "20000101", "0", "-1", "946684795000.5", "1E12", "", "yesterday"] {
        check_changed("pack#p1", Some(strange), None, Some(Changed::Sometime));
    }
}

#[test]
fn a_locations_config_counts_if_it_was_ever_forced() {
    let during = DURING.as_millis().to_string();
    check_changed("location#main", Some(&during), Some("3"), Some(Changed::At(DURING)));
    check_changed("location#main", None, Some("1"), Some(Changed::Sometime));
    check_changed("location#main", Some(&BEFORE.as_millis().to_string()), Some("3"), None);
    check_changed("location#main", Some(&during), Some("0"), None);
    check_changed("location#main", Some(&during), None, None);
}

fn suspect(changed: Changed) -> Suspect {
    Suspect { tenant: TenantId::parse("acme").unwrap(), target: Target::parse("pack#p1").unwrap(), changed }
}

fn row(last_event_at: Timestamp, reason: Reason) -> QueueEntry {
    let Suspect { tenant, target, .. } = suspect(Changed::Sometime);
    QueueEntry {
        tenant,
        target,
        version: "1@d".to_owned(),
        last_event_at,
        cause: PurgeCause {
            first_event_at: BEFORE,
            changes: 1,
            reasons: BTreeSet::from([reason]),
            requested_by: BTreeSet::new(),
        },
        early_purge_count: 0,
        early_purge_version: None,
        final_purge: None,
        deletion_cursor: None,
    }
}

/// A final purge that CloudFront has completed.
fn purge(started_at: Timestamp, reason: Reason) -> LedgerRow {
    let QueueEntry { tenant, target, cause, .. } = row(BEFORE, reason);
    LedgerRow {
        tenant,
        purge: "pack#p1#1".to_owned(),
        target,
        cause,
        version: "1@d".to_owned(),
        enqueued_at: BEFORE,
        started_at,
        is_final: true,
        variants_deleted: 1,
        variants_deleted_at: None,
        distribution_id: "E1".to_owned(),
        invalidation_id: Some("I1".to_owned()),
        invalidation_status: "Completed".to_owned(),
        created_at: Some(started_at),
        completed_at: Some(started_at),
        refill_seen_at: None,
        expires_at: 0,
    }
}

fn check(situation: &str, changed: Changed, queued: Option<&QueueEntry>, purges: &[LedgerRow], expected: Verdict) {
    let verdict = suspect(changed).verdict(SINCE, queued, purges, SETTLE);
    assert_eq!(verdict, expected, "{changed:?}: {situation}");
}

#[test]
fn a_change_that_neither_queue_nor_ledger_covers_is_enqueued() {
    for changed in [Changed::At(DURING), Changed::Sometime, Changed::Removed] {
        check("neither queue nor ledger know it", changed, None, &[], Verdict::Enqueue);
    }
}

#[test]
fn a_row_covers_a_change_that_is_not_newer_whatever_its_reason() {
    let at = Changed::At(DURING);
    let earlier = Timestamp::from_millis(DURING.as_millis() - 1);
    for reason in [Reason::Resync, Reason::ImageLocationsChanged, Reason::Manual] {
        check("as old as the change", at, Some(&row(DURING, reason)), &[], Verdict::Queued);
        check("older than the change", at, Some(&row(earlier, reason)), &[], Verdict::Enqueue);
    }
}

#[test]
fn a_change_of_unknown_time_is_covered_by_a_resync_of_this_outage_only() {
    for changed in [Changed::Sometime, Changed::Removed] {
        check("queued by this resync", changed, Some(&row(DURING, Reason::Resync)), &[], Verdict::Queued);
        check("queued by an older resync", changed, Some(&row(BEFORE, Reason::Resync)), &[], Verdict::Enqueue);
        let other = row(DURING, Reason::ImageLocationsChanged);
        check("queued for another change", changed, Some(&other), &[], Verdict::Enqueue);
    }
    let removal = row(DURING, Reason::PackRemoved);
    check("its removal is queued", Changed::Removed, Some(&removal), &[], Verdict::Queued);
    check("queued as removed, yet there", Changed::Sometime, Some(&removal), &[], Verdict::Enqueue);
}

#[test]
fn a_row_whose_final_purge_is_completed_counts_as_purged() {
    let purged = |version: &str| {
        let final_purge = FinalPurge { version: version.to_owned(), ledger_key: "key".to_owned() };
        QueueEntry { final_purge: Some(final_purge), ..row(DURING, Reason::ImageLocationsChanged) }
    };
    let at = Changed::At(DURING);
    check("its old variants are being deleted", at, Some(&purged("1@d")), &[], Verdict::Purged);
    check("rewritten since", at, Some(&purged("0@d")), &[], Verdict::Queued);
}

#[test]
fn a_purge_covers_a_change_if_it_began_a_settle_delay_later_and_is_complete() {
    let settled = DURING.plus(SETTLE);
    let too_early = Timestamp::from_millis(settled.as_millis() - 1);
    let at = Changed::At(DURING);
    for reason in [Reason::Resync, Reason::ImageLocationsChanged] {
        check("a settle delay later", at, None, &[purge(settled, reason)], Verdict::Purged);
        check("sooner", at, None, &[purge(too_early, reason)], Verdict::Enqueue);
        let under_way = LedgerRow { completed_at: None, ..purge(settled, reason) };
        check("under way", at, None, &[under_way], Verdict::Enqueue);
        let early_purge = LedgerRow { is_final: false, ..purge(settled, reason) };
        check("an early purge", at, None, &[early_purge], Verdict::Enqueue);
        check("any of several", at, None, &[purge(too_early, reason), purge(settled, reason)], Verdict::Purged);
        check("queued since", at, Some(&row(BEFORE, reason)), &[purge(settled, reason)], Verdict::Purged);
    }
}

#[test]
fn a_purge_covers_a_change_of_unknown_time_only_for_a_resync_of_this_outage() {
    let settled = SINCE.plus(SETTLE);
    let sometime = Changed::Sometime;
    check("for this resync", sometime, None, &[purge(settled, Reason::Resync)], Verdict::Purged);
    check("for an older resync", sometime, None, &[purge(SINCE, Reason::Resync)], Verdict::Enqueue);
    check("for another change", sometime, None, &[purge(settled, Reason::ImageLocationsChanged)], Verdict::Enqueue);
}

#[test]
fn a_removed_pack_with_variants_is_enqueued_whatever_was_purged() {
    let purges = [purge(SINCE.plus(SETTLE), Reason::Resync), purge(SINCE.plus(SETTLE), Reason::PackRemoved)];
    check("purged", Changed::Removed, None, &purges, Verdict::Enqueue);
}

#[test]
fn the_enqueued_event_has_its_reasons_and_the_earliest_time_of_the_change() {
    for (changed, since, reasons) in [
        (Changed::At(DURING), DURING, vec![Reason::Resync]),
        (Changed::Sometime, SINCE, vec![Reason::Resync]),
        (Changed::Removed, SINCE, vec![Reason::Resync, Reason::PackRemoved]),
    ] {
        let event = suspect(changed).event(SINCE);
        assert_eq!((event.written_at, &event.change.reasons), (since, &reasons), "{changed:?}");
    }
}
