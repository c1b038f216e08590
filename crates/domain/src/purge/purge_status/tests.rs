use super::*;
use crate::Distribution;
use crate::ImagePackId;
use crate::purge::ledger::{COMPLETED, ledger_row};
use crate::queue::queue_entry::DeletionCursor;

const NOW: Timestamp = Timestamp::from_millis(10_000_000);
const SETTLE: Duration = Duration::from_secs(90);

fn ago(secs: u64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - secs * 1000)
}

/// A row of `target` that was written `secs` ago.
fn entry(target: &str, secs: u64) -> QueueEntry {
    let mut entry = QueueEntry::written("acme", target, ago(secs));
    entry.cause.changes = 2;
    entry
}

fn purged_early(entry: QueueEntry) -> QueueEntry {
    QueueEntry { early_purge_version: Some(entry.version.clone()), early_purge_count: 1, ..entry }
}

/// The request that serves `entry`; `status` is CloudFront's status of it, `None`: CloudFront has not accepted it.
fn request(entry: &QueueEntry, is_final: bool, status: Option<&str>) -> (PurgeRequest, Option<Invalidation>) {
    let invalidation = status.map(|status| Invalidation { id: "I1".to_owned(), status: status.to_owned() });
    let request = PurgeRequest {
        caller_reference: "reference".to_owned(),
        for_tenant: entry.tenant.clone(),
        distribution: Distribution {
            distribution_id: "EACME".to_owned(),
            distribution_tenant_id: None,
            cache_tags: true,
        },
        items: vec!["#acme/p1".to_owned()],
        entries: vec![OutboxEntry {
            target: entry.target.clone(),
            version: entry.version.clone(),
            is_final,
            began_at: ago(5),
            enqueued_at: entry.last_event_at,
            variants_deleted: 3,
            cause: entry.cause.clone(),
        }],
        created_at: ago(4),
        renamed: 0,
        joined_reference: None,
        invalidation_id: invalidation.as_ref().map(|invalidation| invalidation.id.clone()),
        accepted_at: invalidation.as_ref().map(|_| ago(4)),
    };
    (request, invalidation)
}

/// The ledger's row of a purge of `target` that was completed `secs` ago; `None`: CloudFront rejected it.
fn row(target: &str, completed_secs: Option<u64>) -> LedgerRow {
    let (request, _) = request(&entry(target, 500), true, Some(COMPLETED));
    let invalidation = Invalidation { id: "I1".to_owned(), status: COMPLETED.to_owned() };
    let invalidation = completed_secs.map(|_| &invalidation);
    let row = ledger_row(&request, &request.entries[0], invalidation, Duration::from_secs(1));
    LedgerRow { completed_at: completed_secs.map(ago), ..row }
}

fn status_of(known: &Known) -> PurgeStatus {
    purge_status(NOW, known, SETTLE)
}

fn check(situation: &str, known: &Known, expected: &str) {
    let verdict = status_of(known).verdict;
    assert!(verdict.contains(expected), "{situation}: {verdict}");
    let sentences = verdict.strip_suffix('.').expect(situation).split(". ").collect::<Vec<_>>();
    assert!(sentences.len() <= 3, "{situation}: {verdict}");
    assert!(sentences.iter().all(|sentence| sentence.starts_with(char::is_uppercase)), "{situation}: {verdict}");
}

fn wait(entry: &QueueEntry, reason: WaitReason, left_secs: Option<u64>) -> Wait {
    let until = left_secs.map(|secs| NOW.plus(Duration::from_secs(secs)));
    Wait { target: entry.target.clone(), reason, until }
}

