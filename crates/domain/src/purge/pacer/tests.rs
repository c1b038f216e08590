mod budgets;

use super::*;
use crate::Distribution;
use crate::identifier::TenantId;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const PER_SECOND: PerSecond = PerSecond { items: 150, wildcards: 1 };
const IN_PROGRESS: InProgress = InProgress { items: 3_000, wildcards: 15 };
const CALLS: CallRate = CallRate { interval: Duration::from_secs(2), burst: 6 };

/// CloudFront's quotas, of both schemes or of one.
fn quotas(per_second: bool, in_progress: bool) -> Quotas {
    Quotas {
        per_second: per_second.then_some(PER_SECOND),
        in_progress: in_progress.then_some(IN_PROGRESS),
        calls: CALLS,
        items_per_request: 500,
    }
}

/// The quotas without a throttle of calls that matters.
fn without_throttle(per_second: bool, in_progress: bool) -> Quotas {
    Quotas { calls: CallRate { interval: Duration::from_millis(1), burst: 1_000 }, ..quotas(per_second, in_progress) }
}

fn tags(exact: usize) -> ItemCounts {
    ItemCounts { exact, wildcards: 0 }
}

fn wildcards(wildcards: usize) -> ItemCounts {
    ItemCounts { exact: 0, wildcards }
}

fn after_millis(millis: u64) -> Timestamp {
    NOW.plus(Duration::from_millis(millis))
}

/// A request in the outbox with `counts`.
/// A tenant's own distribution.
fn own(id: &str) -> Distribution {
    Distribution { distribution_id: id.to_owned(), distribution_tenant_id: None, cache_tags: true }
}

fn request(distribution_id: &str, counts: ItemCounts, created_at: Timestamp) -> PurgeRequest {
    let tags = (0..counts.exact).map(|number| format!("#acme/p{number}"));
    let wildcards = (0..counts.wildcards).map(|number| format!("/api/v2/img/p{number}*"));
    PurgeRequest {
        caller_reference: "reference".to_owned(),
        for_tenant: TenantId::parse("acme").unwrap(),
        distribution: Distribution {
            distribution_id: distribution_id.to_owned(),
            distribution_tenant_id: None,
            cache_tags: counts.exact > 0,
        },
        items: tags.chain(wildcards).collect(),
        entries: Vec::new(),
        created_at,
        renamed: 0,
        joined_reference: None,
        invalidation_id: None,
        accepted_at: None,
    }
}

/// Asks for requests of `counts` for the distribution E1, one after the other as soon as each may be sent, and expects the
/// milliseconds at which they are.
fn check(mut pacer: Pacer, counts: ItemCounts, expected_millis: &[u64]) {
    let mut now = NOW;
    let mut sent = Vec::new();
    while sent.len() < expected_millis.len() {
        match pacer.admit(now, &own("E1"), counts, false) {
            Ok(()) => sent.push(now.since(NOW).as_millis()),
            Err(Wait { until: Some(until), .. }) => {
                assert!(until > now, "{sent:?}");
                now = until;
            }
            Err(wait) => panic!("{wait:?} after {sent:?}"),
        }
    }
    let expected: Vec<_> = expected_millis.iter().map(|millis| u128::from(*millis)).collect();
    assert_eq!(sent, expected, "{counts:?}");
}

#[test]
fn calls_have_a_burst_and_an_interval_within_eight_tenths_of_the_throttle() {
    check(Pacer::resume(quotas(true, true), NOW, &[]), tags(1), &[0, 0, 0, 0, 2_500, 5_000, 7_500]);
}

#[test]
fn items_a_second_are_eight_tenths_of_the_quota_and_wildcards_are_spaced() {
    let pacer = || Pacer::resume(without_throttle(true, false), NOW, &[]);
    check(pacer(), tags(120), &[0, 1_000, 2_000]);
    check(pacer(), tags(60), &[0, 0, 500, 1_000]);
    check(pacer(), wildcards(1), &[0, 1_250, 2_500]);
}

