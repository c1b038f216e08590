use super::*;
use crate::purge::batch::PlannedEntry;
use crate::purge::ledger::{COMPLETED, Invalidation, ledger_row};
use crate::purge::limits::Delays;
use crate::purge::pacer::{CallRate, InProgress, PerSecond};
use crate::purge::planner::manual_request;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const RULES: Rules = Rules {
    delays: Delays { settle: Duration::from_secs(7), cached_max: Duration::from_mins(10) },
    early_purge_targets_max: 10,
    deletes_variants_first: false,
};
const QUOTAS: Quotas = Quotas {
    per_second: Some(PerSecond { items: 150, wildcards: 1 }),
    in_progress: Some(InProgress { items: 3_000, wildcards: 15 }),
    calls: CallRate { interval: Duration::from_secs(2), burst: 6 },
    items_per_request: 500,
};
const SHOWN_MAX: ShownMax = ShownMax { targets: 2, completed: 2 };

fn ago_millis(millis: u64) -> Timestamp {
    NOW.minus(Duration::from_millis(millis))
}

fn ago(secs: u64) -> Timestamp {
    ago_millis(secs * 1_000)
}

/// A row that was written `age_secs` ago and has had its early purge.
fn entry(tenant: &str, target: &str, age_secs: u64) -> QueueEntry {
    let entry = QueueEntry::written(tenant, target, ago(age_secs));
    QueueEntry { early_purge_version: Some(entry.version.clone()), ..entry }
}

fn distribution(tenant: &str) -> Distribution {
    // `initech` has no cache tags; `globex` and `hooli` are tenants of one multi-tenant distribution.
    let (distribution_id, distribution_tenant_id) = match tenant {
        "globex" | "hooli" => ("EMULTI".to_owned(), Some(format!("dt_{tenant}"))),
        _ => (format!("E{tenant}"), None),
    };
    Distribution { distribution_id, distribution_tenant_id, cache_tags: tenant != "initech" }
}

fn registered(tenants: &[&str]) -> BTreeMap<TenantId, Distribution> {
    tenants.iter().map(|tenant| (TenantId::parse(tenant).unwrap(), distribution(tenant))).collect()
}

/// The request of one purge of `entry`, sent `age_millis` ago.
fn request(entry: &QueueEntry, is_final: bool, age_millis: u64) -> PurgeRequest {
    let sent_at = ago_millis(age_millis);
    let planned = PlannedEntry { entry: entry.clone(), began_at: sent_at, is_final, variants_deleted: 0 };
    let batch = manual_request(&distribution(entry.tenant.as_str()), planned);
    PurgeRequest {
        invalidation_id: Some("I1".to_owned()),
        accepted_at: Some(sent_at),
        ..PurgeRequest::of(&batch, sent_at)
    }
}

/// The ledger's row of the final purge of `entry`, completed `secs` ago; `None`: it is in flight.
fn row(entry: &QueueEntry, completed_secs: Option<u64>) -> LedgerRow {
    let request = request(entry, true, 50_000);
    let invalidation = Invalidation { id: "I1".to_owned(), status: COMPLETED.to_owned() };
    let row = ledger_row(&request, &request.entries[0], Some(&invalidation), Duration::from_secs(1));
    LedgerRow { completed_at: completed_secs.map(ago), ..row }
}

fn overview_of(
    entries: &[QueueEntry],
    in_flight: &[PurgeRequest],
    ledger: &[LedgerRow],
    tenants: &[&str],
    quotas: Quotas,
) -> Overview {
    let tenants = registered(tenants);
    overview(NOW, &Records { entries, in_flight, ledger, tenants: &tenants }, &RULES, quotas, SHOWN_MAX)
}

fn of<'a>(overview: &'a Overview, tenant: &str) -> &'a TenantOverview {
    overview.tenant(&TenantId::parse(tenant).unwrap()).unwrap()
}

#[test]
fn the_rows_of_each_tenant_are_counted_and_the_oldest_are_shown_with_their_reasons() {
    let entries = [
        entry("acme", "pack#new", 1),
        entry("acme", "pack#oldest", 30),
        entry("acme", "location#main", 5),
        entry("parked", "tenant", 9),
    ];
    let overview = overview_of(&entries, &[], &[], &["acme", "idle"], QUOTAS);
    let names: Vec<_> = overview.tenants.iter().map(|tenant| tenant.tenant.as_str()).collect();
    assert_eq!(names, ["acme", "idle", "parked"]);

    let acme = of(&overview, "acme");
    assert_eq!((acme.waiting, acme.oldest_change_at), (3, Some(ago(30))));
    let shown = |tenant: &TenantOverview| -> Vec<_> {
        tenant.targets.iter().map(|shown| (shown.target.to_string(), shown.waits_for, shown.waits_until)).collect()
    };
    let settles_at = ago(5).plus(RULES.delays.settle);
    assert_eq!(
        shown(acme),
        [
            // Its final purge is due.
            ("pack#oldest".to_owned(), None, None),
            ("location#main".to_owned(), Some("the end of the settle delay"), Some(settles_at)),
        ]
    );
    let idle = of(&overview, "idle");
    assert_eq!((idle.waiting, idle.oldest_change_at, shown(idle)), (0, None, Vec::new()));
    let parked = of(&overview, "parked");
    assert!(shown(parked)[0].1.unwrap().contains("registration"), "{parked:?}");
    assert_eq!(parked.distribution, None);
}

