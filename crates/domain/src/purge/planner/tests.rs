mod due;
mod joins;
mod rounds;
mod turns;

use std::time::Duration;

use super::*;
use crate::change::detection::Reason;
use crate::purge::batch::JoinedInvalidation;
use crate::purge::limits::{Delays, ITEMS_PER_REQUEST_MAX};
use crate::purge::pacer::{CallRate, InProgress, ItemCounts, PerSecond, Quotas};

const SETTLE_SECS: u64 = 7;
const CACHED_SECS_MAX: u64 = 600;
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

const RULES: Rules = Rules {
    delays: Delays { settle: Duration::from_secs(SETTLE_SECS), cached_max: Duration::from_secs(CACHED_SECS_MAX) },
    early_purge_targets_max: 10,
    deletes_variants_first: false,
};

/// Both schemes of CloudFront, and the throttle of its calls.
const QUOTAS: Quotas = Quotas {
    per_second: Some(PerSecond { items: 150, wildcards: 1 }),
    in_progress: Some(InProgress { items: 3_000, wildcards: 15 }),
    calls: CallRate { interval: Duration::from_secs(2), burst: 6 },
    items_per_request: 500,
};

/// The time `secs` seconds before [`NOW`].
fn ago(secs: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(secs))
}

/// An entry that was last written `age_secs` before [`NOW`].
fn entry(tenant: &str, target: &str, age_secs: u64) -> QueueEntry {
    QueueEntry::written(tenant, target, ago(age_secs))
}

fn packs(tenant: &str, count: usize, age_secs: u64) -> Vec<QueueEntry> {
    (0..count).map(|pack| entry(tenant, &format!("pack#p{pack:04}"), age_secs)).collect()
}

fn purged_early(entry: QueueEntry) -> QueueEntry {
    QueueEntry { early_purge_version: Some(entry.version.clone()), ..entry }
}

fn manual(mut entry: QueueEntry) -> QueueEntry {
    entry.cause.reasons = [Reason::Manual].into();
    entry
}

fn rewritten(entry: QueueEntry) -> QueueEntry {
    QueueEntry { version: "2@d".to_owned(), ..entry }
}

/// `acme` and `globex` with cache tags, `initech` without.
fn tenants() -> BTreeMap<TenantId, Distribution> {
    [("acme", true), ("globex", true), ("initech", false)]
        .into_iter()
        .map(|(tenant, cache_tags)| {
            let distribution_id = format!("E{}", tenant.to_uppercase());
            (
                TenantId::parse(tenant).unwrap(),
                Distribution { distribution_id, distribution_tenant_id: None, cache_tags },
            )
        })
        .collect()
}

/// The situation that a plan begins in.
struct Situation {
    now: Timestamp,
    entries: Vec<QueueEntry>,
    in_flight: Vec<PurgeRequest>,
    unavailable: BTreeSet<String>,
    deleted: Deleted,
    rules: Rules,
}

impl Situation {
    fn of(entries: Vec<QueueEntry>) -> Self {
        Self {
            now: NOW,
            entries,
            in_flight: Vec::new(),
            unavailable: BTreeSet::new(),
            deleted: Deleted::new(),
            rules: RULES,
        }
    }