#[test]
fn thirteen_wildcards_and_eight_tenths_of_the_items_may_be_in_progress_in_each_distribution() {
    let admit = |in_flight: &[PurgeRequest], counts| {
        let mut pacer = Pacer::resume(without_throttle(false, true), NOW, in_flight);
        pacer.admit(NOW, &own("E1"), counts, false).map_err(|wait| wait.budget)
    };
    let in_flight = |counts| [request("E1", counts, NOW.minus(Duration::from_mins(5)))];
    assert_eq!(admit(&in_flight(wildcards(6)), wildcards(7)), Ok(()));
    assert_eq!(admit(&in_flight(wildcards(7)), wildcards(7)), Err(Budget::WildcardsInProgress));
    assert_eq!(admit(&in_flight(wildcards(13)), tags(1)), Ok(()), "tags have a quota of their own");
    assert_eq!(admit(&in_flight(tags(2_000)), tags(400)), Ok(()));
    assert_eq!(admit(&in_flight(tags(2_000)), tags(401)), Err(Budget::ItemsInProgress));
    let other = [request("E2", wildcards(13), NOW)];
    assert_eq!(admit(&other, wildcards(13)), Ok(()), "another distribution");
}

#[test]
fn a_wait_for_a_completion_ends_with_it() {
    let mut pacer = Pacer::resume(without_throttle(false, true), NOW, &[request("E1", wildcards(13), NOW)]);
    let wait = Wait { budget: Budget::WildcardsInProgress, until: None };
    assert_eq!(pacer.admit(NOW, &own("E1"), wildcards(1), false), Err(wait));
    pacer.track(&[]);
    assert_eq!(pacer.admit(NOW, &own("E1"), wildcards(13), false), Ok(()));
}

#[test]
fn a_request_has_at_most_the_items_of_the_smallest_budget() {
    for (per_second, in_progress, cache_tags, expected) in [
        (true, true, true, 120),
        (true, false, true, 120),
        (false, true, true, 500),
        (true, true, false, 1),
        (false, true, false, 13),
    ] {
        let pacer = Pacer::resume(quotas(per_second, in_progress), NOW, &[]);
        assert_eq!(pacer.request_max(cache_tags), expected, "{per_second} {in_progress} {cache_tags}");
    }
}

#[test]
fn a_batch_that_was_too_large_limits_the_later_ones_to_its_half() {
    let mut pacer = Pacer::resume(quotas(true, true), NOW, &[]);
    for (too_large, expected) in [(100, 50), (120, 50), (50, 25), (1, 1)] {
        pacer.note_too_large(too_large);
        assert_eq!(pacer.request_max(true), expected, "{too_large} items");
    }
}

#[test]
fn throttling_pauses_twice_as_long_each_time_and_halves_rates_and_bursts_to_an_eighth() {
    let mut pacer = Pacer::resume(quotas(true, true), NOW, &[]);
    let mut now = NOW;
    for pause_secs in [2, 4, 8, 16, 16] {
        let until = now.plus(Duration::from_secs(pause_secs));
        // One that was sent before the pause too.
        for _ in 0..2 {
            pacer.note_throttled(now);
            let wait = Wait { budget: Budget::Throttled, until: Some(until) };
            assert_eq!(pacer.admit(now, &own("E1"), tags(1), false), Err(wait));
        }
        now = until;
    }
    let (paused, interval) = (2_000 + 4_000 + 8_000 + 2 * 16_000, 2_500 * 8);
    check(pacer, tags(1), &[paused, paused + interval, paused + 2 * interval]);
}

#[test]
fn a_request_of_several_items_that_is_throttled_at_the_lowest_rate_needs_parts() {
    let mut pacer = Pacer::resume(quotas(false, true), NOW, &[]);
    for pauses in 0..3 {
        let now = after_millis(pauses * 60_000);
        assert!(!pacer.needs_parts(now, 13), "after {pauses} pauses");
        pacer.note_throttled(now);
        assert!(!pacer.needs_parts(now, 13), "during a pause");
    }
    for (items, expected) in [(13, true), (2, true), (1, false)] {
        assert_eq!(pacer.needs_parts(after_millis(180_000), items), expected, "{items} items");
    }
}

