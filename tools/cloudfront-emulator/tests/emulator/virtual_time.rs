use std::time::{Duration, Instant};

use cloudfront_emulator::{CallRate, Propagation, Quotas};
use http::Method;

use super::figures;
use super::fixture::{ACME, Fixture, PROPAGATION_DELAY_SECS};

#[tokio::test]
async fn a_slow_origin_responds_when_the_clock_is_advanced() {
    let fixture = Fixture::start().await;
    let viewer = tokio::spawn(fixture.request(Method::GET, ACME, "/slow/sunset").send());
    fixture.origin.wait_for_requests(1).await;
    fixture.advance(3);
    assert_eq!(viewer.await.unwrap().unwrap().text().await.unwrap(), "response 1");
    fixture.check(ACME, "/slow/sunset", "Hit", "response 1").await;
}

#[tokio::test]
async fn a_response_of_a_slow_origin_that_arrives_after_an_invalidation_stays_cached() {
    let fixture = Fixture::start().await;
    fixture.create("first", &["/*"]).await;
    fixture.advance(PROPAGATION_DELAY_SECS - 1);
    let viewer = tokio::spawn(fixture.request(Method::GET, ACME, "/slow/sunset").send());
    fixture.origin.wait_for_requests(1).await;
    fixture.advance(3);
    viewer.await.unwrap().unwrap();
    fixture.check(ACME, "/slow/sunset", "Hit", "response 1").await;
}

/// The traffic of the hour: a view at both edge locations every 5 seconds, a purge every minute.
const VIEW_EVERY_SECS: u64 = 5;
const PURGE_EVERY_SECS: u64 = 60;
const HOUR_SECS: u64 = 3_600;
/// A second on an idle machine; the rest is for one that compiles meanwhile.
const REAL_TIME_MAX: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_hour_of_views_and_purges_passes_in_about_a_second() {
    let began = Instant::now();
    let fixture = Fixture::start_with(
        |_| {},
        |config| {
            config.propagation = Propagation::of_cloudfront(1);
            config.quotas = Quotas::PER_SECOND;
            config.call_rate = CallRate::CLOUDFRONT;
        },
    )
    .await;
    let (mut views, mut hits, mut purges) = (0_u32, 0_u32, 0_u32);
    for secs in (0..HOUR_SECS).step_by(usize::try_from(VIEW_EVERY_SECS).unwrap()) {
        if secs % PURGE_EVERY_SECS == 0 {
            fixture.create(&secs.to_string(), &["#acme/sunset"]).await;
            purges += 1;
        }
        for edge in [0, 1] {
            hits += u32::from(fixture.get_at(edge, "/img/sunset").await.x_cache() == "Hit");
            views += 1;
        }
        fixture.advance(VIEW_EVERY_SECS);
    }
    assert_eq!(fixture.elapsed_secs(), 3_600);
    assert_eq!((views, purges), (1_440, 60));
    // A purge costs each edge location one Miss at most, or a refill from the regional cache.
    let misses = views - hits;
    assert!((60..=121).contains(&misses), "{misses} misses");
    let took = began.elapsed();
    println!("{views} views and {purges} purges of an hour took {} ms", took.as_millis());
    figures::count_check();
    assert!(took < REAL_TIME_MAX, "{took:?}");
}
