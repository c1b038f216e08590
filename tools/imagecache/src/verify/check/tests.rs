use super::*;

fn subject() -> Subject {
    Subject::new(&"acme", "dev")
}

fn registered(cache_tags: bool) -> Distribution {
    Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags }
}

fn deployed(header: Option<&str>) -> Deployed {
    Deployed { cache_tag_header: header.map(ToOwned::to_owned), hosts: vec!["acme.example".to_owned()] }
}

/// Whether the verdict holds, and a part of its text.
#[track_caller]
fn check(verdict: Verdict, holds: bool, expected: &str) {
    let check = subject().check("requirement", verdict);
    assert_eq!(check.action.is_none(), holds, "{check}");
    assert!(check.to_string().contains(expected), "{check}");
}

#[test]
fn a_topic_without_a_confirmed_subscription_reaches_no_operator() {
    check(subscriptions("topic", 1, 0), true, "1 confirmed");
    check(subscriptions("topic", 1, 2), true, "2 that wait");
    check(subscriptions("topic", 0, 0), false, "no subscription");
    check(subscriptions("topic", 0, 2), false, "none of them confirmed");
}

#[test]
fn a_schedule_is_enabled() {
    let state = |seen| state(&subject(), "schedule s", seen, "ENABLED");
    check(state(Some("ENABLED")), true, "schedule s is ENABLED");
    check(state(Some("DISABLED")), false, "is DISABLED instead of ENABLED");
    check(state(None), false, "cdk deploy --context environment=dev dev/pipeline");
}

#[test]
fn a_distribution_reads_the_header_that_is_sent() {
    let verdict = |cache_tags, seen: Option<Option<&str>>, expected| {
        tag_header(&subject(), &registered(cache_tags), seen.map(deployed).as_ref(), expected)
    };
    check(verdict(true, Some(Some("tags")), Some("tags")), true, "E1 reads tags");
    check(verdict(true, Some(Some("Tags")), Some("tags")), true, "E1 reads Tags");
    check(verdict(true, Some(Some("other")), Some("tags")), false, "reads other, but image-processing sends tags");
    check(verdict(true, Some(None), Some("tags")), false, "reads no cache-tag header");
    check(verdict(true, None, Some("tags")), false, "cdk deploy --context environment=dev dev/tenant-acme");
    // An existing distribution.
    check(verdict(true, Some(Some("other")), None), true, "E1 reads other");
    check(verdict(true, Some(None), None), false, "reads no cache-tag header");
    check(verdict(false, Some(None), None), true, "purged by paths");
    check(verdict(false, None, None), false, "does not exist");
}

#[test]
fn an_image_carries_every_tag_that_a_purge_may_name() {
    let tags = |sent| tags(&subject(), "tags", sent, "acme/p,acme");
    check(tags(Some("acme/p,acme")), true, "acme/p,acme");
    check(tags(Some("acme/location/main, acme,acme/p")), true, "acme/location/main");
    check(tags(Some("acme/p2,acme")), false, "lacks acme/p:");
    check(tags(None), false, "lacks acme/p,acme:");
}

#[test]
fn a_tenant_is_deployed_with_its_stack_or_with_its_shard() {
    let acme = TenantId::parse("acme").unwrap();
    for (distribution_tenant_id, stack) in [(None, " dev/tenant-acme."), (Some("dt_1".to_owned()), " 'dev/tenants-*'.")]
    {
        let registered = Distribution { distribution_tenant_id, ..registered(true) };
        let action = Subject::of_tenant(&acme, Some(&registered), "dev").deploy_tenant();
        assert!(action.contains(&format!("cdk deploy --context environment=dev{stack}")), "{action}");
    }
    let action = Subject::of_tenant(&acme, None, "dev").deploy_tenant();
    assert!(action.contains("dev/tenant-acme"), "{action}");
}
