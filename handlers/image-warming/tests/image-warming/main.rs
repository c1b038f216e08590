//! `image-warming`: from the event of a completed purge to requests for the images of its pack.
#![expect(clippy::unwrap_used, reason = "for tests: a service that does not respond ends the test that called it")]

mod service;

use std::time::Duration;

use domain::warming::{DEMAND_OVER, RequestedLocation};
use domain::{Target, TenantId};
use image_warming::WarmingError;
use serde_json::{Value, json};
use support::NOW;

use service::Service;

/// The event of the final purge of the pack `cat`.
fn event() -> Value {
    json!({
        "version": "0", "id": "e1", "account": "123456789012", "region": "eu-west-1", "time": "2099-01-01T00:00:09Z",
        "resources": [], "source": "image-service", "detail-type": "Purge Completed",
        "detail": {
            "environment": "dev", "tenant": "acme", "purge": "pack#cat#1#final#c", "target": "pack#cat",
            "isFinal": true, "reasons": ["image-locations-changed"], "firstEventAt": "2099-01-01T00:00:00Z",
            "enqueuedAt": "2099-01-01T00:00:00Z", "startedAt": "2099-01-01T00:00:07Z",
            "completedAt": "2099-01-01T00:00:09Z", "distributionId": "E1", "invalidationId": "I1",
            "correlationId": "1@a",
        },
    })
}

/// The event with another value at `pointer`.
fn with(pointer: &str, value: Value) -> Value {
    let mut event = event();
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

/// A service whose pack `cat` has images at `main`, the main location, and `poster`.
async fn service() -> Service {
    let service = Service::start().await;
    let image = json!({"original": {"key": "acme/cat/main/1", "version": "v"}});
    service
        .write_pack("cat", json!({"imageLocations": {"main": image, "poster": image}, "mainImageLocation": "main"}))
        .await;
    service
}

#[tokio::test]
async fn the_most_requested_locations_are_requested_at_the_tenants_host() {
    let service = service().await;
    service.demand("acme", &[("main", 5), ("poster", 9), ("*", 7), ("hero", 99)], NOW).await;
    service.demand("globex", &[("main", 500)], NOW).await;
    service.handler.handle(&event(), "r1").await.unwrap();
    let expected =
        ["acme.images.example.com /api/v2/img/cat?location=poster", "acme.images.example.com /api/v2/img/cat"];
    assert_eq!(service.requests(), expected);
    assert_eq!(service.warmed(), ([2].into(), [].into()));
}

#[tokio::test]
async fn the_demand_is_that_of_the_last_day() {
    let service = service().await;
    service.demand("acme", &[("main", 50)], NOW.minus(DEMAND_OVER + Duration::from_hours(2))).await;
    for hours in [0, 11, 23] {
        service.demand("acme", &[("main", 1), ("poster", 2)], NOW.minus(Duration::from_hours(hours))).await;
    }
    let tenant = TenantId::parse("acme").unwrap();
    let demand = service.handler.demand.demand(&tenant, NOW).await.unwrap();
    let demand: Vec<_> = demand.iter().map(|(location, count)| (location.to_string(), *count)).collect();
    assert_eq!(demand, [("main".to_owned(), 3), ("poster".to_owned(), 6)]);
}

#[tokio::test]
async fn an_early_purge_and_one_that_spans_packs_are_not_followed() {
    let service = service().await;
    service.demand("acme", &[("main", 5)], NOW).await;
    for event in [
        with("/detail/isFinal", json!(false)),
        with("/detail/target", json!("location#main")),
        with("/detail/target", json!("tenant")),
        with("/detail/target", json!("pack#gone")),
    ] {
        service.handler.handle(&event, "r1").await.unwrap();
        assert_eq!(service.requests(), [""; 0], "{event}");
    }
}

#[tokio::test]
async fn a_tenant_without_demand_costs_no_request() {
    let service = service().await;
    service.handler.handle(&event(), "r1").await.unwrap();
    assert_eq!(service.requests(), [""; 0]);
    assert_eq!(service.warmed(), ([].into(), [].into()));
}

#[tokio::test]
async fn the_budget_of_a_tenant_is_kept_and_does_not_touch_another() {
    let service = service().await;
    for tenant in ["acme", "globex"] {
        service.demand(tenant, &[("main", 5), ("poster", 9)], NOW).await;
    }
    // A burst of five: two purges of two images each.
    for _ in 0..3 {
        service.handler.handle(&event(), "r1").await.unwrap();
    }
    assert_eq!(service.requests().len(), 4);
    assert_eq!(service.warmed(), ([2, 2].into(), [2].into()));
    let image = json!({"original": {"key": "globex/cat/main/1", "version": "v"}});
    service.write("globex", &Target::parse("pack#cat").unwrap(), json!({"imageLocations": {"main": image}})).await;
    service.handler.handle(&with("/detail/tenant", json!("globex")), "r1").await.unwrap();
    assert_eq!(service.requests().last().unwrap(), "globex.images.example.com /api/v2/img/cat?location=main");
}

#[tokio::test]
async fn an_image_that_does_not_come_keeps_no_other_from_coming() {
    let service = service().await;
    service.demand("acme", &[("main", 5), ("poster", 9)], NOW).await;
    service.fail("location=poster");
    service.handler.handle(&event(), "r1").await.unwrap();
    assert_eq!(service.requests().len(), 2);
    assert_eq!(service.warmed(), ([1].into(), [].into()));
}

#[tokio::test]
async fn another_event_is_an_error_that_names_it() {
    let service = service().await;
    for (event, expected) in [
        (with("/source", json!("aws.s3")), "Purge Completed of aws.s3"),
        (with("/detail-type", json!("Object Created")), "Object Created of image-service"),
        (with("/detail/tenant", json!("../acme")), "tenant"),
        (with("/detail/target", json!("pack#a/b")), "image pack id"),
        (json!({}), "missing field"),
    ] {
        let error = service.handler.handle(&event, "r1").await.unwrap_err();
        assert!(matches!(error, WarmingError::AnotherEvent(_)));
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(service.requests(), [""; 0]);
}

#[tokio::test]
async fn image_processing_counts_a_minute_of_requests_in_one_write() {
    let service = service().await;
    let counter = service.counter();
    let tenant = TenantId::parse("acme").unwrap();
    let location = |text: &str| text.parse::<RequestedLocation>().unwrap();
    for (text, after) in [("main", 0), ("main", 10), ("*", 59)] {
        counter.count(&tenant, location(text), NOW.plus(Duration::from_secs(after)));
        counter.store(NOW.plus(Duration::from_secs(after))).await;
    }
    assert!(service.handler.demand.demand(&tenant, NOW).await.unwrap().is_empty());
    counter.store(NOW.plus(Duration::from_mins(1))).await;
    let expected = [(location("*"), 1), (location("main"), 2)].into();
    assert_eq!(service.handler.demand.demand(&tenant, NOW.plus(Duration::from_mins(1))).await.unwrap(), expected);
}
