use std::collections::BTreeSet;

use domain::change::detection::Reason;
use domain::purge::purge_request::OutboxEntry;
use domain::queue::purge_cause::PurgeCause;
use domain::{Distribution, ImagePackId};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const LIMIT: Duration = Duration::from_secs(100);

fn ago(secs: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(secs))
}

fn cause() -> PurgeCause {
    PurgeCause {
        first_event_at: ago(60),
        changes: 1,
        reasons: BTreeSet::from([Reason::ImageLocationsChanged]),
        requested_by: BTreeSet::new(),
    }
}

fn request(created_at: Timestamp, accepted: bool) -> PurgeRequest {
    PurgeRequest {
        caller_reference: "r".to_owned(),
        for_tenant: TenantId::parse("acme").unwrap(),
        distribution: Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags: true },
        items: vec!["#acme/p".to_owned()],
        entries: Vec::<OutboxEntry>::new(),
        created_at,
        renamed: 0,
        joined_reference: None,
        invalidation_id: accepted.then(|| "I1".to_owned()),
        accepted_at: None,
    }
}

fn purged(is_final: bool, completed_at: Option<Timestamp>) -> LedgerRow {
    LedgerRow {
        tenant: TenantId::parse("acme").unwrap(),
        purge: "pack#p#1".to_owned(),
        target: Target::Pack(ImagePackId::parse("p").unwrap()),
        cause: cause(),
        version: "1".to_owned(),
        enqueued_at: ago(60),
        started_at: ago(50),
        is_final,
        variants_deleted: 0,
        variants_deleted_at: None,
        distribution_id: "E1".to_owned(),
        invalidation_id: Some("I1".to_owned()),
        invalidation_status: "InProgress".to_owned(),
        created_at: None,
        completed_at,
        refill_seen_at: None,
        expires_at: 0,
    }
}

/// Whether waiting ends, and the cause that is named then.
#[track_caller]
fn check(traces: &Traces, waited: u64, is_over: bool, cause: &str) {
    let waited = Duration::from_secs(waited);
    assert_eq!(traces.is_over(NOW, waited, LIMIT), is_over, "{traces:?}");
    let subject = Subject::new(&"acme", "dev");
    for (verdict, still) in [
        (traces.stale(&subject, "acme.example", waited), "viewers of acme.example still get the old image"),
        (traces.incomplete(&subject, waited), "no purge is completed"),
    ] {
        let (found, action) = verdict.unwrap_err();
        assert!(found.contains(still) && format!("{found} {action}").contains(cause), "{found}. {action}");
    }
}

#[test]
fn a_purge_that_cannot_succeed_any_more_is_not_waited_for() {
    let queued = || Traces { is_queued: true, ..Traces::default() };
    let requested = |request| Traces { request: Some(request), ..queued() };
    let newest = |row| Traces { newest: Some(row), ..Traces::default() };
    check(&Traces::default(), 1, false, "the stream has not delivered it");
    check(&Traces::default(), 101, true, "the stream has not delivered it");
    check(&queued(), 99, false, "no purge run has purged it");
    check(&queued(), 101, true, "no purge run has purged it");
    check(&requested(request(ago(29), false)), 40, false, "does not accept the invalidation of distribution E1");
    check(&requested(request(ago(31), false)), 40, true, "its tag image-service-environment");
    check(&requested(request(ago(90), true)), 99, false, "has not completed invalidation I1");
    check(&requested(request(ago(90), true)), 101, true, "Wait, and verify again");
    check(&newest(purged(true, Some(ago(9)))), 40, false, "has completed the purge at distribution E1");
    check(&newest(purged(true, Some(ago(11)))), 40, true, "has completed the purge at distribution E1");
    // The final purge follows.
    check(&newest(purged(false, Some(ago(11)))), 40, false, "");
    check(&newest(purged(true, None)), 40, false, "");
}

#[test]
fn an_edit_waits_for_the_request_of_its_tenant_that_is_not_accepted() {
    let (tenant, target) = (TenantId::parse("acme").unwrap(), Target::Pack(ImagePackId::parse("p").unwrap()));
    let of_target = |mut request: PurgeRequest| {
        request.entries = vec![OutboxEntry {
            target: target.clone(),
            version: "1".to_owned(),
            is_final: true,
            began_at: NOW,
            enqueued_at: NOW,
            variants_deleted: 0,
            cause: cause(),
        }];
        request
    };
    let mut of_another = request(ago(90), false);
    of_another.for_tenant = TenantId::parse("globex").unwrap();
    let found = |requests: &[&PurgeRequest]| {
        request_of(requests.iter().copied().cloned().chain([of_another.clone()]).collect(), &tenant, &target)
    };
    let (own, accepted, [older, newer]) =
        (of_target(request(ago(10), true)), request(ago(50), true), [60, 40].map(|secs| request(ago(secs), false)));
    assert_eq!(found(&[&newer, &own, &older]), Some(own.clone()));
    assert_eq!(found(&[&newer, &accepted, &older]), Some(older.clone()));
    assert_eq!(found(&[&accepted]), None);
}

#[test]
fn an_object_is_older_than_the_edit_if_its_age_is_more_than_the_time_since() {
    for (age, since_edit, expected) in
        [(3, 1.2, true), (2, 1.9, true), (1, 1.2, false), (0, 0.4, false), (1, 0.4, true)]
    {
        assert_eq!(is_older_than_edit(age, Duration::from_secs_f64(since_edit)), expected, "{age} {since_edit}");
    }
}
