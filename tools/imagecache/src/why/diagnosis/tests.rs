use domain::ImagePackId;
use domain::TenantId;
use domain::change::detection::Reason;
use domain::purge::purge_status::{Pending, PurgeStatus};
use domain::queue::queue_entry::QueueEntry;

use super::super::evidence::{Stored, Written};
use super::*;
use crate::test_row::row;
use crate::viewer::Seen;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn ago(secs: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(secs))
}

fn seen(x_cache: &str, age_secs: u64, fingerprint: &str, id: &str) -> Seen {
    Seen {
        status: 200,
        x_cache: Some(format!("{x_cache} from cloudfront")),
        age_secs,
        fingerprint: Some(fingerprint.to_owned()),
        request_id: Some(id.to_owned()),
        ..Seen::default()
    }
}

/// A pack that was written 1,000 s ago, rendered 900 s ago, and is in the cache of CloudFront since then.
fn evidence() -> Evidence {
    let written = |secs| Some(Written { written_at: Some(ago(secs)), written_by: Some("ada".to_owned()) });
    Evidence {
        environment: "dev".to_owned(),
        tenant: TenantId::parse("acme").unwrap(),
        host: "acme.example.com".to_owned(),
        url: "https://acme.example.com/api/v2/img/cat".to_owned(),
        url_with_suffix: "https://acme.example.com/api/v2/img/cat-1".to_owned(),
        pack_id: ImagePackId::parse("cat").unwrap(),
        location: "main".to_owned(),
        pack: written(1_000),
        config: written(5_000),
        current: Some("new".to_owned()),
        stored: vec![Stored { fingerprint: "new".to_owned(), stored_at: ago(900) }],
        looks: Looks {
            through: seen("Hit", 900, "new", "1"),
            again: seen("Hit", 900, "new", "2"),
            past: seen("Miss", 0, "new", "3"),
        },
        purges: PurgeStatus {
            verdict: "No purge is pending.".to_owned(),
            pending: Vec::new(),
            running: Vec::new(),
            last_completed: None,
        },
        ledger: Vec::new(),
        touched: None,
        dead_letters: 0,
        is_granted: Some(true),
        unaccepted_since: None,
        requests_read_at: NOW,
        purged_within: Duration::from_mins(5),
    }
}

/// The same, but the edge has the image of before, which is `age_secs` old, and the pack was written `written_secs` ago.
fn stale(age_secs: u64, written_secs: u64) -> Evidence {
    let mut evidence = evidence();
    evidence.looks.through = seen("Hit", age_secs, "old", "1");
    evidence.pack.as_mut().unwrap().written_at = Some(ago(written_secs));
    evidence
}

fn pending(secs: u64) -> Pending {
    let QueueEntry { target, cause, .. } = row("pack#cat", ago(secs));
    Pending {
        target,
        cause,
        settles_at: NOW,
        waits_for: None,
        waits_until: None,
        early_purge_count: 0,
        variants_deleted_so_far: None,
    }
}

/// The ledger's row of a final purge of the pack, whose change was enqueued `enqueued_secs` ago and which CloudFront
/// completed `completed_secs` ago; `None`: CloudFront rejected it.
fn purged(enqueued_secs: u64, completed_secs: Option<u64>) -> LedgerRow {
    let QueueEntry { tenant, target, version, cause, .. } = row("pack#cat", ago(enqueued_secs));
    LedgerRow {
        purge: format!("{target}#1"),
        tenant,
        target,
        cause,
        version,
        enqueued_at: ago(enqueued_secs),
        started_at: ago(enqueued_secs),
        is_final: true,
        variants_deleted: 0,
        variants_deleted_at: None,
        distribution_id: "E1".to_owned(),
        invalidation_id: completed_secs.map(|_| "I1".to_owned()),
        invalidation_status: if completed_secs.is_some() { "Completed" } else { REJECTED }.to_owned(),
        created_at: None,
        completed_at: completed_secs.map(ago),
        refill_seen_at: None,
        expires_at: 0,
    }
}

