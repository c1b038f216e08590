//! The order of requests: an admin's first, then one of each tenant in turn; and the requests that are sent again.

use super::*;

/// The tenants of the requests that a plan sends, in order.
fn tenants_of(situation: &Situation, pacer: &mut Pacer) -> Vec<String> {
    situation.plan_with(pacer, |plan| plan.batches.iter().map(|batch| batch.tenant.to_string()).collect())
}

fn pacer(quotas: Quotas) -> Pacer {
    Pacer::resume(quotas, NOW, &[])
}

/// Requests of at most two items.
const PAIRS: Quotas = Quotas { items_per_request: 2, ..QUOTAS };

#[test]
fn tenants_get_one_request_in_turn() {
    let situation = Situation::of([packs("acme", 8, 60), packs("globex", 1, 60)].concat());
    assert_eq!(tenants_of(&situation, &mut pacer(PAIRS)), ["acme", "globex", "acme", "acme"]);
}

#[test]
fn an_admins_purge_overtakes_bulk_work_in_its_tenant_and_in_others() {
    let admins = manual(entry("globex", "pack#zzz", 10));
    let done = crate::purge::deletion::DeletionDone { began_at: NOW, finished_at: ago(8), variants_deleted: 0 };
    let deleted = Deleted::from([(PurgeId::of(&admins, true), done)]);
    let entries = [packs("acme", 8, 60), packs("globex", 8, 60), vec![admins]].concat();
    let situation = Situation { deleted, ..Situation::of(entries) };
    let first = situation.plan_with(&mut pacer(PAIRS), |plan| items_of(&plan.batches[0]));
    assert!(first.contains(&"#globex/zzz".to_owned()), "{first:?}");
}

#[test]
fn manual_purges_overtake_unless_they_need_several_requests_or_had_the_last_turn() {
    for (count, served, expected) in
        [(2, ["acme", "initech"], "acme"), (3, ["acme", "initech"], "globex"), (2, ["initech", "acme"], "globex")]
    {
        let admins: Vec<_> = packs("acme", count, 60).into_iter().map(manual).collect();
        let done = crate::purge::deletion::DeletionDone { began_at: NOW, finished_at: ago(8), variants_deleted: 0 };
        let deleted = admins.iter().map(|row| (PurgeId::of(row, true), done)).collect();
        let situation = Situation { deleted, ..Situation::of([admins, packs("globex", 1, 60)].concat()) };
        let mut pacer = pacer(PAIRS);
        for tenant in served {
            let distribution = &tenants()[&TenantId::parse(tenant).unwrap()];
            assert_eq!(pacer.admit(NOW, distribution, ItemCounts { exact: 1, wildcards: 0 }, false), Ok(()));
        }
        assert_eq!(tenants_of(&situation, &mut pacer)[0], expected, "{count} manual purges after {served:?}");
    }
}

#[test]
fn the_oldest_changes_of_a_tenant_are_purged_first() {
    let entries = vec![entry("acme", "pack#a", 20), entry("acme", "pack#b", 40), entry("acme", "pack#c", 30)];
    let quotas = Quotas { items_per_request: 1, ..QUOTAS };
    let items = Situation::of(entries)
        .plan_with(&mut pacer(quotas), |plan| plan.batches.iter().flat_map(items_of).collect::<Vec<_>>());
    assert_eq!(items, ["#acme/b", "#acme/c", "#acme/a"]);
}

#[test]
fn a_budget_of_the_account_that_is_used_up_holds_every_tenant_and_says_until_when() {
    let entries = [packs("acme", 20, 60), packs("globex", 1, 60)].concat();
    Situation::of(entries).plan_with(&mut pacer(PAIRS), |plan| {
        assert_eq!(plan.batches.len(), 4);
        let waits: BTreeSet<_> = plan.waiting.iter().map(|waiting| (waiting.reason, waiting.until)).collect();
        let until = Some(NOW.plus(Duration::from_millis(2_500)));
        assert_eq!(waits, [(WaitReason::Budget(Budget::Calls), until)].into());
    });
}

