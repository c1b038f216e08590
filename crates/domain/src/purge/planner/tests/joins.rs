//! Requests that join an invalidation of their whole tenant.

use super::*;
use crate::purge::deletion::DeletionDone;

/// The age of the invalidation: its request was written to the outbox then, and accepted a second later.
const AGE_SECS: u64 = 20;

/// An invalidation of everything of `acme` that CloudFront has accepted.
fn whole() -> PurgeRequest {
    PurgeRequest {
        created_at: ago(AGE_SECS),
        invalidation_id: Some("I1".to_owned()),
        accepted_at: Some(ago(AGE_SECS - 1)),
        ..request(vec![entry("acme", "tenant", 60)])
    }
}

/// A row that had settled when the invalidation's request was written.
fn settled() -> QueueEntry {
    entry("acme", "pack#p1", AGE_SECS + SETTLE_SECS)
}

/// Plans `entry` beside `in_flight`, and expects whether its request joins.
fn check(name: &str, entry: QueueEntry, in_flight: PurgeRequest, joins: bool) {
    check_in(name, &Situation { in_flight: vec![in_flight], ..Situation::of(vec![entry]) }, joins);
}

fn check_in(name: &str, situation: &Situation, joins: bool) {
    situation.plan(|plan| {
        let [batch] = plan.batches.as_slice() else { panic!("{name}: {plan:?}") };
        let request = PurgeRequest::of(batch, NOW);
        let expected = joins.then(|| JoinedInvalidation {
            sent_reference: situation.in_flight[0].sent_reference(),
            id: "I1".to_owned(),
            created_after: ago(AGE_SECS),
            accepted_at: ago(AGE_SECS - 1),
        });
        assert_eq!(batch.joins, expected, "{name}");
        assert_eq!(request.joined_reference.is_some(), joins, "{name}");
        let is_same = request.sent_reference() == situation.in_flight[0].sent_reference();
        assert_eq!(is_same, joins, "{name}: sent again after a crash, CloudFront returns the invalidation");
        assert_eq!(ItemCounts::of(&request), ItemCounts { exact: (!joins).into(), wildcards: 0 }, "{name}");
    });
}

#[test]
fn a_row_that_had_settled_before_an_invalidation_of_its_tenant_was_created_joins_it() {
    let young = || entry("acme", "pack#p1", AGE_SECS + SETTLE_SECS - 1);
    let admins = manual(settled());
    let done = DeletionDone { began_at: ago(60), finished_at: ago(60), variants_deleted: 0 };
    let deleted = || Deleted::from([(PurgeId::of(&admins, true), done)]);
    let joined = PurgeRequest { joined_reference: Some("r".to_owned()), ..whole() };
    let moved = Distribution { distribution_id: "EOLD".to_owned(), ..whole().distribution };

    check("settled", settled(), whole(), true);
    check("renamed", settled(), PurgeRequest { renamed: 1, ..whole() }, true);
    check("settled a second later", young(), whole(), false);
    check("an early purge", entry("acme", "pack#p1", 0), whole(), false);
    check("another tenant", entry("globex", "pack#p1", 60), whole(), false);
    check(
        "the invalidation of one pack",
        settled(),
        PurgeRequest { items: vec!["#acme/p2".to_owned()], ..whole() },
        false,
    );
    check("the request joined an older one", settled(), joined, false);
    check("not accepted", settled(), PurgeRequest { created_at: NOW, invalidation_id: None, ..whole() }, false);
    check("the distribution of another tenant", settled(), PurgeRequest { distribution: moved, ..whole() }, false);
    let situation = Situation { in_flight: vec![whole()], deleted: deleted(), ..Situation::of(vec![admins.clone()]) };
    check_in("variants were deleted before", &situation, false);
}

#[test]
fn a_row_joins_the_newest_invalidation() {
    let older = PurgeRequest { created_at: ago(40), invalidation_id: Some("I0".to_owned()), ..whole() };
    for in_flight in [vec![older.clone(), whole()], vec![whole(), older]] {
        let joins =
            Situation { in_flight, ..Situation::of(vec![settled()]) }.plan(|plan| plan.batches[0].joins.clone());
        assert_eq!(joins.map(|joined| joined.id), Some("I1".to_owned()));
    }
}

#[test]
fn joining_needs_no_budget_and_the_other_rows_of_the_tenant_wait_for_theirs() {
    let mut pacer = Pacer::resume(QUOTAS, NOW, &[]);
    pacer.note_throttled(NOW);
    let entries = vec![settled(), entry("acme", "pack#p2", SETTLE_SECS), entry("globex", "pack#p1", 60)];
    let situation = Situation { in_flight: vec![whole()], ..Situation::of(entries) };
    situation.plan_with(&mut pacer, |plan| {
        assert_eq!(plan.batches.len(), 1, "{plan:?}");
        assert!(plan.batches[0].joins.is_some(), "{plan:?}");
        let waits: Vec<_> = plan.waiting.iter().map(|waiting| waiting.reason).collect();
        assert_eq!(waits, [WaitReason::Budget(Budget::Throttled); 2]);
    });
}

#[test]
fn a_bulk_joins_in_requests_of_500_rows_some_in_each_round() {
    let situation = Situation { in_flight: vec![whole()], ..Situation::of(packs("acme", 9_000, 60)) };
    situation.plan(|plan| {
        let sizes: Vec<_> = plan.batches.iter().map(|batch| batch.entries.len()).collect();
        assert_eq!(sizes, [500; 2]);
        let waits: BTreeSet<_> = plan.waiting.iter().map(|waiting| (waiting.reason, waiting.until)).collect();
        assert_eq!((plan.waiting.len(), waits), (8_000, [(WaitReason::BehindAnother, None)].into()));
    });
}