    /// Plans with a pacer that resumes now.
    fn plan<T>(&self, look: impl FnOnce(Plan<'_>) -> T) -> T {
        self.plan_with(&mut Pacer::resume(QUOTAS, self.now, &self.in_flight), look)
    }

    fn plan_with<T>(&self, pacer: &mut Pacer, look: impl FnOnce(Plan<'_>) -> T) -> T {
        let tenants = tenants();
        let pending = Pending {
            entries: self.entries.iter().collect(),
            in_flight: &self.in_flight,
            tenants: &tenants,
            unavailable: &self.unavailable,
            deleted: &self.deleted,
        };
        look(plan(self.now, &pending, &self.rules, pacer))
    }
}

fn items_of(batch: &Batch) -> Vec<String> {
    batch.items.iter().map(ToString::to_string).collect()
}

/// Plans `entries` and compares the requests: the distribution and its items.
fn check(entries: Vec<QueueEntry>, expected: &[(&str, &[&str])]) {
    let requests = Situation::of(entries).plan(|plan| {
        let requests = plan.batches.iter().map(|batch| (batch.distribution.distribution_id.clone(), items_of(batch)));
        requests.collect::<Vec<_>>()
    });
    let requests: Vec<_> = requests.iter().map(|(id, items)| (id.as_str(), items.clone())).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(distribution, items)| (*distribution, items.iter().map(ToString::to_string).collect::<Vec<_>>()))
        .collect();
    assert_eq!(requests, expected);
}

#[test]
fn an_empty_queue_sends_nothing() {
    check(vec![], &[]);
}

#[test]
fn a_tenants_entries_share_one_request_with_sorted_exact_tags() {
    let entries = vec![entry("acme", "pack#p2", 60), entry("acme", "location#main", 60), entry("acme", "pack#p1", 70)];
    check(entries, &[("EACME", &["#acme/location/main", "#acme/p1", "#acme/p2"])]);
}

#[test]
fn tenants_never_share_a_request() {
    let entries = vec![entry("acme", "pack#p1", 60), entry("globex", "pack#p1", 60)];
    check(entries, &[("EACME", &["#acme/p1"]), ("EGLOBEX", &["#globex/p1"])]);
}

#[test]
fn a_distribution_without_tags_gets_wildcards_one_a_second() {
    check(vec![entry("initech", "pack#p1", 60)], &[("EINITECH", &["/api/v2/img/p1*"])]);
    check(packs("initech", 3, 60), &[("EINITECH", &["/api/v2/img/p0000*"])]);
}

#[test]
fn items_that_the_tenants_item_covers_are_left_out() {
    check(vec![entry("acme", "pack#p1", 60), entry("acme", "tenant", 60)], &[("EACME", &["#acme"])]);
    check(
        vec![entry("initech", "pack#p1", 60), entry("initech", "location#main", 60)],
        &[("EINITECH", &["/api/v2/img/*"])],
    );
}

/// Plans settled packs of one tenant and expects whether the tenant's item takes their place, and the entries of the first
/// request.
fn check_escalation(tenant: &str, count: usize, is_escalated: bool, entries: usize) {
    let found = Situation::of(packs(tenant, count, 60)).plan(|plan| {
        let items = items_of(&plan.batches[0]);
        (items == ["#acme"] || items == ["/api/v2/img/*"], plan.batches[0].entries.len())
    });
    assert_eq!(found, (is_escalated, entries), "{count} packs of {tenant}");
}

#[test]
fn the_tenants_item_takes_the_place_of_its_packs_when_those_would_take_more_than_a_minute() {
    // 28 calls at a burst of 4 and one in 2.5 s, of 120 tags each or of one wildcard each.
    check_escalation("acme", 3_360, false, 120);
    check_escalation("acme", 3_361, true, 500);
    check_escalation("initech", 28, false, 1);
    check_escalation("initech", 29, true, 29);
}

#[test]
fn the_bulk_of_one_tenant_escalates_no_other_tenant() {
    let entries = [packs("acme", 4_000, 60), packs("globex", 2, 60)].concat();
    let tags = Situation::of(entries).plan(|plan| plan.batches.iter().map(items_of).collect::<BTreeSet<_>>());
    let expected = [vec!["#acme".to_owned()], vec!["#globex/p0000".to_owned(), "#globex/p0001".to_owned()]];
    assert_eq!(tags, expected.into());
}

#[test]
fn a_repeated_run_over_the_same_rows_has_the_same_caller_reference() {
    let entries = || vec![entry("acme", "pack#p1", 60), entry("acme", "pack#p2", 60)];
    let reversed = entries().into_iter().rev().collect();
    let reference = |entries| Situation::of(entries).plan(|plan| plan.batches[0].caller_reference.clone());
    assert_eq!(reference(entries()), reference(reversed));
    assert_eq!(reference(entries()).len(), 64);
}

#[test]
fn the_caller_reference_changes_with_what_is_purged_and_with_settling() {
    let reference = |entries| Situation::of(entries).plan(|plan| plan.batches[0].caller_reference.clone());
    let original = reference(vec![entry("acme", "pack#p1", 60)]);
    let others = [
        ("another pack", entry("acme", "pack#p2", 60)),
        ("another tenant", entry("globex", "pack#p1", 60)),
        ("a newer version", rewritten(entry("acme", "pack#p1", 60))),
        ("not settled", entry("acme", "pack#p1", 0)),
    ];
    for (difference, entry) in others {
        assert_ne!(reference(vec![entry]), original, "{difference}");
    }
}

/// The request of the first batch for `entries` alone.
fn request(entries: Vec<QueueEntry>) -> PurgeRequest {
    Situation::of(entries).plan(|plan| PurgeRequest::of(&plan.batches[0], NOW))
}

#[test]
fn the_halves_of_a_request_divide_its_items_and_entries_and_have_their_own_caller_references() {
    let whole = request(packs("acme", 3, 60));
    let [first, second] = whole.halves().expect("three items");
    assert_eq!((first.items.as_slice(), second.items.as_slice()), (&whole.items[..1], &whole.items[1..]));
    assert_eq!((first.entries.len(), second.entries.len()), (1, 2));
    let names = [&whole.caller_reference, &first.caller_reference, &second.caller_reference];
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    assert_eq!(first.halves(), None, "one item");
    // Planned alone, the same purge has the same caller reference, so that CloudFront bills it once.
    assert_eq!(first.caller_reference, request(packs("acme", 1, 60)).caller_reference);
}

#[test]
fn a_request_of_the_longest_ids_fits_into_one_item_of_a_table() {
    /// DynamoDB's limit of one item (developer guide, "Quotas"), in bytes.
    const ITEM_MAX_BYTES: usize = 400 * 1024;
    let tenant = TenantId::parse(&"t".repeat(63)).unwrap();
    let distribution =
        Distribution { distribution_id: "E1ABCDEF2GHIJK".to_owned(), distribution_tenant_id: None, cache_tags: true };
    let planned = (0..ITEMS_PER_REQUEST_MAX).map(|number| {
        let mut entry = entry(tenant.as_str(), &format!("pack#{number:0128}"), 60);
        entry.version = format!("{}@{}", "4".repeat(40), "d".repeat(36));
        entry.cause.requested_by = ["stream".to_owned(), format!("admin:{}", "a".repeat(64))].into();
        entry.cause.changes = u64::MAX;
        PlannedEntry { entry, began_at: NOW, is_final: true, variants_deleted: u64::MAX }
    });
    let planned: Vec<_> = planned.collect();
    let items =
        planned.iter().map(|planned| InvalidationItem::covering(&tenant, &planned.entry.target, true)).collect();
    let request = PurgeRequest::of(&Batch::new(&tenant, &distribution, items, planned), NOW);
    let bytes = serde_json::to_string(&request).unwrap().len();
    assert_eq!(request.entries.len(), 500);
    // DynamoDB counts names and values like JSON does, and leaves out the punctuation.
    assert!(bytes < ITEM_MAX_BYTES, "{bytes}");
}