#[test]
fn the_verdict_names_the_progress_of_the_purge_and_the_next_step() {
    let (fresh, settled) = (entry("pack#p1", 3), entry("pack#p1", 600));
    let early = || purged_early(fresh.clone());
    let cursor = DeletionCursor { started_at: ago(60), after_key: "acme/k".to_owned(), variants_deleted: 4_000 };
    let deleting = || QueueEntry { deletion_cursor: Some(cursor.clone()), ..entry("location#main", 600) };
    let final_request = |status| Some(request(&settled, true, status));
    let in_flight = Some((WaitReason::InFlight, None));
    let settling = Some((WaitReason::Settling, Some(87)));
    let budget = |budget, left_secs| Some((WaitReason::Budget(budget), left_secs));
    for (situation, entry, wait_for, request, expected) in [
        ("just changed", fresh.clone(), None, None, "made 3 s ago and its purge is due"),
        ("purged early", early(), settling, None, "has had its early purge. An old image that was on its way"),
        ("when it settles", early(), settling, None, "the final purge is sent in 87 s"),
        ("early in flight", fresh.clone(), settling, Some(request(&fresh, false, None)), "has had its early purge"),
        ("a bulk", fresh.clone(), settling, None, "gets the final purge only. That purge is sent in 87 s"),
        (
            "calls",
            settled.clone(),
            budget(Budget::Calls, Some(3)),
            None,
            "limit of API calls. Its purge continues in 3 s",
        ),
        ("throttled", settled.clone(), budget(Budget::Throttled, Some(8)), None, "CloudFront has throttled a request"),
        (
            "wildcards",
            settled.clone(),
            budget(Budget::WildcardsInProgress, None),
            None,
            "complete the wildcards before it",
        ),
        (
            "behind another",
            settled.clone(),
            Some((WaitReason::BehindAnother, None)),
            None,
            "waits for another request of its tenant, which comes first. Its purge continues as soon as that has ended",
        ),
        ("no tenant", fresh.clone(), Some((WaitReason::NotRegistered, None)), None, "deploy the tenant's stack"),
        (
            "deleting first",
            deleting(),
            Some((WaitReason::Deleting, None)),
            None,
            "location main are being deleted, 4000 so far",
        ),
        ("in the outbox", settled.clone(), in_flight, final_request(None), "CloudFront has not accepted"),
        ("accepted", settled.clone(), in_flight, final_request(Some("InProgress")), "within seconds"),
        ("completed", settled.clone(), in_flight, final_request(Some(COMPLETED)), "from your browser's cache"),
        ("deleting after", deleting(), Some((WaitReason::Purged, None)), None, "deleted from S3, 4000 so far"),
    ] {
        let waits = wait_for.map(|(reason, left_secs)| wait(&entry, reason, left_secs)).into_iter().collect();
        let known = Known { entries: vec![entry], requests: request.into_iter().collect(), ledger: vec![], waits };
        check(situation, &known, expected);
    }
}

#[test]
fn of_several_purges_that_cover_a_pack_the_one_with_the_least_progress_decides_the_verdict() {
    let (settled, tenant) = (entry("pack#p1", 600), entry("tenant", 20));
    let known = Known {
        requests: vec![request(&settled, true, Some(COMPLETED))],
        waits: vec![wait(&settled, WaitReason::InFlight, None), wait(&tenant, WaitReason::Settling, Some(70))],
        entries: vec![settled, tenant],
        ledger: vec![row("pack#p1", Some(400))],
    };
    check("the tenant waits", &known, "the whole tenant was made 20 s ago");
    let targets: Vec<_> = status_of(&known).pending.iter().map(|pending| pending.target.to_string()).collect();
    assert_eq!(targets, ["pack#p1", "tenant"], "the pack itself first");
}

#[test]
fn a_change_after_a_request_is_due_although_the_request_is_in_flight() {
    let requests = vec![request(&entry("pack#p1", 600), true, Some("InProgress"))];
    let after = QueueEntry { version: "2@d".to_owned(), ..entry("pack#p1", 3) };
    let known = Known { entries: vec![after], requests, ..Known::default() };
    check("changed again", &known, "3 s ago and its purge is due");
}

#[test]
fn without_a_pending_purge_the_verdict_names_the_last_purge() {
    let ledger = |rows: Vec<LedgerRow>| Known { ledger: rows, ..Known::default() };
    check("never purged", &ledger(vec![]), "No purge is pending, and none is recorded");
    let completed = vec![row("pack#p1", Some(400)), row("location#main", Some(7_300))];
    check("completed", &ledger(completed.clone()), "The last purge of pack p1 completed 6 min ago");
    let last = status_of(&ledger(completed)).last_completed.unwrap();
    assert_eq!((last.target, last.variants_deleted), (Target::Pack(ImagePackId::parse("p1").unwrap()), 3));
    check("rejected", &ledger(vec![row("pack#p1", None)]), "CloudFront rejected the last purge of pack p1");
}

#[test]
fn pending_and_running_purges_are_reported_with_their_progress() {
    let waits = purged_early(entry("pack#p1", 30));
    let requests = vec![request(&waits, false, Some("InProgress"))];
    let known = Known {
        waits: vec![wait(&waits, WaitReason::Settling, Some(60))],
        entries: vec![waits],
        requests,
        ledger: vec![],
    };
    let status = status_of(&known);
    let [pending] = status.pending.as_slice() else { panic!("{status:?}") };
    assert_eq!(
        (pending.cause.changes, pending.early_purge_count, pending.settles_at),
        (2, 1, NOW.plus(Duration::from_mins(1)))
    );
    assert_eq!(pending.waits_for, Some("the end of the settle delay"));
    assert_eq!(pending.waits_until, Some(pending.settles_at));
    let [running] = status.running.as_slice() else { panic!("{status:?}") };
    assert_eq!((running.is_final, running.variants_deleted), (false, 3));
    assert_eq!(running.invalidation_status.as_deref(), Some("InProgress"));
    assert_eq!(status.last_completed, None);
}