fn touched(names: &[(&str, bool)]) -> Vec<Touched> {
    let touched = |&(name, is_visible): &(&str, bool)| Touched { attribute: name.to_owned(), is_visible };
    names.iter().map(touched).collect()
}

/// Checks the cause, and words of the verdict and of the next step.
#[track_caller]
fn check(evidence: &Evidence, cause: Cause, in_verdict: &str, in_next: &str) {
    let diagnosis = diagnose(NOW, evidence);
    assert_eq!(diagnosis.cause, cause, "{diagnosis:?}");
    assert!(diagnosis.verdict.contains(in_verdict) && diagnosis.next.contains(in_next), "{diagnosis:?}");
    let is_open = |text: &str| {
        !text.ends_with('.') && text.starts_with(|first: char| first.is_uppercase() || first == 'i' || first == 'a')
    };
    assert!(is_open(&diagnosis.verdict) && is_open(&diagnosis.next), "{diagnosis:?}");
}

#[test]
fn without_an_old_image_in_a_layer_it_is_further_down() {
    let current = "Every layer of the image cache has the current image";
    check(&evidence(), Cause::EveryLayerCurrent, current, "/cat-1");
    let miss = Evidence { looks: Looks { through: seen("Miss", 0, "new", "1"), ..evidence().looks }, ..evidence() };
    check(&miss, Cause::EveryLayerCurrent, current, "browser");
    let mut purged_early = evidence();
    purged_early.purges.pending.push(pending(3));
    check(&purged_early, Cause::EveryLayerCurrent, "This edge has the current image", "/cat-1");
}

#[test]
fn two_responses_with_one_id_come_from_a_cache_in_front_of_cloudfront() {
    let mut evidence = stale(900, 100);
    evidence.looks.again = evidence.looks.through.clone();
    check(&evidence, Cause::CacheFurtherDown, "between CloudFront and this machine", "/cat-1");
}

#[test]
fn a_pending_purge_has_a_time_by_which_the_image_is_fresh() {
    let mut evidence = stale(900, 10);
    evidence.purges.pending.push(pending(10));
    check(&evidence, Cause::PurgePending, "It is fresh by 1970-01-12T13:51:30Z at the latest", "/cat-1");
    evidence.purges.pending.push(pending(301));
    check(&evidence, Cause::PurgeOverdue, "It should have been purged by", "imagecache doctor acme --environment dev");
}

#[test]
fn a_purge_that_cloudfront_does_not_accept_lacks_the_grant_or_a_quota() {
    let mut evidence = stale(900, 10);
    evidence.purges.pending.push(pending(10));
    for (unaccepted_since, cause) in
        [(None, Cause::PurgePending), (Some(ago(2)), Cause::PurgePending), (Some(ago(10)), Cause::QuotaRefused)]
    {
        evidence.unaccepted_since = unaccepted_since;
        check(&evidence, cause, "", "Wait");
    }
    check(
        &evidence,
        Cause::QuotaRefused,
        "has not accepted a purge of acme that was sent 10 s ago: it throttles",
        "/cat-1",
    );
    // The row may have no request: a purge run sends none after one that is denied.
    for unaccepted_since in [None, Some(ago(10))] {
        let evidence = Evidence { is_granted: Some(false), unaccepted_since, ..evidence.clone() };
        check(
            &evidence,
            Cause::MissingGrant,
            "The purge of pack#cat waits, because CloudFront denies it",
            "doctor acme",
        );
    }
    evidence.purges.pending.clear();
    check(&evidence, Cause::NotDelivered, "neither queue nor ledger", "doctor acme");
}

