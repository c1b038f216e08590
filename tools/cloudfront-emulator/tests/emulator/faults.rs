use std::time::Duration;

use cloudfront_emulator::FaultPlan;

use super::fixture::{ACME, Fixture, code_of};

const MAIN: &str = "/img/sunset?location=main";

/// Invalidates a cached image with a fault in each call. Returns the code of the error and whether the image is purged.
async fn under(plan: FaultPlan) -> (String, bool) {
    let fixture = Fixture::start().await;
    fixture.check(ACME, MAIN, "Miss", "response 1").await;
    fixture.emulator.faults.inject(plan);
    let code = fixture.rejection("first", &["#acme/sunset"]).await;
    fixture.advance(super::fixture::PROPAGATION_DELAY_SECS);
    (code, fixture.get(ACME, MAIN).await.x_cache() == "Miss")
}

#[tokio::test]
async fn a_throttled_or_failed_call_purges_nothing_and_a_call_with_a_lost_response_purges() {
    let none = FaultPlan::default();
    for (plan, code, is_purged) in [
        (FaultPlan { throttled_per_mille: 1_000, ..none }, "Throttling", false),
        (FaultPlan { failed_per_mille: 1_000, ..none }, "InternalError", false),
        (FaultPlan { lost_per_mille: 1_000, ..none }, "InternalError", true),
    ] {
        assert_eq!(under(plan).await, (code.to_owned(), is_purged), "{plan:?}");
    }
}

#[tokio::test]
async fn a_call_with_a_lost_response_succeeds_when_it_is_retried() {
    let fixture = Fixture::start().await;
    fixture.emulator.faults.inject(FaultPlan { lost_per_mille: 1_000, ..FaultPlan::default() });
    fixture.rejection("first", &["/a"]).await;
    fixture.emulator.faults.stop();

    let again = fixture.create("first", &["/a"]).await;
    assert_eq!(fixture.list().await, [again.id]);
}

#[tokio::test]
async fn responses_are_delayed_and_faults_hit_reads_but_not_lists() {
    let fixture = Fixture::start().await;
    let id = fixture.create("first", &["/a"]).await.id;
    let delay = Duration::from_secs(20);
    fixture.emulator.faults.inject(FaultPlan { throttled_per_mille: 1_000, delay, ..FaultPlan::default() });

    let read = tokio::spawn(fixture.cloudfront.get_invalidation().distribution_id("EACME").id(id).send());
    let mut waited = Duration::ZERO;
    while !read.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        fixture.advance(1);
        waited += Duration::from_secs(1);
    }
    assert!(waited >= delay, "{waited:?}");
    assert_eq!(code_of(read.await.unwrap()), "Throttling");
    fixture.cloudfront.list_invalidations().distribution_id("EACME").send().await.unwrap();
    let counts = fixture.emulator.faults.counts();
    assert_eq!((counts.calls, counts.throttled, counts.delayed), (2, 1, 1));
}
