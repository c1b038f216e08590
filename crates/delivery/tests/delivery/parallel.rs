//! Parallel requests for one variant that is not stored, each in an instance of its own.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aws_adapters::now;
use aws_adapters::render_lock_table::{RenderLock, RenderLockTable};
use contract::Metric;
use domain::TenantId;
use serde_json::json;

use crate::service::{GREEN, RED, Service, check_image, key, render_locks};

const SIZE: (u32, u32) = (64, 36);
const URL: &str = "/api/v2/img/p1?location=main";

async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_first_requests_render_a_variant_once() {
    let service = red().await;
    // Slow enough that all requests arrive before the first one has stored the variant, on a busy machine too.
    let stored = service.on_stored(|_, _| tokio::time::sleep(Duration::from_secs(2)));
    let responses = service.get_in_parallel("acme", URL).await;
    for response in &responses {
        check_image(response, RED, SIZE);
    }
    let metrics = &service.handler.ports.metrics;
    assert_eq!(metrics.values(Metric::VariantsRendered), [1]);
    assert_eq!(metrics.values(Metric::EstimatedPrice), [15]);
    assert_eq!(metrics.values(Metric::RequestsCoalesced).len(), responses.len() - 1);
    assert_eq!(stored.load(Ordering::SeqCst), 1);
    assert_eq!(service.render_locks_left().await, 0);
}

/// Acquires the render lock of the current image of `p1` for `duration`, as a request in progress or a crashed one
/// holds it.
async fn locked(service: &Service, duration: Duration) -> (RenderLockTable, RenderLock) {
    let image = service.get("acme", URL).await;
    let key = key("acme/p1/main", &image);
    service.purge(&key).await;
    let render_locks = render_locks(&service.dynamodb, duration);
    let tenant = TenantId::parse("acme").unwrap();
    let lock = render_locks.acquire(&tenant, &key, now()).await.unwrap();
    (render_locks, lock.unwrap())
}

/// Requests the image and returns the time until the response.
async fn timed(service: &Service, colour: [u8; 3]) -> Duration {
    let start = Instant::now();
    check_image(&service.get("acme", URL).await, colour, SIZE);
    start.elapsed()
}

#[tokio::test]
async fn a_render_lock_left_by_a_crash_delays_a_request_until_it_expires() {
    let service = red().await;
    locked(&service, Duration::from_secs(3)).await;
    let elapsed = timed(&service, RED).await;
    assert!((Duration::from_secs(1)..Duration::from_secs(20)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_request_waits_for_the_lock_for_half_of_its_time_and_then_renders_without_it() {
    let service = red().await;
    locked(&service, Duration::from_mins(2)).await;
    let elapsed = timed(&service.with_render_locks(render_locks(&service.dynamodb, Duration::from_secs(2))), RED).await;
    assert!((Duration::from_millis(900)..Duration::from_secs(20)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_request_for_a_newer_image_does_not_wait_for_an_older_one() {
    let service = red().await;
    locked(&service, Duration::from_mins(2)).await;
    service.write_pack("acme", "p1", GREEN).await;
    let elapsed = timed(&service, GREEN).await;
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waited_shows_an_image_that_changed_meanwhile() {
    let service = red().await;
    let (render_locks, lock) = locked(&service, Duration::from_mins(2)).await;
    let stored = service.count_stored();
    let waiting = {
        let service = service.clone();
        tokio::spawn(async move { service.get("acme", URL).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    service.write_pack("acme", "p1", GREEN).await;
    render_locks.release(lock).await.unwrap();
    check_image(&waiting.await.unwrap(), GREEN, SIZE);
    assert_eq!(stored.load(Ordering::SeqCst), 1, "no variant of the old image was rendered");
}

#[tokio::test]
async fn an_unavailable_table_of_render_locks_prevents_no_rendering() {
    let service = red().await;
    let nowhere = aws_sdk_dynamodb::Client::new(&support::sdk_config("http://127.0.0.1:1"));
    for render_locks in [
        RenderLockTable::new(nowhere, "render-locks".to_owned(), Duration::from_mins(2)),
        RenderLockTable::new(service.dynamodb.clone(), "no-such-table".to_owned(), Duration::from_mins(2)),
    ] {
        let image = service.with_render_locks(render_locks).get("acme", URL).await;
        check_image(&image, RED, SIZE);
        service.purge(&key("acme/p1/main", &image)).await;
    }
}