#[test]
fn wildcards_go_in_groups_of_thirteen_and_the_next_group_waits_for_the_completion_of_the_one_before() {
    let quotas = Quotas { per_second: None, ..QUOTAS };
    let mut pacer = pacer(quotas);
    let mut situation = Situation::of(packs("initech", 30, 60));
    let first = situation.plan_with(&mut pacer, |plan| {
        assert_eq!(plan.batches.len(), 1);
        let waits: BTreeSet<_> = plan.waiting.iter().map(|waiting| (waiting.reason, waiting.until)).collect();
        assert_eq!(waits, [(WaitReason::Budget(Budget::WildcardsInProgress), None)].into());
        PurgeRequest::of(&plan.batches[0], NOW)
    });
    assert_eq!(first.wildcards(), 13);
    // The group is in progress: the other rows wait, and no other tenant waits with them.
    situation.entries.retain(|entry| !first.entries.iter().any(|sent| sent.target == entry.target));
    situation.entries.extend(packs("acme", 1, 60));
    situation.in_flight = vec![first];
    assert_eq!(tenants_of(&situation, &mut pacer), ["acme"]);
    // It is completed.
    situation.in_flight.clear();
    situation.entries.retain(|entry| entry.tenant.as_str() == "initech");
    let second =
        situation.plan_with(&mut pacer, |plan| plan.batches.iter().map(|batch| batch.items.len()).sum::<usize>());
    assert_eq!(second, 13);
}

fn check_again(name: &str, change: impl FnOnce(&mut Situation), expected: usize) {
    let not_accepted = PurgeRequest { created_at: ago(5), ..request(vec![entry("acme", "pack#p1", 60)]) };
    let mut situation = Situation { in_flight: vec![not_accepted], ..Situation::of(vec![]) };
    change(&mut situation);
    assert_eq!(situation.plan(|plan| plan.again.len()), expected, "{name}");
}

#[test]
fn a_request_that_cloudfront_has_not_accepted_is_sent_again() {
    check_again("five seconds after it was written", |_| {}, 1);
    check_again("it is young", |situation| situation.in_flight[0].created_at = ago(4), 0);
    check_again("accepted", |situation| situation.in_flight[0].invalidation_id = Some("I1".to_owned()), 0);
    check_again("unavailable", |situation| situation.unavailable = ["EACME".to_owned()].into(), 0);
    check_again("moved", |situation| situation.in_flight[0].distribution.distribution_id = "EOLD".to_owned(), 0);
}

#[test]
fn a_row_waits_behind_a_request_of_its_tenant_that_cloudfront_has_not_accepted_unless_it_is_an_admins() {
    let not_accepted = PurgeRequest { created_at: ago(5), ..request(vec![entry("acme", "pack#p1", 60)]) };
    let admins = purged_early(manual(entry("acme", "pack#p3", 60)));
    let done = crate::purge::deletion::DeletionDone { began_at: NOW, finished_at: ago(8), variants_deleted: 0 };
    let situation = Situation {
        in_flight: vec![not_accepted],
        deleted: Deleted::from([(PurgeId::of(&admins, true), done)]),
        ..Situation::of(vec![entry("acme", "pack#p2", 60), admins])
    };
    situation.plan(|plan| {
        let waits: Vec<_> =
            plan.waiting.iter().map(|waiting| (waiting.entry.target.to_string(), waiting.reason)).collect();
        assert_eq!(waits, [("pack#p2".to_owned(), WaitReason::BehindAnother)]);
        assert_eq!((plan.batches.len(), plan.again.len()), (1, 1), "the admin's purge, and the request again");
    });
}

#[test]
fn a_distribution_with_too_many_items_in_progress_holds_no_other_tenant() {
    let mut pacer = pacer(QUOTAS);
    pacer.note_too_many(NOW, "EACME");
    let in_flight = vec![PurgeRequest { created_at: ago(5), ..request(packs("acme", 1, 60)) }];
    let situation = Situation { in_flight, ..Situation::of(packs("globex", 1, 60)) };
    situation.plan_with(&mut pacer, |plan| {
        assert!(plan.again.is_empty(), "{plan:?}");
        assert_eq!(plan.batches.len(), 1, "{plan:?}");
    });
}