#[test]
fn a_change_that_nothing_knows_is_on_its_way_or_a_dead_letter_or_was_not_delivered() {
    check(&stale(900, 5), Cause::PurgePending, "The pack was written 5 s ago", "Wait");
    let mut evidence = stale(900, 60);
    evidence.ledger = vec![purged(2_000, Some(1_990))];
    check(&evidence, Cause::NotDelivered, "neither queue nor ledger", "imagecache doctor acme");
    evidence.dead_letters = 2;
    check(&evidence, Cause::DeadLetter, "there are 2 dead letters", "imagecache dead-letters replay --environment dev");
    evidence.ledger.push(purged(60, None));
    check(
        &evidence,
        Cause::DeadLetter,
        "CloudFront rejected the last purge of pack#cat",
        "imagecache dead-letters replay",
    );
}

#[test]
fn an_object_that_is_older_than_its_completed_purge_survived_it() {
    let mut evidence = stale(900, 60);
    evidence.ledger = vec![purged(60, Some(50))];
    check(
        &evidence,
        Cause::PurgeWithoutEffect,
        "CloudFront completed its last purge 50 s ago",
        "imagecache doctor acme",
    );
    evidence.looks.through.age_secs = 40;
    check(&evidence, Cause::NotDelivered, "neither queue nor ledger", "imagecache doctor acme");
}

#[test]
fn a_write_after_the_rendering_that_no_purge_followed_was_not_visible() {
    let mut evidence = evidence();
    evidence.pack.as_mut().unwrap().written_at = Some(ago(100));
    check(
        &evidence,
        Cause::NotVisible,
        "100 s ago by ada, changed nothing that this image shows: which attributes",
        "original",
    );
    evidence.touched = Some(touched(&[("revision", false), ("title", false), ("updatedAt", false)]));
    check(&evidence, Cause::NotVisible, "it touched title", "original");
    evidence.touched = Some(touched(&[("imageLocations", true)]));
    check(
        &evidence,
        Cause::NotVisible,
        "touched imageLocations, and the image of this location stayed",
        "this location",
    );
    evidence.touched = Some(touched(&[("revision", false), ("updatedAt", false)]));
    check(&evidence, Cause::NotVisible, "it touched revision, updatedAt", "original");
    evidence.ledger = vec![purged(99, Some(90))];
    check(&evidence, Cause::EveryLayerCurrent, "Every layer", "/cat-1");
}

#[test]
fn a_configuration_that_was_saved_after_the_rendering_was_saved_without_force() {
    let mut evidence = evidence();
    evidence.config.as_mut().unwrap().written_at = Some(ago(100));
    check(
        &evidence,
        Cause::NotForced,
        "configuration of location main was saved 100 s ago, without force",
        "force=true",
    );
    // A later write of the pack is the one that its editor asks about.
    evidence.pack.as_mut().unwrap().written_at = Some(ago(50));
    check(&evidence, Cause::NotVisible, "50 s ago", "original");
    evidence.config.as_mut().unwrap().written_at = Some(ago(899));
    evidence.pack.as_mut().unwrap().written_at = Some(ago(1_000));
    check(&evidence, Cause::EveryLayerCurrent, "Every layer", "/cat-1");
}

#[test]
fn without_an_image_the_error_is_the_verdict() {
    let absent = Evidence { pack: None, current: None, ..evidence() };
    check(&absent, Cause::NoImage, "acme has no pack cat", "Why is there no image?");
    let elsewhere = Evidence { current: None, ..evidence() };
    check(&elsewhere, Cause::NoImage, "Pack cat has no image at location main", "runbook");
    let mut damaged = evidence();
    damaged.looks.past = Seen { status: 404, error: Some("damaged-image: no".to_owned()), ..Seen::default() };
    check(&damaged, Cause::NoImage, "image-processing answers 404 for cat (damaged-image: no)", "runbook");
}

#[test]
fn the_reasons_of_a_row_are_those_of_detection() {
    let mut evidence = stale(900, 10);
    let mut waiting = pending(10);
    waiting.cause.reasons.insert(Reason::LocationForced);
    evidence.purges.pending.push(waiting);
    assert!(super::super::explanation::purges(&evidence)[0].contains("location-forced"));
}