#[test]
fn accepted_requests_double_a_halved_rate_up_to_the_configured_one() {
    let mut pacer = Pacer::resume(quotas(true, true), NOW, &[]);
    for pauses in 0..3 {
        pacer.note_throttled(after_millis(pauses * 60_000));
    }
    let interval = |mut pacer: Pacer| {
        let now = after_millis(600_000);
        while pacer.admit(now, &own("E1"), tags(1), false).is_ok() {}
        pacer.admit(now, &own("E1"), tags(1), false).unwrap_err().until.unwrap().since(now).as_millis()
    };
    let steps = [(0, 20_000), (1, 20_000), (1, 10_000), (4, 10_000), (1, 5_000), (9, 5_000), (1, 2_500), (50, 2_500)];
    for (accepted, expected) in steps {
        (0..accepted).for_each(|_| pacer.note_accepted());
        assert_eq!(interval(pacer.clone()), expected, "{accepted} more");
    }
}

#[test]
fn a_distribution_with_too_many_items_by_cloudfronts_count_pauses_alone_also_for_a_repeated_request() {
    let mut pacer = Pacer::resume(quotas(true, true), NOW, &[]);
    pacer.note_too_many(NOW, "E1");
    let wait = Wait { budget: Budget::ItemsInProgress, until: Some(after_millis(5_000)) };
    for again in [false, true] {
        assert_eq!(pacer.admit(NOW, &own("E1"), tags(1), again), Err(wait), "again: {again}");
    }
    assert_eq!(pacer.admit(NOW, &own("E2"), tags(1), false), Ok(()));
    assert_eq!(pacer.admit(after_millis(5_000), &own("E1"), tags(1), false), Ok(()));
}

#[test]
fn a_repeated_request_is_in_progress_already_and_uses_a_call() {
    let in_flight = [request("E1", wildcards(13), NOW.minus(Duration::from_mins(5)))];
    let mut pacer = Pacer::resume(quotas(false, true), NOW, &in_flight);
    for _ in 0..4 {
        assert_eq!(pacer.admit(NOW, &own("E1"), wildcards(13), true), Ok(()));
    }
    let wait = Wait { budget: Budget::Calls, until: Some(after_millis(2_500)) };
    assert_eq!(pacer.admit(NOW, &own("E1"), wildcards(13), true), Err(wait));
}

#[test]
fn the_estimate_is_the_time_until_the_last_request_is_sent() {
    for (per_second, items, cache_tags, expected_secs) in [
        (true, 120, true, 1),
        (true, 480, true, 4),
        (true, 3_360, true, 60),
        (true, 3_361, true, 62),
        (true, 4, false, 5),
        (true, 28, false, 60),
        (true, 29, false, 62),
        (false, 12, false, 0),
        (false, 26, false, 50),
        (false, 39, false, 75),
    ] {
        let estimate = Pacer::resume(quotas(per_second, true), NOW, &[]).estimate(items, cache_tags);
        // An interval has whole microseconds.
        let estimate = estimate + Duration::from_millis(1);
        assert_eq!(estimate.as_secs(), expected_secs, "{per_second} {items} {cache_tags}");
    }
}

#[test]
fn the_tenants_of_a_multi_tenant_distribution_share_its_items_in_progress_and_take_turns() {
    let mut pacer = Pacer::resume(without_throttle(false, true), NOW, &[]);
    let [acme, globex] = ["dt_acme", "dt_globex"]
        .map(|tenant| Distribution { distribution_tenant_id: Some(tenant.to_owned()), ..own("E1") });
    assert_eq!(pacer.admit(NOW, &acme, wildcards(7), false), Ok(()));
    assert_eq!((pacer.last_turn(&acme), pacer.last_turn(&globex)), (Some(1), None));
    assert_eq!(pacer.admit(NOW, &globex, wildcards(6), false), Ok(()));
    assert_eq!(pacer.last_turn(&globex), Some(2));
    let wait = Wait { budget: Budget::WildcardsInProgress, until: None };
    for tenant in [&acme, &globex] {
        assert_eq!(pacer.admit(NOW, tenant, wildcards(1), false), Err(wait));
    }
}