#[test]
fn a_row_of_one_tenant_does_not_wait_for_the_reason_of_the_same_target_of_another() {
    let entries = [entry("acme", "pack#p1", 30), entry("parked", "pack#p1", 30)];
    let overview = overview_of(&entries, &[], &[], &["acme"], QUOTAS);
    assert_eq!(of(&overview, "acme").targets[0].waits_for, None);
    assert!(of(&overview, "parked").targets[0].waits_for.is_some());
}

#[test]
fn early_and_final_purges_in_flight_are_counted_for_their_tenant_only() {
    let [early, settled, other] =
        [entry("acme", "pack#a", 2), entry("acme", "pack#b", 30), entry("globex", "pack#a", 30)];
    let in_flight = [request(&early, false, 1_500), request(&settled, true, 900), request(&other, true, 100)];
    let overview = overview_of(&[early, settled, other], &in_flight, &[], &["acme", "globex"], QUOTAS);
    let counted = |tenant: &str| (of(&overview, tenant).early_in_flight, of(&overview, tenant).final_in_flight);
    assert_eq!((counted("acme"), counted("globex")), ((1, 1), (0, 1)));
}

/// The use of the quotas: in progress of the distribution of `tenant`, then a second of the account.
fn check_use(in_flight: &[PurgeRequest], tenant: &str, quotas: Quotas, expected: [Option<(usize, usize)>; 4]) {
    let overview = overview_of(&[], in_flight, &[], &[tenant], quotas);
    let distribution = of(&overview, tenant).distribution.clone().unwrap();
    let used = [
        distribution.items_in_progress,
        distribution.wildcards_in_progress,
        overview.items_per_second,
        overview.wildcards_per_second,
    ];
    assert_eq!(used.map(|usage| usage.map(|usage| (usage.used, usage.left()))), expected, "{tenant}");
}

#[test]
fn items_in_progress_count_for_the_distribution_and_those_of_the_last_second_for_the_account() {
    let sent = |tenant, target, age_millis| request(&entry(tenant, target, 30), true, age_millis);
    let in_flight = [
        sent("acme", "pack#a", 5_000),
        sent("acme", "pack#b", 999),
        sent("globex", "pack#a", 500),
        sent("hooli", "pack#a", 1_000),
        sent("initech", "pack#a", 200),
    ];
    let account = [Some((2, 148)), Some((1, 0))];
    let with = |in_progress: [Option<(usize, usize)>; 2]| [in_progress[0], in_progress[1], account[0], account[1]];
    check_use(&in_flight, "acme", QUOTAS, with([Some((2, 2_998)), Some((0, 15))]));
    check_use(&in_flight, "globex", QUOTAS, with([Some((2, 2_998)), Some((0, 15))]));
    check_use(&in_flight, "initech", QUOTAS, with([Some((0, 3_000)), Some((1, 14))]));
    check_use(&[], "acme", QUOTAS, [Some((0, 3_000)), Some((0, 15)), Some((0, 150)), Some((0, 1))]);
}

#[test]
fn a_scheme_that_the_pacer_does_not_keep_is_left_out() {
    let newer = Quotas { in_progress: None, ..QUOTAS };
    check_use(&[], "acme", newer, [None, None, Some((0, 150)), Some((0, 1))]);
    let older = Quotas { per_second: None, ..QUOTAS };
    check_use(&[], "acme", older, [Some((0, 3_000)), Some((0, 15)), None, None]);
}

#[test]
fn the_newest_completed_purges_of_the_tenant_are_shown() {
    let completed = |tenant, target, secs| row(&entry(tenant, target, 60), secs);
    let ledger = [
        completed("acme", "pack#old", Some(40)),
        completed("acme", "pack#in-flight", None),
        completed("acme", "pack#newest", Some(1)),
        completed("globex", "pack#other", Some(0)),
        completed("acme", "tenant", Some(20)),
    ];
    let overview = overview_of(&[], &[], &ledger, &["acme"], QUOTAS);
    let shown: Vec<_> = of(&overview, "acme").completed.iter().map(|row| row.target.to_string()).collect();
    assert_eq!(shown, ["pack#newest", "tenant"]);
}
