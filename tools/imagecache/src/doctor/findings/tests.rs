use domain::Distribution;
use domain::purge::purge_request::PurgeRequest;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(100_000_000);

fn ago(secs: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(secs))
}

fn subject() -> Subject {
    Subject::new(&"acme", "dev")
}

/// Checks that a verdict holds, or that it fails with these words in what was found and in the next step.
#[track_caller]
fn check(verdict: &Verdict, expected: Result<&str, (&str, &str)>) {
    match (verdict, expected) {
        (Ok(found), Ok(expected)) => assert!(found.contains(expected), "{found}"),
        (Err((found, action)), Err((in_found, in_action))) => {
            assert!(found.contains(in_found) && action.contains(in_action), "{found} / {action}");
        }
        _ => panic!("{verdict:?}"),
    }
}

#[test]
fn dead_letters_are_replayed() {
    check(&dead_letters("dev", 0), Ok("there are none"));
    check(
        &dead_letters("dev", 2),
        Err(("the dead-letter queue has 2", "imagecache dead-letters replay --environment dev")),
    );
}

#[test]
fn a_clock_may_differ_by_the_margin_and_the_rounding() {
    let reading = |aws| ClockReading { aws, before: ago(1), after: NOW };
    check(&clock(&reading(ago(0))), Ok("agrees"));
    check(&clock(&reading(ago(4))), Ok("agrees"));
    check(&clock(&reading(NOW.plus(Duration::from_secs(3)))), Ok("agrees"));
    check(&clock(&reading(ago(91))), Err(("90 s ahead of AWS's", "NTP")));
    check(&clock(&reading(NOW.plus(Duration::from_secs(90)))), Err(("90 s behind AWS's", "NTP")));
}

#[test]
fn both_sides_name_one_header() {
    let header = |name: &str| HeaderName::parse(name).unwrap();
    check(
        &sent_header(&subject(), &header("image-cache-tag"), &header("image-cache-tag")),
        Ok("sends image-cache-tag"),
    );
    let other = sent_header(&subject(), &header("x-tags"), &header("image-cache-tag"));
    check(&other, Err(("sends its cache tags as x-tags", "cdk deploy --context environment=dev dev/pipeline")));
}

#[test]
fn a_row_that_waits_longer_than_a_purge_takes_is_named() {
    let within = Duration::from_mins(1);
    let row = |pack: &str, secs| crate::test_row::row(&format!("pack#{pack}"), ago(secs));
    check(&oldest("dev", NOW, &[], within), Ok("the queue is empty"));
    check(&oldest("dev", NOW, &[row("cat", 60), row("dog", 1)], within), Ok("2 rows wait, the oldest for 60 s"));
    let late = oldest("dev", NOW, &[row("dog", 1), row("cat", 61)], within);
    check(&late, Err(("pack#cat of acme waits for 61 s; the queue has 2 rows", "imagecache why acme")));
}

#[test]
fn the_tag_of_the_environment_grants_to_purge() {
    check(
        &grant(&subject(), "E1", Some("dev"), "dev"),
        Ok("distribution E1 has the tag image-service-environment = dev"),
    );
    for (tag, found) in [(Some("prod"), "= prod instead of dev"), (None, "has no tag image-service-environment")] {
        check(
            &grant(&subject(), "E1", tag, "dev"),
            Err((found, "cdk deploy --context environment=dev dev/tenant-acme")),
        );
    }
}

#[test]
fn a_request_that_cloudfront_does_not_accept_within_seconds_is_refused() {
    let request = |secs: u64, id: Option<&str>| PurgeRequest {
        caller_reference: "reference".to_owned(),
        for_tenant: domain::TenantId::parse("acme").unwrap(),
        distribution: Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags: true },
        items: vec!["#acme/cat".to_owned()],
        entries: Vec::new(),
        created_at: ago(secs),
        renamed: 0,
        joined_reference: None,
        invalidation_id: id.map(ToOwned::to_owned),
        accepted_at: None,
    };
    check(&accepted(NOW, &[]), Ok("0 requests are in flight"));
    check(&accepted(NOW, &[&request(60, Some("I1")), &request(2, None)]), Ok("2 requests are in flight"));
    let refused = accepted(NOW, &[&request(60, Some("I1")), &request(20, None), &request(10, None)]);
    check(&refused, Err(("has not accepted a request (1 items) for 20 s", "quota")));
}

#[test]
fn the_host_leads_to_cloudfront_and_to_image_processing() {
    let seen = |request_id: Option<&str>, error: &str| {
        let request_id = request_id.map(ToOwned::to_owned);
        Ok(Seen { status: 404, request_id, error: Some(error.to_owned()), ..Seen::default() })
    };
    let served = |seen| served(&subject(), "acme.example.com", seen);
    check(&served(seen(Some("1"), "unknown-image-pack: There is none.")), Ok("acme.example.com leads to CloudFront"));
    check(&served(seen(None, "unknown-image-pack: There is none.")), Err(("not CloudFront", "DNS record")));
    check(&served(seen(Some("1"), "<html>")), Err(("answers 404 (<html>)", "origin of the distribution")));
    check(
        &served(Err("it did not respond: dns error".to_owned())),
        Err(("dns error", "DNS record of acme.example.com")),
    );
}
