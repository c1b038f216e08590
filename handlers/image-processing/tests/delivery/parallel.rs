//! Several requests for one variant that is not stored, as several instances of the function get them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aws_adapters::now;
use aws_adapters::variant_claims::{Claim, VariantClaims};
use domain::TenantId;
use serde_json::json;

use crate::service::{GREEN, RED, Service, check_picture, claims, header};

const SIZE: (u32, u32) = (64, 36);
const URL: &str = "/api/v2/img/p1?location=main";

async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_first_requests_compute_a_variant_once() {
    let service = red().await;
    // Slow enough that all ask before the first has stored.
    let stored = service.on_stored(|_, _| tokio::time::sleep(Duration::from_millis(300)));
    let instances: Vec<_> = (0..8)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { service.get("acme", URL).await })
        })
        .collect();
    for instance in instances {
        check_picture(&instance.await.unwrap(), RED, SIZE);
    }
    assert_eq!(stored.load(Ordering::SeqCst), 1);
    assert_eq!(service.claims_left().await, 0);
}

/// Claims what the pack `p1` shows now, for `duration`, as a request does that is being answered or has crashed.
async fn claimed(service: &Service, duration: Duration) -> (VariantClaims, Claim) {
    let picture = service.get("acme", URL).await;
    service.purge("acme/p1/main/default").await;
    let revision = header(&picture, "image-revision").unwrap();
    let claims = claims(&service.dynamodb, duration);
    let tenant = TenantId::parse("acme").unwrap();
    let claim = claims.take(&tenant, "acme/p1/main/default", revision, now()).await.unwrap();
    (claims, claim.unwrap())
}

/// Asks for the picture and says how long the answer took.
async fn timed(service: &Service, colour: [u8; 3]) -> Duration {
    let start = Instant::now();
    check_picture(&service.get("acme", URL).await, colour, SIZE);
    start.elapsed()
}

#[tokio::test]
async fn a_claim_that_a_crash_left_delays_until_it_expires() {
    let service = red().await;
    claimed(&service, Duration::from_secs(3)).await;
    let elapsed = timed(&service, RED).await;
    assert!((Duration::from_secs(1)..Duration::from_secs(20)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_request_waits_for_another_for_half_of_its_time_and_then_makes_the_variant_itself() {
    let service = red().await;
    claimed(&service, Duration::from_mins(2)).await;
    let elapsed = timed(&service.with_claims(claims(&service.dynamodb, Duration::from_secs(2))), RED).await;
    assert!((Duration::from_millis(900)..Duration::from_secs(20)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_request_for_a_newer_picture_does_not_wait_for_an_older_one() {
    let service = red().await;
    claimed(&service, Duration::from_mins(2)).await;
    service.write_pack("acme", "p1", GREEN).await;
    let elapsed = timed(&service, GREEN).await;
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waited_shows_what_changed_meanwhile() {
    let service = red().await;
    let (claims, claim) = claimed(&service, Duration::from_mins(2)).await;
    let stored = service.count_stored();
    let waiting = {
        let service = service.clone();
        tokio::spawn(async move { service.get("acme", URL).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    service.write_pack("acme", "p1", GREEN).await;
    claims.release(claim).await.unwrap();
    check_picture(&waiting.await.unwrap(), GREEN, SIZE);
    assert_eq!(stored.load(Ordering::SeqCst), 1, "and nothing was computed in vain");
}

#[tokio::test]
async fn without_the_table_of_claims_pictures_are_made_all_the_same() {
    let service = red().await;
    let nowhere = aws_sdk_dynamodb::Client::new(&local_aws::sdk_config("http://127.0.0.1:1"));
    for claims in [
        VariantClaims::new(nowhere, "claims".to_owned(), Duration::from_mins(2)),
        VariantClaims::new(service.dynamodb.clone(), "no-such-table".to_owned(), Duration::from_mins(2)),
    ] {
        timed(&service.with_claims(claims), RED).await;
        service.purge("acme/p1/main/default").await;
    }
}
