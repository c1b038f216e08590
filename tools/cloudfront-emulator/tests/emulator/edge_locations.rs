use std::time::Duration;

use cloudfront_emulator::Propagation;
use http::StatusCode;

use super::figures;
use super::fixture::Fixture;

const OBJECT: &str = "/img/sunset?location=main";
/// The longest delay that can be drawn: 12 times the 95th percentile of `Completed`.
const LONGEST_SECS: u64 = 12 * 25;

#[tokio::test]
async fn an_edge_location_without_the_object_gets_it_from_the_regional_cache() {
    let fixture = Fixture::start().await;
    fixture.check_at(0, OBJECT, "Miss", "response 1").await;
    fixture.advance(7);
    let view = fixture.get_at(1, OBJECT).await;
    assert_eq!((view.x_cache(), view.header("age"), view.body.as_str()), ("Hit", Some("7"), "response 1"));
    assert_eq!(view.header("x-amz-cf-pop"), Some("EMU1-P1"));
    assert_eq!(fixture.origin.requests().len(), 1);
}

#[tokio::test]
async fn an_unknown_edge_location_is_rejected_with_the_known_ones() {
    let fixture = Fixture::start().await;
    for edge in ["2", "-1", "frankfurt"] {
        let view = fixture.get_with(OBJECT, ("x-edge-location", edge)).await;
        assert_eq!(view.status, StatusCode::BAD_REQUEST);
        assert!(view.body.contains("edge locations 0 to 1"), "{}", view.body);
    }
}

#[tokio::test]
async fn requests_at_two_edge_locations_are_coalesced_into_one_origin_request() {
    let fixture = Fixture::start().await;
    let views = [0, 1].map(|edge| {
        let request = fixture.request(http::Method::GET, super::fixture::ACME, "/held/sunset");
        tokio::spawn(request.header("x-edge-location", edge.to_string()).send())
    });
    fixture.origin.wait_for_requests(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fixture.origin.requests().len(), 1);
    fixture.origin.release();
    for view in views {
        assert_eq!(view.await.unwrap().unwrap().text().await.unwrap(), "response 1");
    }
    fixture.check_at(0, "/held/sunset", "Hit", "response 1").await;
    fixture.check_at(1, "/held/sunset", "Hit", "response 1").await;
}

/// The seconds, in tenths, after which an invalidation reached each edge location and was completed.
struct Observed {
    effect_at_edges: [u64; 2],
    completed: u64,
}

/// Invalidates an object that both edge locations have, and looks at it ten times a second.
async fn observe(seed: u64) -> Observed {
    let slow = |config: &mut cloudfront_emulator::EmulatorConfig| config.propagation = Propagation::of_cloudfront(seed);
    let fixture = Fixture::start_with(|_| {}, slow).await;
    fixture.check_at(0, OBJECT, "Miss", "response 1").await;
    fixture.check_at(1, OBJECT, "Hit", "response 1").await;
    let id = fixture.create("first", &["#acme/sunset"]).await.id;

    let (mut effect_at_edges, mut tenths) = ([0, 0], 0);
    loop {
        for (edge, effect) in effect_at_edges.iter_mut().enumerate() {
            let view = fixture.get_at(edge, OBJECT).await;
            if view.body == "response 1" {
                *effect = tenths + 1;
                assert_eq!(view.x_cache(), "Hit", "the old object is never fetched again");
            }
        }
        if fixture.read(&id).await.status == "Completed" {
            return Observed { effect_at_edges, completed: tenths };
        }
        assert!(tenths < 10 * LONGEST_SECS, "the invalidation is completed");
        fixture.advance_by(Duration::from_millis(100));
        tenths += 1;
    }
}

#[tokio::test]
async fn an_invalidation_takes_effect_at_different_times_and_is_completed_after_the_last() {
    let mut differ = 0;
    for seed in 0..8 {
        figures::count_check();
        let Observed { effect_at_edges: [one, other], completed } = observe(seed).await;
        differ += u64::from(one != other);
        assert!(one.max(other) <= completed, "seed {seed}: {one}, {other}, completed {completed}");
    }
    assert!(differ >= 2, "of 8 invalidations, {differ} took effect at different times");
}

#[tokio::test]
async fn no_old_object_is_left_when_an_invalidation_is_completed() {
    // Viewers at both edge locations keep requesting, so that the caches refill each other meanwhile.
    for seed in 8..16 {
        let slow =
            |config: &mut cloudfront_emulator::EmulatorConfig| config.propagation = Propagation::of_cloudfront(seed);
        let fixture = Fixture::start_with(|_| {}, slow).await;
        fixture.check_at(0, OBJECT, "Miss", "response 1").await;
        let id = fixture.create("first", &["#acme/sunset"]).await.id;
        while fixture.read(&id).await.status != "Completed" {
            for edge in [0, 1] {
                fixture.get_at(edge, OBJECT).await;
            }
            fixture.advance_by(Duration::from_millis(250));
        }
        for edge in [0, 1] {
            figures::count_check();
            assert_ne!(fixture.get_at(edge, OBJECT).await.body, "response 1", "seed {seed}, edge location {edge}");
        }
    }
}
